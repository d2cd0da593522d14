/// Values under keys, removed one by one by their reader. A key that the reader never asked for is left over, and the
/// reader reports it as an error: a misspelt option must not be ignored in silence.
public struct KeyedValues<Value> {
    private var entries: [(key: String, value: Value)]
    /// The keys that were asked for, in this order; a key asked for twice appears twice.
    public private(set) var known: [String] = []

    /// Starts with all entries, in the order of the text.
    public init(_ entries: [(key: String, value: Value)]) {
        self.entries = entries
    }

    /// Removes a key's value; `nil` if the key is absent.
    public mutating func remove(_ key: String) -> Value? {
        known.append(key)
        guard let index = entries.firstIndex(where: { $0.key.utf8.elementsEqual(key.utf8) }) else { return nil }
        return entries.remove(at: index).value
    }

    /// Marks keys as known without removing them.
    public mutating func allow(_ keys: [String]) {
        known += keys
    }

    /// The first entry, in the order of the text, whose key was never asked for.
    public var firstUnknown: (key: String, value: Value)? {
        entries.first { !known.contains($0.key) }
    }

    /// The known keys, sorted, for messages.
    public var knownList: String { Set(known).sorted().joined(separator: ", ") }
}
