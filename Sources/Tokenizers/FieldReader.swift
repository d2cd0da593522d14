/// A JSON value that knows its file and its name, so that what is wrong with it can be told.
struct FieldReader {
    private let value: JSONValue
    private let path: String
    private let field: String

    /// The root of a file; `field` is the dotted name below it.
    init(_ value: JSONValue, path: String, field: String = "") {
        self.value = value
        self.path = path
        self.field = field
    }

    /// One of an object's members.
    struct Member {
        /// UTF-8, as it stands in the file.
        let name: [UInt8]
        let value: FieldReader
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
        // One less than the largest, so that one past the largest id is a number too.
        guard let id = value.integer, (0..<Int(Int32.max)).contains(id) else { throw bad("a token id") }
        return Int32(id)
    }

    /// An array's elements.
    func elements() throws(TokenizerError) -> [FieldReader] {
        guard let elements = value.elements else { throw bad("an array") }
        return elements.indices.map { element($0) }
    }

    /// An object's members in file order.
    func members() throws(TokenizerError) -> [Member] {
        guard let members = value.members else { throw bad("an object") }
        return members.map { member in
            let name = String(decoding: member.name, as: UTF8.self)
            return Member(
                name: member.name, value: FieldReader(member.value, path: path, field: "\(field)[\"\(name)\"]"))
        }
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

    private func bad(_ expected: String) -> TokenizerError {
        .badField(path: path, field: field.isEmpty ? "the file" : field, expected: expected)
    }
}
