import Foundation

/// The fields of a file in the form of ZeroMQ's certificates: `NAME = "VALUE"` by lines. Other lines are left out.
struct KeyFields {
    private let path: String
    private var values: [String: (text: String, line: Int)] = [:]

    /// Reads a text. Throws `malformed` for a value without quotation marks, and for a field that is there twice.
    init(text: String, path: String) throws(KeyError) {
        self.path = path
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let line = line.trimmingCharacters(in: .whitespaces)
            guard !line.isEmpty, !line.hasPrefix("#"), let equals = line.firstIndex(of: "=") else { continue }
            let field = line[..<equals].trimmingCharacters(in: .whitespaces)
            let value = line[line.index(after: equals)...].trimmingCharacters(in: .whitespaces)
            guard value.count >= 2, value.first == "\"", value.last == "\"" else {
                throw .malformed(path: path, line: index + 1, reason: "the value of \(field) is not in quotation marks")
            }
            guard values.updateValue((String(value.dropFirst().dropLast()), index + 1), forKey: field) == nil else {
                throw .malformed(path: path, line: index + 1, reason: "\(field) is there twice")
            }
        }
    }

    /// A field as it is written; `nil` where it is missing.
    func text(_ field: String) -> String? { values[field]?.text }

    /// A field; `nil` where it is missing. Throws `malformed` where `parse` gives nothing; `kind` says what it expects.
    func read<T>(_ field: String, _ kind: String, _ parse: (String) -> T?) throws(KeyError) -> T? {
        guard let value = values[field] else { return nil }
        guard let read = parse(value.text) else {
            throw .malformed(path: path, line: value.line, reason: "\(field) is not \(kind)")
        }
        return read
    }

    /// The same for a field that must be there. Throws `missing`.
    func require<T>(_ field: String, _ kind: String, _ parse: (String) -> T?) throws(KeyError) -> T {
        guard let value = try read(field, kind, parse) else { throw .missing(path: path, field: field) }
        return value
    }

    /// A role that must be there.
    func role() throws(KeyError) -> Role {
        try require("role", "one of: \(Role.allCases.map(\.rawValue).joined(separator: ", "))") { Role(rawValue: $0) }
    }

    /// A time; `nil` where it is missing.
    func time(_ field: String) throws(KeyError) -> Date? {
        try read(field, "a time such as 2026-01-31T12:00:00Z") { try? Date($0, strategy: .iso8601) }
    }

    /// A time that must be there.
    func requiredTime(_ field: String) throws(KeyError) -> Date {
        guard let time = try time(field) else { throw .missing(path: path, field: field) }
        return time
    }
}
