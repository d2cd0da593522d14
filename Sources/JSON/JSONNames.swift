/// Names of members to read, ordered so that a member's name is compared with few of them.
public struct JSONNames: Sendable {
    /// In the order in which they were added, each once.
    public private(set) var all: [[UInt8]] = []
    /// By number of bytes: names that long.
    private var byLength: [[Entry]] = []

    /// A name as it is compared: by one word, and only where that is the same by its other bytes.
    private struct Entry {
        /// The first eight bytes, little-endian; a shorter name ends in zeros.
        let start: UInt64
        /// In `all`.
        let place: Int
    }

    /// No names.
    public init() {}

    /// The place of a name, which is added if it is new.
    public mutating func place(of name: String) -> Int {
        if let place = find(name) { return place }
        let bytes = Array(name.utf8)
        while byLength.count <= bytes.count { byLength.append([]) }
        byLength[bytes.count].append(Entry(start: Self.start(of: bytes.span, 0..<bytes.count), place: all.count))
        all.append(bytes)
        return all.count - 1
    }

    /// The place of a name; `nil` if it is not among them.
    public func find(_ name: String) -> Int? {
        let bytes = name.utf8.span
        return find(bytes, 0..<bytes.count)
    }

    /// The place of the name that some of these bytes are; `nil` if it is not among them. `range` is within the bytes.
    func find(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Int? {
        guard range.count < byLength.count, !byLength[range.count].isEmpty else { return nil }
        let start = Self.start(of: bytes, range)
        for entry in byLength[range.count] where entry.start == start {
            if range.count <= 8 || isSame(bytes, range, as: all[entry.place]) { return entry.place }
        }
        return nil
    }

    private func isSame(_ bytes: Span<UInt8>, _ range: Range<Int>, as name: [UInt8]) -> Bool {
        for place in 8..<range.count where bytes[range.lowerBound + place] != name[place] { return false }
        return true
    }

    private static func start(of bytes: Span<UInt8>, _ range: Range<Int>) -> UInt64 {
        let count = min(8, range.count)
        if range.lowerBound + 8 <= bytes.count {
            let word = bytes.bytes.unsafeLoadUnaligned(fromByteOffset: range.lowerBound, as: UInt64.self)
            return count == 8 ? UInt64(littleEndian: word) : UInt64(littleEndian: word) & (1 << UInt64(8 * count) - 1)
        }
        var word: UInt64 = 0
        for place in 0..<count { word |= UInt64(bytes[range.lowerBound + place]) << UInt64(8 * place) }
        return word
    }
}

extension Span<UInt8> {
    /// Equality of bytes.
    func hasSameBytes(as other: Span<UInt8>) -> Bool {
        guard count == other.count else { return false }
        for place in indices where self[place] != other[place] { return false }
        return true
    }
}
