import Foundation
import JSON

/// A value of a model's JSON file that knows its file and its path, so that errors can name both.
///
/// Members that nobody reads are ignored: the files have many that do not change ids.
struct FieldReader {
    /// The value; for tables that are too long for one reader an entry.
    let value: JSONValue
    let path: String
    private let field: String

    /// The root of a file, or the value at the dotted path `field` below it.
    init(_ value: JSONValue, path: String, field: String = "") {
        self.value = value
        self.path = path
        self.field = field
    }

    /// Reads a file. Of members with the same name the last one counts, as in the reference.
    init(file path: String) throws(TokenizerError) {
        let bytes = try Self.bytes(ofFile: path)
        do throws(JSONError) {
            self.init(try JSONValue(reading: bytes, duplicateNames: .kept), path: path)
        } catch {
            throw .malformedJSON(path: path, offset: error.offset, reason: error.reason)
        }
    }

    /// A file that does not exist: all its members are absent.
    static func absent(_ path: String) -> FieldReader { FieldReader(.null, path: path) }

    /// The bytes of a whole file.
    static func bytes(ofFile path: String) throws(TokenizerError) -> [UInt8] {
        do {
            return [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        } catch {
            throw .unreadable(path: path, reason: error.localizedDescription)
        }
    }

    /// A member; null if it is absent.
    subscript(name: String) -> FieldReader {
        FieldReader(value.object?[name] ?? .null, path: path, field: field.isEmpty ? name : "\(field).\(name)")
    }

    /// An array's element; null if there are fewer.
    func element(_ index: Int) -> FieldReader {
        let elements = value.elements ?? []
        return FieldReader(
            elements.indices.contains(index) ? elements[index] : .null, path: path, field: "\(field)[\(index)]")
    }

    /// True for null and for an absent member, which are the same to the reference.
    var isNull: Bool { value == .null }

    var isObject: Bool { value.object != nil }

    /// A string's text; `nil` for anything else.
    var string: String? { value.string }

    /// A string's text.
    func text() throws(TokenizerError) -> String {
        guard let text = value.string else { throw bad("a string") }
        return text
    }

    /// A boolean; `usual` if it is absent or null.
    func bool(default usual: Bool) throws(TokenizerError) -> Bool {
        if isNull { return usual }
        guard let bool = value.bool else { throw bad("true or false") }
        return bool
    }

    /// A count, 0 or more.
    func count() throws(TokenizerError) -> Int {
        guard let count = value.exactInteger, count >= 0 else { throw bad("a whole number, 0 or more") }
        return count
    }

    /// A token id.
    func id() throws(TokenizerError) -> Int32 {
        guard let id = value.tokenID else { throw bad("a token id") }
        return id
    }

    /// An array's elements.
    func elements() throws(TokenizerError) -> [FieldReader] {
        guard let elements = value.elements else { throw bad("an array") }
        return elements.indices.map { element($0) }
    }

    /// An object of token ids by token, in the order of the file.
    func tokenIDs() throws(TokenizerError) -> [(token: String, id: Int32)] {
        guard let members = value.object?.members else { throw bad("an object") }
        var found: [(token: String, id: Int32)] = []
        found.reserveCapacity(members.count)
        for member in members {
            guard let id = member.value.tokenID else {
                throw FieldReader(member.value, path: path, field: "\(field)[\"\(member.name)\"]").bad("a token id")
            }
            found.append((member.name, id))
        }
        return found
    }

    /// Refuses any string but the supported one.
    func require(_ supported: String, orAbsent: Bool = false) throws(TokenizerError) {
        if orAbsent && isNull || value.string == supported { return }
        throw unsupported(value.summary)
    }

    /// Refuses any boolean but the supported one; an absent one counts as false.
    func require(_ supported: Bool) throws(TokenizerError) {
        if try bool(default: false) != supported { throw unsupported(value.summary) }
    }

    /// Refuses any number but the supported one.
    func require(_ supported: Int) throws(TokenizerError) {
        if value.exactInteger != supported { throw unsupported(value.summary) }
    }

    /// The error for a value that the format allows and this package does not support.
    func unsupported(_ value: String) -> TokenizerError {
        .unsupported(path: path, field: field, value: value)
    }

    /// The error for a value that the format does not allow here.
    func bad(_ expected: String) -> TokenizerError {
        .badField(path: path, field: field.isEmpty ? "the file" : field, expected: expected)
    }
}

extension JSONValue {
    /// For messages: scalars in full, others by kind.
    var summary: String {
        switch self {
        case .number(let digits): digits
        case .string(let text): "\"\(text)\""
        case .object(let object): "an object of \(object.members.count)"
        default: kind
        }
    }

    /// A whole number that is written as one: `8`, but not `8.0`.
    fileprivate var exactInteger: Int? {
        guard case .number(let digits) = self else { return nil }
        return Int(digits)
    }

    /// A token's id: one less than the largest number at most, so that one past the largest id is a number too.
    fileprivate var tokenID: Int32? {
        guard case .number(let digits) = self, let id = Int32(digits), (0..<Int32.max).contains(id) else { return nil }
        return id
    }
}
