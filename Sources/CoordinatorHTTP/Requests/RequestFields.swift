import Corpora
import HTTPServing

/// Reads the members of a JSON object of a request one by one; a member that nobody read is unknown, and an error.
///
/// `null` is the same as absent. Every error names the member by its path. Ranges are given here only where the value
/// could not be represented without them; all other bounds are checked on the request as a whole (`RequestPlan.check`).
struct RequestFields {
    private let path: String
    private var members: [String: JSONValue]
    private var known: [StaticString] = []

    /// Throws `wrongType` unless the value is an object.
    init(_ value: JSONValue, at path: String) throws(HTTPFailure) {
        guard case .object(let members) = value else {
            throw .invalid(
                .wrongType, path.isEmpty ? nil : path,
                "\(path.isEmpty ? "the body" : path): expected a JSON object, found \(value.kind)")
        }
        self.path = path
        self.members = members
    }

    /// Throws `unknownKey` if a member was not read.
    func finish() throws(HTTPFailure) {
        guard let extra = members.keys.min() else { return }
        throw .invalid(
            .unknownKey, name(of: extra),
            "\(name(of: extra)) is not known here; known are \(known.map { "\($0)" }.sorted().joined(separator: ", "))")
    }

    /// The full name of a member.
    func name(of key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

    private func name(of key: StaticString) -> String { name(of: "\(key)") }

    /// A member, unless it is absent or `null`.
    mutating func take(_ key: StaticString) -> JSONValue? {
        known.append(key)
        guard let value = members.removeValue(forKey: "\(key)"), value != .null else { return nil }
        return value
    }

    /// A member that must be there. Throws `missing`.
    mutating func need<Value>(
        _ key: StaticString, _ read: (inout RequestFields) throws(HTTPFailure) -> Value?
    ) throws(HTTPFailure) -> Value {
        guard let value = try read(&self) else {
            throw .invalid(.missing, name(of: key), "\(name(of: key)) is needed, and is missing or null")
        }
        return value
    }

    /// A string, of so many bytes of UTF-8. Throws `wrongType`, `outOfRange`.
    mutating func text(_ key: StaticString, bytes: ClosedRange<Int> = 0...Int.max) throws(HTTPFailure) -> String? {
        guard let value = take(key) else { return nil }
        guard case .string(let text) = value else { throw wrongType(key, value, "a string") }
        guard bytes.contains(text.utf8.count) else {
            throw .invalid(
                .outOfRange, name(of: key),
                "\(name(of: key)) has \(text.utf8.count) bytes; it must have \(bytes.lowerBound) to \(bytes.upperBound)"
            )
        }
        return text
    }

    /// A whole number. Throws `wrongType`, `outOfRange`.
    mutating func integer(_ key: StaticString, in range: ClosedRange<Int> = .min ... .max) throws(HTTPFailure) -> Int? {
        guard let value = take(key) else { return nil }
        return try Self.integer(value, name(of: key), in: range)
    }

    /// A number. Throws `wrongType`, `outOfRange`.
    mutating func number(
        _ key: StaticString, in range: ClosedRange<Double> = allNumbers
    ) throws(HTTPFailure) -> Double? {
        guard let value = take(key) else { return nil }
        return try Self.number(value, name(of: key), in: range)
    }

    /// True or false. Throws `wrongType`.
    mutating func flag(_ key: StaticString) throws(HTTPFailure) -> Bool? {
        guard let value = take(key) else { return nil }
        guard case .bool(let flag) = value else { throw wrongType(key, value, "true or false") }
        return flag
    }

    /// One of an enumeration's names. Throws `wrongType`, `outOfRange`.
    mutating func choice<Value: RawRepresentable<String> & CaseIterable>(
        _ key: StaticString
    ) throws(HTTPFailure) -> Value? {
        guard let value = take(key) else { return nil }
        guard case .string(let word) = value else { throw wrongType(key, value, "a string") }
        guard let choice = Value(rawValue: word) else {
            throw .invalid(
                .outOfRange, name(of: key),
                "\(name(of: key)) is \(value.kind); it must be one of "
                    + Value.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: ", "))
        }
        return choice
    }

    /// An array. Throws `wrongType`, and `outOfRange` where it has another number of elements than allowed.
    mutating func array(_ key: StaticString, count: ClosedRange<Int>) throws(HTTPFailure) -> [JSONValue]? {
        guard let value = take(key) else { return nil }
        guard case .array(let elements) = value else { throw wrongType(key, value, "an array") }
        guard count.contains(elements.count) else {
            throw .invalid(
                .outOfRange, name(of: key),
                "\(name(of: key)) has \(elements.count) elements; it must have \(count.lowerBound) to "
                    + "\(count.upperBound)")
        }
        return elements
    }

    /// Whole numbers. Throws as `array` and `integer`.
    mutating func integers(_ key: StaticString, count: ClosedRange<Int>) throws(HTTPFailure) -> [Int]? {
        try elements(key, count: count) { (value, name) throws(HTTPFailure) in
            try Self.integer(value, name(), in: .min ... .max)
        }
    }

    /// Numbers. Throws as `array` and `number`.
    mutating func numbers(_ key: StaticString, count: ClosedRange<Int>) throws(HTTPFailure) -> [Double]? {
        try elements(key, count: count) { (value, name) throws(HTTPFailure) in
            try Self.number(value, name(), in: Self.allNumbers)
        }
    }

    private mutating func elements<Element>(
        _ key: StaticString, count: ClosedRange<Int>,
        _ read: (JSONValue, @autoclosure () -> String) throws(HTTPFailure) -> Element
    ) throws(HTTPFailure) -> [Element]? {
        guard let values = try array(key, count: count) else { return nil }
        var elements: [Element] = []
        elements.reserveCapacity(values.count)
        for (index, value) in values.enumerated() { elements.append(try read(value, "\(name(of: key))[\(index)]")) }
        return elements
    }

    private static let allNumbers = -Double.greatestFiniteMagnitude ... .greatestFiniteMagnitude

    private static func integer(
        _ value: JSONValue, _ name: @autoclosure () -> String, in range: ClosedRange<Int>
    ) throws(HTTPFailure) -> Int {
        guard case .number = value else {
            throw .invalid(.wrongType, name(), "\(name()): expected a whole number, found \(value.kind)")
        }
        guard let number = value.integer, range.contains(number) else {
            let bounds = range == .min ... .max ? "" : " from \(range.lowerBound) to \(range.upperBound)"
            throw .invalid(.outOfRange, name(), "\(name()) is \(value.kind); it must be a whole number\(bounds)")
        }
        return number
    }

    private static func number(
        _ value: JSONValue, _ name: @autoclosure () -> String, in range: ClosedRange<Double>
    ) throws(HTTPFailure) -> Double {
        guard case .number = value else {
            throw .invalid(.wrongType, name(), "\(name()): expected a number, found \(value.kind)")
        }
        guard let number = value.double, range.contains(number) else {
            let bounds = range == allNumbers ? "" : " from \(range.lowerBound) to \(range.upperBound)"
            throw .invalid(.outOfRange, name(), "\(name()) is \(value.kind); it must be a number\(bounds)")
        }
        return number
    }

    private func wrongType(_ key: StaticString, _ value: JSONValue, _ expected: String) -> HTTPFailure {
        .invalid(.wrongType, name(of: key), "\(name(of: key)): expected \(expected), found \(value.kind)")
    }
}
