/// A JSON value that somebody asked for.
public enum JSONValue: Equatable, Sendable {
    /// Nothing.
    case null
    /// True or false.
    case bool(Bool)
    /// The digits as written, so that a long integer used as an id stays what it was.
    case number(String)
    /// Text, its escapes resolved.
    case string(String)
    /// Values in order.
    case array([JSONValue])
    /// Members by key, each of which stood there once.
    case object([String: JSONValue])

    /// Reads bytes that are one strict JSON value (RFC 8259): no key twice, no comma too many, nested less than 128 deep.
    public init(reading bytes: [UInt8]) throws(JSONProblem) {
        var scanner = JSONScanner(bytes, whole: .body)
        do {
            self = try scanner.document()
        } catch {
            throw JSONProblem(message: error.message)
        }
    }

    /// What it is, for a message.
    public var kind: String {
        switch self {
        case .null: "null"
        case .bool(let value): value ? "true" : "false"
        case .number(let digits): "the number \(clipped(digits))"
        case .string(let text): "the string \"\(clipped(text))\""
        case .array(let elements): "an array of \(elements.count)"
        case .object(let members): "an object with \(members.keys.sorted().prefix(5).joined(separator: ", "))"
        }
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

    /// The member that a path of keys leads to; `nil` when there is none.
    func member(at path: some Sequence<String>) -> JSONValue? {
        var value = self
        for key in path {
            guard case .object(let members) = value, let next = members[key] else { return nil }
            value = next
        }
        return value
    }
}

/// Why bytes are not one JSON value: at which byte, what stands there, what is wrong.
public struct JSONProblem: Error, Hashable, Sendable {
    /// For people.
    public let message: String
}
