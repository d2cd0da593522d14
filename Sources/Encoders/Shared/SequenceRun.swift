import Kernels

/// A run of whole sequences that go through an encoder together, as rows of one buffer.
struct SequenceRun: Sendable {
    /// Indices of the sequences in the batch.
    let indices: Range<Int>
    /// Rows of each sequence.
    let sequences: [Range<Int>]
    /// By row: its position in its sequence.
    let positions: [Int]
    /// By row: its token id.
    let ids: ArraySlice<Int32>

    init(_ indices: Range<Int>, of batch: RaggedBatch) {
        self.indices = indices
        let first = batch.starts[indices.lowerBound]
        sequences = indices.map { batch.starts[$0] - first..<batch.starts[$0 + 1] - first }
        positions = sequences.flatMap { Array(0..<$0.count) }
        ids = batch.ids[first..<batch.starts[indices.upperBound]]
    }

    /// All sequences of a batch in runs of at most `tokensMax` tokens; a longer sequence is a run of its own.
    static func all(of batch: RaggedBatch, tokensMax: Int) -> [SequenceRun] {
        batch.runs(tokensMax: tokensMax).map { SequenceRun($0, of: batch) }
    }

    /// Number of rows.
    var rows: Int { positions.count }

    /// First rows of the sequences, and one past the last row.
    var starts: [Int] { sequences.map(\.lowerBound) + [rows] }

    /// Rows of one of `count` members: a part that starts at a multiple of `MatrixMultiply.rowStep`.
    func rows(of member: Int, among count: Int) -> Range<Int> {
        func cut(_ index: Int) -> Int { min(rows, MatrixMultiply.rowsRoundedUp(rows * index / count)) }
        return cut(member)..<cut(member + 1)
    }
}
