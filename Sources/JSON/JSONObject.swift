/// The members of a JSON object in the order of the text. Names are compared byte by byte.
///
/// Why not a dictionary: Swift's strings are equal when they are canonically equivalent. A vocabulary may hold both "é"
/// and "e" + U+0301, and a dictionary by `String` would lose one of the two.
public struct JSONObject: Equatable, Sendable {
    /// One name and its value.
    public struct Member: Equatable, Sendable {
        /// The name, its escapes resolved.
        public let name: String
        /// The value.
        public let value: JSONValue

        /// Pairs a name with a value.
        public init(name: String, value: JSONValue) {
            self.name = name
            self.value = value
        }
    }

    /// All members, in the order of the text.
    public let members: [Member]

    /// An object of these members.
    public init(_ members: [Member] = []) {
        self.members = members
    }

    /// The last member of this name; `nil` if there is none. Cost: one comparison a member.
    public subscript(name: String) -> JSONValue? {
        for member in members.reversed() where member.name.hasSameBytes(as: name) { return member.value }
        return nil
    }

    /// The names, in the order of the text.
    public var names: [String] { members.map(\.name) }
}

/// The names of an object while it is read, to find a second member of one name.
///
/// Small objects are searched; only a large object pays for hashing, which keeps a hostile one of a million names
/// linear.
struct NameSet {
    private var keys: Set<Key> = []
    private static let searchedMax = 16

    /// False if the name is among `members`, the members read so far.
    mutating func insert(_ name: String, after members: [JSONObject.Member]) -> Bool {
        guard members.count >= Self.searchedMax else { return !members.contains { $0.name.hasSameBytes(as: name) } }
        if keys.isEmpty { keys = Set(members.map { Key(name: $0.name) }) }
        return keys.insert(Key(name: name)).inserted
    }

    private struct Key: Hashable {
        let name: String

        static func == (left: Key, right: Key) -> Bool { left.name.hasSameBytes(as: right.name) }

        func hash(into hasher: inout Hasher) {
            for byte in name.utf8 { hasher.combine(byte) }
        }
    }
}

extension String {
    /// Equality of bytes; `==` is canonical equivalence.
    fileprivate func hasSameBytes(as other: String) -> Bool { utf8.span.hasSameBytes(as: other.utf8.span) }
}
