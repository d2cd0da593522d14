/// Names of members to read, ordered so that a member's name is compared with few of them.
public struct JSONNames: Sendable {
    /// In the order in which they were added, each once.
    public private(set) var all: [[UInt8]] = []
    /// Places in `all`, by number of bytes.
    private var byLength: [[Int]] = []

    /// No names.
    public init() {}

    /// The place of a name, which is added if it is new.
    public mutating func place(of name: String) -> Int {
        let bytes = Array(name.utf8)
        if let place = candidates(bytes.count).first(where: { all[$0] == bytes }) { return place }
        while byLength.count <= bytes.count { byLength.append([]) }
        byLength[bytes.count].append(all.count)
        all.append(bytes)
        return all.count - 1
    }

    /// The place of a name; `nil` if it is not among them.
    public func find(_ name: String) -> Int? {
        let bytes = name.utf8.span
        guard bytes.count < byLength.count else { return nil }
        for place in byLength[bytes.count] {
            let known = all[place]
            if bytes.hasSameBytes(as: known.span) { return place }
        }
        return nil
    }

    /// Places of the names with so many bytes.
    func candidates(_ bytes: Int) -> [Int] { bytes < byLength.count ? byLength[bytes] : [] }
}

extension Span<UInt8> {
    /// Equality of bytes.
    func hasSameBytes(as other: Span<UInt8>) -> Bool {
        guard count == other.count else { return false }
        for place in indices where self[place] != other[place] { return false }
        return true
    }
}
