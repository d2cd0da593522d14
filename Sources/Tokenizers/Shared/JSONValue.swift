/// A parsed JSON text, with strings as UTF-8 and members in file order.
///
/// A string without escapes is a slice of the file's own bytes: a vocabulary of 150,000 names is not copied name by name.
///
/// Why not Foundation's decoder: its objects are dictionaries keyed by `String`, and Swift's strings are equal when they
/// are canonically equivalent. A vocabulary may hold both "é" and "e" + U+0301; one of the two would be lost.
enum JSONValue: Equatable {
    case null
    case bool(Bool)
    case integer(Int)
    case number(Double)
    case string(ArraySlice<UInt8>)
    case array([JSONValue])
    case object([Member])

    /// One name and its value.
    struct Member: Equatable {
        let name: ArraySlice<UInt8>
        let value: JSONValue
    }

    /// The last member of that name, as the reference reads it; `nil` for anything but an object.
    subscript(name: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members.last { $0.name.elementsEqual(name.utf8) }?.value
    }

    /// A string's text.
    var text: String? {
        guard case .string(let bytes) = self else { return nil }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// An integer's value.
    var integer: Int? {
        guard case .integer(let value) = self else { return nil }
        return value
    }

    /// A boolean's value.
    var bool: Bool? {
        guard case .bool(let value) = self else { return nil }
        return value
    }

    /// An array's elements.
    var elements: [JSONValue]? {
        guard case .array(let elements) = self else { return nil }
        return elements
    }

    /// An object's members.
    var members: [Member]? {
        guard case .object(let members) = self else { return nil }
        return members
    }

    /// Absent and null are one to the reference.
    var isNull: Bool {
        if case .null = self { true } else { false }
    }

    /// For messages: scalars in full, others by kind.
    var summary: String {
        switch self {
        case .null: "null"
        case .bool(let value): "\(value)"
        case .integer(let value): "\(value)"
        case .number(let value): "\(value)"
        case .string(let bytes): "\"\(String(decoding: bytes, as: UTF8.self))\""
        case .array(let elements): "an array of \(elements.count)"
        case .object(let members): "an object of \(members.count)"
        }
    }
}
