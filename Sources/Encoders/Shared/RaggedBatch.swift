import ModelFiles

/// Token sequences of different lengths, one after the other: no padding is stored and none is computed.
public struct RaggedBatch: Sendable, Equatable {
    /// All ids, sequence after sequence: `(T)`.
    public private(set) var ids: [Int32]
    /// Where sequences start, and where the last one ends: `(B + 1)`, from 0.
    public private(set) var starts: [Int]

    /// No sequence yet.
    public init() {
        ids = []
        starts = [0]
    }

    /// Joins sequences in order.
    public init(_ sequences: some Sequence<[Int32]>) {
        self.init()
        for sequence in sequences { append(sequence) }
    }

    /// Adds a sequence at the end.
    public mutating func append(_ sequence: some Collection<Int32>) {
        ids.append(contentsOf: sequence)
        starts.append(ids.count)
    }

    /// Number of sequences, B.
    public var count: Int { starts.count - 1 }

    /// Number of tokens of all sequences, T.
    public var tokens: Int { ids.count }

    /// Ids of one sequence.
    public subscript(index: Int) -> ArraySlice<Int32> {
        ids[starts[index]..<starts[index + 1]]
    }

    /// Runs of whole sequences of at most `tokensMax` tokens each; a longer sequence is a run of its own.
    public func runs(tokensMax: Int) -> [Range<Int>] {
        var runs: [Range<Int>] = []
        var first = 0
        for index in 0..<count where index > first && starts[index + 1] - starts[first] > tokensMax {
            runs.append(first..<index)
            first = index
        }
        if first < count { runs.append(first..<count) }
        return runs
    }

    /// Throws `sequenceLength` or `tokenOutOfRange` for the first sequence that an encoder cannot read.
    func check(lengths: ClosedRange<Int>, vocabulary: Int) throws(ModelError) {
        for index in 0..<count {
            let ids = self[index]
            guard lengths.contains(ids.count) else {
                throw .sequenceLength(sequence: index, tokens: ids.count, range: lengths)
            }
            if let bad = ids.firstIndex(where: { $0 < 0 || Int($0) >= vocabulary }) {
                throw .tokenOutOfRange(
                    sequence: index, position: bad - ids.startIndex, token: ids[bad], vocabulary: vocabulary)
            }
        }
    }
}
