/// A JSON value that knows its file and its name, so that what is wrong with it can be told.
struct FieldReader {
    /// What there is; for tables too long to make a reader an entry.
    let value: JSONValue
    private let path: String
    private let field: String

    /// The root of a file; `field` is the dotted name below it.
    init(_ value: JSONValue, path: String, field: String = "") {
        self.value = value
        self.path = path
        self.field = field
    }

    /// A member; null if it is absent.
    subscript(name: String) -> FieldReader {
        FieldReader(value[name] ?? .null, path: path, field: field.isEmpty ? name : "\(field).\(name)")
    }

    /// An array's element; null if there are fewer.
    func element(_ index: Int) -> FieldReader {
        let elements = value.elements ?? []
        return FieldReader(
            elements.indices.contains(index) ? elements[index] : .null, path: path, field: "\(field)[\(index)]")
    }

    var isNull: Bool { value.isNull }

    var isObject: Bool { value.members != nil }

    /// A string's text; `nil` for anything else.
    var string: String? { value.text }

    /// A string's text.
    func text() throws(TokenizerError) -> String {
        guard let text = value.text else { throw bad("a string") }
        return text
    }

    /// A boolean; `usual` where it is absent or null.
    func bool(default usual: Bool) throws(TokenizerError) -> Bool {
        if isNull { return usual }
        guard let bool = value.bool else { throw bad("true or false") }
        return bool
    }

    /// A count, 0 or more.
    func count() throws(TokenizerError) -> Int {
        guard let count = value.integer, count >= 0 else { throw bad("a whole number, 0 or more") }
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

    /// An object of token ids by token, in file order.
    func tokenIDs() throws(TokenizerError) -> [(token: ArraySlice<UInt8>, id: Int32)] {
        guard let members = value.members else { throw bad("an object") }
        var found: [(token: ArraySlice<UInt8>, id: Int32)] = []
        found.reserveCapacity(members.count)
        for member in members {
            guard let id = member.value.tokenID else {
                let name = String(decoding: member.name, as: UTF8.self)
                throw FieldReader(member.value, path: path, field: "\(field)[\"\(name)\"]").bad("a token id")
            }
            found.append((member.name, id))
        }
        return found
    }

    /// Refuses any string but the one that is supported.
    func require(_ supported: String, orAbsent: Bool = false) throws(TokenizerError) {
        if orAbsent && isNull || value.text == supported { return }
        throw unsupported(value.summary)
    }

    /// Refuses any boolean but the one that is supported; absent counts as false.
    func require(_ supported: Bool) throws(TokenizerError) {
        if try bool(default: false) != supported { throw unsupported(value.summary) }
    }

    /// Refuses any number but the one that is supported.
    func require(_ supported: Int) throws(TokenizerError) {
        if value.integer != supported { throw unsupported(value.summary) }
    }

    /// What to throw when a value is of the format but not done here.
    func unsupported(_ value: String) -> TokenizerError {
        .unsupported(path: path, field: field, value: value)
    }

    /// What to throw when a value is not what the format has there.
    func bad(_ expected: String) -> TokenizerError {
        .badField(path: path, field: field.isEmpty ? "the file" : field, expected: expected)
    }
}

extension JSONValue {
    /// A token's id: one less than the largest number at most, so that one past the largest id is a number too.
    fileprivate var tokenID: Int32? {
        guard let integer, (0..<Int(Int32.max)).contains(integer) else { return nil }
        return Int32(integer)
    }
}
