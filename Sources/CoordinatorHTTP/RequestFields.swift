import Corpora

/// The members of a JSON object of a request, taken one by one; what is left over in the end is unknown, and an error.
///
/// `null` is the same as absent. Every error names the member by its path.
struct RequestFields {
    private let path: String
    private var members: [String: JSONValue]
    private var known: [StaticString] = []

    /// Throws `wrongType` unless the value is an object.
    init(_ value: JSONValue, at path: String) throws(APIError) {
        guard case .object(let members) = value else {
            throw .invalid(
                .wrongType, path.isEmpty ? nil : path,
                "\(path.isEmpty ? "the body" : path): expected a JSON object, found \(value.kind)")
        }
        self.path = path
        self.members = members
    }

    /// Throws `unknownKey` if something has not been asked for.
    func finish() throws(APIError) {
        guard let extra = members.keys.min() else { return }
        throw .invalid(
            .unknownKey, name(of: extra),
            "\(name(of: extra)) is not known here; known are \(known.map { "\($0)" }.sorted().joined(separator: ", "))")
    }

    /// The full name of a member.
    func name(of key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

    /// A member, unless it is absent or `null`.
    mutating func take(_ key: StaticString) -> JSONValue? {
        known.append(key)
        guard let value = members.removeValue(forKey: "\(key)"), value != .null else { return nil }
        return value
    }

    /// A member that must be there. Throws `missing`.
    mutating func need<Value>(
        _ key: StaticString, _ read: (inout RequestFields) throws(APIError) -> Value?
    ) throws(APIError) -> Value {
        guard let value = try read(&self) else {
            throw .invalid(.missing, name(of: "\(key)"), "\(name(of: "\(key)")) is needed, and is missing or null")
        }
        return value
    }

    /// Text of so many bytes. Throws `wrongType`, `outOfRange`.
    mutating func text(_ key: StaticString, bytes: ClosedRange<Int>) throws(APIError) -> String? {
        guard let value = take(key) else { return nil }
        guard case .string(let text) = value else { throw wrongType(key, value, "a string") }
        guard bytes.contains(text.utf8.count) else {
            throw .invalid(
                .outOfRange, name(of: "\(key)"),
                "\(name(of: "\(key)")) has \(text.utf8.count) bytes; it must have \(bytes.lowerBound) to "
                    + "\(bytes.upperBound)")
        }
        return text
    }

    /// A whole number in a range. Throws `wrongType`, `outOfRange`.
    mutating func integer(_ key: StaticString, in range: ClosedRange<Int>) throws(APIError) -> Int? {
        guard let value = take(key) else { return nil }
        return try integer(value, name(of: "\(key)"), in: range)
    }

    private func integer(
        _ value: JSONValue, _ name: String, in range: ClosedRange<Int>
    ) throws(APIError) -> Int {
        guard case .number = value else {
            throw .invalid(.wrongType, name, "\(name): expected a whole number, found \(value.kind)")
        }
        guard let number = value.integer, range.contains(number) else {
            throw .invalid(
                .outOfRange, name,
                "\(name) is \(value.kind); it must be a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    /// A number in a range. Throws `wrongType`, `outOfRange`.
    mutating func number(_ key: StaticString, in range: ClosedRange<Double>) throws(APIError) -> Double? {
        guard let value = take(key) else { return nil }
        return try number(value, name(of: "\(key)"), in: range)
    }

    private func number(
        _ value: JSONValue, _ name: String, in range: ClosedRange<Double>
    ) throws(APIError) -> Double {
        guard case .number = value else {
            throw .invalid(.wrongType, name, "\(name): expected a number, found \(value.kind)")
        }
        guard let number = value.double, range.contains(number) else {
            throw .invalid(
                .outOfRange, name,
                "\(name) is \(value.kind); it must be a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    /// True or false. Throws `wrongType`.
    mutating func flag(_ key: StaticString) throws(APIError) -> Bool? {
        guard let value = take(key) else { return nil }
        guard case .bool(let flag) = value else { throw wrongType(key, value, "true or false") }
        return flag
    }

    /// One of some words. Throws `wrongType`, `outOfRange`.
    mutating func choice<Value>(
        _ key: StaticString, _ choices: KeyValuePairs<String, Value>
    ) throws(APIError) -> Value? {
        guard let value = take(key) else { return nil }
        guard case .string(let word) = value else { throw wrongType(key, value, "a string") }
        guard let choice = choices.first(where: { $0.key == word }) else {
            throw .invalid(
                .outOfRange, name(of: "\(key)"),
                "\(name(of: "\(key)")) is \(value.kind); it must be one of "
                    + choices.map { "\"\($0.key)\"" }.joined(separator: ", "))
        }
        return choice.value
    }

    /// An array. Throws `wrongType`, `outOfRange` where it has more elements than allowed.
    mutating func array(_ key: StaticString, count: ClosedRange<Int>) throws(APIError) -> [JSONValue]? {
        guard let value = take(key) else { return nil }
        guard case .array(let elements) = value else { throw wrongType(key, value, "an array") }
        guard count.contains(elements.count) else {
            throw .invalid(
                .outOfRange, name(of: "\(key)"),
                "\(name(of: "\(key)")) has \(elements.count) elements; it must have \(count.lowerBound) to "
                    + "\(count.upperBound)")
        }
        return elements
    }

    /// Whole numbers. Throws as `array` and `integer`.
    mutating func integers(
        _ key: StaticString, count: ClosedRange<Int>, in range: ClosedRange<Int>
    ) throws(APIError) -> [Int]? {
        guard let elements = try array(key, count: count) else { return nil }
        var numbers: [Int] = []
        for (index, element) in elements.enumerated() {
            numbers.append(try integer(element, "\(name(of: "\(key)"))[\(index)]", in: range))
        }
        return numbers
    }

    /// Numbers. Throws as `array` and `number`.
    mutating func numbers(
        _ key: StaticString, count: ClosedRange<Int>, in range: ClosedRange<Double>
    ) throws(APIError) -> [Double]? {
        guard let elements = try array(key, count: count) else { return nil }
        var numbers: [Double] = []
        numbers.reserveCapacity(elements.count)
        for (index, element) in elements.enumerated() {
            numbers.append(try number(element, "\(name(of: "\(key)"))[\(index)]", in: range))
        }
        return numbers
    }

    private func wrongType(_ key: StaticString, _ value: JSONValue, _ expected: String) -> APIError {
        .invalid(.wrongType, name(of: "\(key)"), "\(name(of: "\(key)")): expected \(expected), found \(value.kind)")
    }
}
