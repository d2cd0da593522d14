/// A JSON value.
public enum JSONValue: Equatable, Sendable {
    /// `null`.
    case null
    /// `true` or `false`.
    case bool(Bool)
    /// The digits as written, so that a long integer used as an id stays exact.
    case number(String)
    /// Text, its escapes resolved.
    case string(String)
    /// Elements in order.
    case array([JSONValue])
    /// Members in order.
    case object(JSONObject)

    /// Reads bytes that are one strict JSON value in UTF-8.
    ///
    /// - Parameter readsNaN: Whether `NaN` and `Infinity` are read as null; else they are refused.
    public init(
        reading bytes: [UInt8], duplicateNames: JSONReader.DuplicateNames = .refused, readsNaN: Bool = false
    ) throws(JSONError) {
        try JSONReader.checkUTF8(bytes)
        var reader = JSONReader(utf8: bytes, duplicateNames: duplicateNames, readsNaN: readsNaN)
        self = try reader.document()
    }

    /// What it is, for messages such as "expected a string, found the number 3".
    public var kind: String {
        switch self {
        case .null: "null"
        case .bool(let value): value ? "true" : "false"
        case .number(let digits): "the number \(clipped(digits))"
        case .string(let text): "the string \"\(clipped(text))\""
        case .array(let elements): "an array of \(elements.count)"
        case .object(let object): "an object with \(object.names.sorted().prefix(5).joined(separator: ", "))"
        }
    }

    /// Whether it is `null`.
    public var isNull: Bool {
        if case .null = self { true } else { false }
    }

    /// A finite number; `nil` for anything else.
    public var double: Double? {
        guard case .number(let digits) = self, let value = Double(digits), value.isFinite else { return nil }
        return value
    }

    /// A whole number, also when written `8.0`; `nil` for anything else.
    public var integer: Int? {
        guard case .number(let digits) = self else { return nil }
        return Int(digits) ?? Double(digits).flatMap { Int(exactly: $0) }
    }

    /// A string's text; `nil` for anything else.
    public var string: String? {
        guard case .string(let text) = self else { return nil }
        return text
    }

    /// A boolean's value; `nil` for anything else.
    public var bool: Bool? {
        guard case .bool(let value) = self else { return nil }
        return value
    }

    /// An array's elements; `nil` for anything else.
    public var elements: [JSONValue]? {
        guard case .array(let elements) = self else { return nil }
        return elements
    }

    /// An object's members; `nil` for anything else.
    public var object: JSONObject? {
        guard case .object(let object) = self else { return nil }
        return object
    }

    /// An object's last member of a name; `nil` if there is none.
    public func member(_ name: String) -> JSONValue? {
        guard case .object(let object) = self else { return nil }
        return object[name]
    }

    /// The member that a path of names leads to; `nil` if there is none.
    public func member(at path: some Sequence<String>) -> JSONValue? {
        var value = self
        for name in path {
            guard let next = value.object?[name] else { return nil }
            value = next
        }
        return value
    }
}
