import JSON
import Yams

/// A mapping of a fleet file. Its keys are read one by one; a key that was not read is an error with its line.
struct FleetSection {
    let path: String
    /// Name of the section in messages, e.g. `models[2].price`.
    let name: String
    let line: Int
    private var values: KeyedValues<(line: Int, value: Node)>

    /// Throws if the node is not a mapping, or has a key that is not a string.
    init(_ node: Node, name: String, path: String) throws(RoutingError) {
        self.path = path
        self.name = name
        line = node.mark?.line ?? 1
        guard case .mapping(let mapping) = node else {
            throw .badFleet(
                path: path, line: line, key: name.isEmpty ? "the file" : name, problem: "expected `key: value` lines")
        }
        var values: [(key: String, value: (line: Int, value: Node))] = []
        for (key, value) in mapping {
            guard let name = key.string else {
                throw .badFleet(path: path, line: key.mark?.line ?? line, key: name, problem: "a key is not a string")
            }
            values.append((name, (key.mark?.line ?? line, value)))
        }
        self.values = KeyedValues(values)
    }

    /// A value and its line; `nil` if the key is absent or null.
    mutating func remove(_ key: String) -> (line: Int, value: Node)? {
        guard let found = values.remove(key) else { return nil }
        if found.value.null != nil, found.value.scalar?.style == .plain { return nil }
        return found
    }

    mutating func section(_ key: String) throws(RoutingError) -> FleetSection? {
        guard let (_, value) = remove(key) else { return nil }
        return try FleetSection(value, name: path(of: key), path: path)
    }

    mutating func sections(_ key: String) throws(RoutingError) -> [FleetSection] {
        guard let (line, value) = remove(key) else { return [] }
        guard case .sequence(let sequence) = value else {
            throw bad(key, line, "expected a list with `- ` before each entry")
        }
        var sections: [FleetSection] = []
        for (index, node) in sequence.enumerated() {
            sections.append(try FleetSection(node, name: "\(path(of: key))[\(index)]", path: path))
        }
        return sections
    }

    mutating func string(_ key: String) throws(RoutingError) -> String? {
        guard let (line, value) = remove(key) else { return nil }
        guard let text = value.scalar?.string, !text.isEmpty else { throw bad(key, line, "expected a string") }
        return text
    }

    mutating func strings(_ key: String) throws(RoutingError) -> [String] {
        guard let (line, value) = remove(key) else { return [] }
        guard case .sequence(let sequence) = value else { throw bad(key, line, "expected a list of strings") }
        var texts: [String] = []
        for node in sequence {
            guard let text = node.scalar?.string else { throw bad(key, line, "expected a list of strings") }
            texts.append(text)
        }
        return texts
    }

    /// A list of known words; `nil` if the key is absent.
    mutating func words<Word: RawRepresentable<String> & CaseIterable>(
        _ key: String, of type: Word.Type
    ) throws(RoutingError) -> [Word]? {
        guard let (line, value) = remove(key) else { return nil }
        let known = Word.allCases.map(\.rawValue).joined(separator: ", ")
        guard case .sequence(let sequence) = value else { throw bad(key, line, "expected a list of \(known)") }
        var words: [Word] = []
        for node in sequence {
            guard let word = node.scalar.flatMap({ Word(rawValue: $0.string) }) else {
                throw bad(key, node.mark?.line ?? line, "expected one of \(known), found \(Self.shown(node))")
            }
            words.append(word)
        }
        return words
    }

    mutating func number(_ key: String, in range: ClosedRange<Double>) throws(RoutingError) -> Double? {
        guard let (line, value) = remove(key) else { return nil }
        guard let number = value.scalar.flatMap({ Double($0.string) }), range.contains(number) else {
            let most = range.upperBound == .greatestFiniteMagnitude ? "" : " to \(Self.short(range.upperBound))"
            throw bad(
                key, line, "expected a number from \(Self.short(range.lowerBound))\(most), found \(Self.shown(value))")
        }
        return number
    }

    mutating func integer(_ key: String, atLeast least: Int) throws(RoutingError) -> Int? {
        guard let (line, value) = remove(key) else { return nil }
        guard let number = value.scalar.flatMap({ Int($0.string) }), number >= least else {
            throw bad(key, line, "expected a whole number of at least \(least), found \(Self.shown(value))")
        }
        return number
    }

    mutating func bool(_ key: String) throws(RoutingError) -> Bool? {
        guard let (line, value) = remove(key) else { return nil }
        guard let flag = value.bool else { throw bad(key, line, "expected true or false, found \(Self.shown(value))") }
        return flag
    }

    /// A duration in seconds, above 0 and at most one day.
    mutating func seconds(_ key: String) throws(RoutingError) -> Duration? {
        guard let seconds = try number(key, in: 0.001...86_400) else { return nil }
        return .milliseconds(Int64((seconds * 1000).rounded()))
    }

    /// Throws for the first key that is not one of these.
    mutating func expect(_ keys: [String]) throws(RoutingError) {
        values.allow(keys)
        try end()
    }

    /// Throws for the first key that was not read: a misspelt limit must not be ignored.
    func end() throws(RoutingError) {
        guard let unknown = values.firstUnknown else { return }
        throw .badFleet(
            path: path, line: unknown.value.line, key: path(of: unknown.key),
            problem: "unknown key; known keys are \(values.knownList)")
    }

    func bad(_ key: String, _ line: Int, _ problem: String) -> RoutingError {
        .badFleet(path: path, line: line, key: path(of: key), problem: problem)
    }

    private func path(of key: String) -> String { name.isEmpty ? key : "\(name).\(key)" }

    private static func shown(_ node: Node) -> String {
        switch node {
        case .scalar(let scalar): "\"\(scalar.string.prefix(80))\""
        case .mapping: "a mapping"
        case .sequence: "a list"
        case .alias: "an alias"
        }
    }

    private static func short(_ number: Double) -> String {
        number == number.rounded() && abs(number) < 1e15 ? "\(Int(number))" : "\(number)"
    }
}
