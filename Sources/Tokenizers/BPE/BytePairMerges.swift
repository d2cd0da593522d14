/// Joins the bytes of a word to tokens: byte pair encoding (Sennrich, Haddow and Birch, 2016) of the reference.
///
/// Of all adjacent pairs that have a rank, the one of the lowest rank is joined, the leftmost first, until there is
/// none. Words of ordinary length look for the lowest rank in a row of numbers; longer ones keep the pairs in a heap
/// and the tokens in a linked list, so that a line of 100,000 letters takes n log n steps.
struct BytePairMerges: Sendable {
    /// By byte.
    private let byteIDs: [Int32]
    /// From two ids to rank, in the upper half, and the joined id.
    private let pairs: PairTable
    /// The same by two bytes: every word starts as bytes, and this half megabyte stays in the cache.
    private let bytePairs: [UInt64]

    init(byteIDs: [Int32], pairs: PairTable) {
        self.byteIDs = byteIDs
        self.pairs = pairs
        bytePairs = (0..<0x10000).map { both in
            pairs.value(UInt32(bitPattern: byteIDs[both >> 8]), UInt32(bitPattern: byteIDs[both & 0xFF]))
        }
    }

    /// Memory for merging, so that it is not allocated for each word.
    struct Workspace {
        /// Tokens, and by position what the pair of a token and the next one gives.
        fileprivate var tokens: [Int32] = []
        fileprivate var joined: [UInt64] = []
        /// Positions of the tokens after and before, and the heap of ranks and positions; for long words.
        fileprivate var next: [Int32] = []
        fileprivate var previous: [Int32] = []
        fileprivate var heap = MinimumHeap()
    }

    /// Longer words use the heap; there, the row would cost more.
    private static let rowMax = 48

    /// Appends the ids of a word of at least one byte.
    func encode(_ bytes: Span<UInt8>, _ range: Range<Int>, _ space: inout Workspace, into ids: inout [Int32]) {
        if range.count == 1 { return ids.append(byteIDs[Int(bytes[range.lowerBound])]) }
        space.tokens.removeAll(keepingCapacity: true)
        for i in range { space.tokens.append(byteIDs[Int(bytes[i])]) }
        space.joined.removeAll(keepingCapacity: true)
        for i in range.dropLast() { space.joined.append(bytePairs[Int(bytes[i]) << 8 | Int(bytes[i + 1])]) }
        if range.count <= Self.rowMax {
            mergeRow(&space.tokens, &space.joined)
            ids.append(contentsOf: space.tokens)
        } else {
            mergeList(&space, into: &ids)
        }
    }

    @inline(__always)
    private func pair(_ first: Int32, _ second: Int32) -> UInt64 {
        pairs.value(UInt32(truncatingIfNeeded: first), UInt32(truncatingIfNeeded: second))
    }

    private func mergeRow(_ tokens: inout [Int32], _ joined: inout [UInt64]) {
        while true {
            // A rank is in the upper half and a pair that is not there all ones, so the lowest number is the pair.
            var lowest = PairTable.absent
            var at = 0
            for i in joined.indices where joined[i] < lowest {
                lowest = joined[i]
                at = i
            }
            if lowest == PairTable.absent { return }
            tokens[at] = Int32(truncatingIfNeeded: lowest)
            tokens.remove(at: at + 1)
            joined.remove(at: at)
            if at > 0 { joined[at - 1] = pair(tokens[at - 1], tokens[at]) }
            if at < joined.count { joined[at] = pair(tokens[at], tokens[at + 1]) }
        }
    }

    private func mergeList(_ space: inout Workspace, into ids: inout [Int32]) {
        let count = space.tokens.count
        space.joined.append(PairTable.absent)
        space.next.removeAll(keepingCapacity: true)
        space.previous.removeAll(keepingCapacity: true)
        space.heap.removeAll()
        for i in 0..<count {
            space.next.append(Int32(i + 1))
            space.previous.append(Int32(i - 1))
            push(i, &space)
        }
        while let entry = space.heap.pop() {
            let at = Int(entry & 0xFFFF_FFFF)
            // A pair changes when a neighbour is joined to something else; what was said of it before is void.
            let pair = space.joined[at]
            guard pair >> 32 == entry >> 32 else { continue }
            let gone = Int(space.next[at])
            let after = Int(space.next[gone])
            space.tokens[at] = Int32(truncatingIfNeeded: pair)
            space.joined[gone] = PairTable.absent
            space.next[at] = Int32(after)
            if after < count { space.previous[after] = Int32(at) }
            space.joined[at] =
                after < count ? self.pair(space.tokens[at], space.tokens[after]) : PairTable.absent
            push(at, &space)
            let before = Int(space.previous[at])
            if before >= 0 {
                space.joined[before] = self.pair(space.tokens[before], space.tokens[at])
                push(before, &space)
            }
        }
        var i = 0
        while i < count {
            ids.append(space.tokens[i])
            i = Int(space.next[i])
        }
    }

    private func push(_ position: Int, _ space: inout Workspace) {
        let pair = space.joined[position]
        if pair != PairTable.absent { space.heap.push(pair & 0xFFFF_FFFF_0000_0000 | UInt64(position)) }
    }
}
