/// Reads the members of a JSON object one by one, checks their types and ranges, and refuses members that it does not
/// know.
///
/// `null` is the same as absent. Every error names the member by its path, as `items[3].n_min`. The caller's own error
/// type, `Failure`, carries it. A range is optional: a caller that checks its request as a whole gives none.
public struct JSONFields<Failure: JSONFieldFailure> {
    private let path: String
    private var values: KeyedValues<JSONValue>

    /// The object at `path`, which is empty for the whole text. Throws `wrongType` unless the value is an object.
    public init(_ value: JSONValue, at path: String) throws(Failure) {
        guard case .object(let object) = value else {
            throw Failure(
                JSONFieldProblem(
                    kind: .wrongType, member: path.isEmpty ? nil : path,
                    message: "\(path.isEmpty ? "the body" : path): expected a JSON object, found \(value.kind)"))
        }
        self.path = path
        values = KeyedValues(object.members.map { ($0.name, $0.value) })
    }

    /// Throws `unknownKey` for the first member that no caller read.
    public func finish() throws(Failure) {
        guard let extra = values.firstUnknown?.key else { return }
        throw problem(.unknownKey, name(of: extra), " is not known here; known are \(values.knownList)")
    }

    /// The full name of a member.
    public func name(of key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

    /// A member's value; `nil` if it is absent or `null`.
    public mutating func remove(_ key: String) -> JSONValue? {
        guard let value = values.remove(key), value != .null else { return nil }
        return value
    }

    /// A member that is required; `read` reads it. Throws `missing`.
    public mutating func need<Value>(
        _ key: String, _ read: (inout JSONFields) throws(Failure) -> Value?
    ) throws(Failure) -> Value {
        guard let value = try read(&self) else {
            throw problem(.missing, name(of: key), " is needed, and is missing or null")
        }
        return value
    }

    /// A string, of so many UTF-8 bytes if a range is given. Throws `wrongType`, `outOfRange`.
    public mutating func text(_ key: String, bytes: ClosedRange<Int>? = nil) throws(Failure) -> String? {
        guard let value = remove(key) else { return nil }
        guard case .string(let text) = value else { throw wrongType(name(of: key), value, "a string") }
        let count = text.utf8.count
        if let bytes, !bytes.contains(count) {
            throw problem(
                .outOfRange, name(of: key),
                " has \(count) bytes; it must have \(bytes.lowerBound) to \(bytes.upperBound)")
        }
        return text
    }

    /// A whole number. Throws `wrongType`, `outOfRange`.
    public mutating func integer(_ key: String, in range: ClosedRange<Int>? = nil) throws(Failure) -> Int? {
        guard let value = remove(key) else { return nil }
        return try integer(value, in: range, name(of: key))
    }

    /// A finite number. Throws `wrongType`, `outOfRange`.
    public mutating func number(_ key: String, in range: ClosedRange<Double>? = nil) throws(Failure) -> Double? {
        guard let value = remove(key) else { return nil }
        return try number(value, in: range, name(of: key))
    }

    /// `true` or `false`. Throws `wrongType`.
    public mutating func flag(_ key: String) throws(Failure) -> Bool? {
        guard let value = remove(key) else { return nil }
        guard case .bool(let flag) = value else { throw wrongType(name(of: key), value, "true or false") }
        return flag
    }

    /// The case of an enumeration that a string names. Throws `wrongType`, `outOfRange`.
    public mutating func choice<Value: RawRepresentable<String> & CaseIterable>(
        _ key: String
    ) throws(Failure) -> Value? {
        guard let value = remove(key) else { return nil }
        guard case .string(let text) = value else { throw wrongType(name(of: key), value, "a string") }
        guard let choice = Value(rawValue: text) else {
            let names = Value.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: ", ")
            throw problem(.outOfRange, name(of: key), " is \(value.kind); it must be one of \(names)")
        }
        return choice
    }

    /// An array of so many elements. Throws `wrongType`, `outOfRange`.
    public mutating func array(_ key: String, count: ClosedRange<Int>) throws(Failure) -> [JSONValue]? {
        guard let value = remove(key) else { return nil }
        guard case .array(let elements) = value else { throw wrongType(name(of: key), value, "an array") }
        guard count.contains(elements.count) else {
            throw problem(
                .outOfRange, name(of: key),
                " has \(elements.count) elements; it must have \(count.lowerBound) to \(count.upperBound)")
        }
        return elements
    }

    /// Whole numbers. Throws `wrongType`, `outOfRange`.
    public mutating func integers(
        _ key: String, count: ClosedRange<Int>, in range: ClosedRange<Int>? = nil
    ) throws(Failure) -> [Int]? {
        try elements(key, count: count) { (fields, value, name) throws(Failure) in
            try fields.integer(value, in: range, name())
        }
    }

    /// Finite numbers. Throws `wrongType`, `outOfRange`.
    public mutating func numbers(
        _ key: String, count: ClosedRange<Int>, in range: ClosedRange<Double>? = nil
    ) throws(Failure) -> [Double]? {
        try elements(key, count: count) { (fields, value, name) throws(Failure) in
            try fields.number(value, in: range, name())
        }
    }

    private mutating func elements<Element>(
        _ key: String, count: ClosedRange<Int>,
        _ read: (JSONFields, JSONValue, @autoclosure () -> String) throws(Failure) -> Element
    ) throws(Failure) -> [Element]? {
        guard let values = try array(key, count: count) else { return nil }
        var elements: [Element] = []
        elements.reserveCapacity(values.count)
        for (index, value) in values.enumerated() {
            elements.append(try read(self, value, "\(name(of: key))[\(index)]"))
        }
        return elements
    }

    private func integer(
        _ value: JSONValue, in range: ClosedRange<Int>?, _ name: @autoclosure () -> String
    ) throws(Failure) -> Int {
        guard case .number = value else { throw wrongType(name(), value, "a whole number") }
        guard let number = value.integer, range?.contains(number) ?? true else {
            let bounds = range.map { " from \($0.lowerBound) to \($0.upperBound)" } ?? ""
            throw problem(.outOfRange, name(), " is \(value.kind); it must be a whole number\(bounds)")
        }
        return number
    }

    private func number(
        _ value: JSONValue, in range: ClosedRange<Double>?, _ name: @autoclosure () -> String
    ) throws(Failure) -> Double {
        guard case .number = value else { throw wrongType(name(), value, "a number") }
        guard let number = value.double, range?.contains(number) ?? true else {
            let bounds = range.map { " from \($0.lowerBound) to \($0.upperBound)" } ?? ""
            throw problem(.outOfRange, name(), " is \(value.kind); it must be a number\(bounds)")
        }
        return number
    }

    private func wrongType(_ name: String, _ value: JSONValue, _ expected: String) -> Failure {
        problem(.wrongType, name, ": expected \(expected), found \(value.kind)")
    }

    private func problem(_ kind: JSONFieldProblem.Kind, _ name: String, _ rest: String) -> Failure {
        Failure(JSONFieldProblem(kind: kind, member: name, message: name + rest))
    }
}
