/// Texts as sequences of an encoder: one a text, or several windows of it.
struct WindowedTexts: Sendable {
    /// All windows, text after text.
    private(set) var batch = RaggedBatch()
    /// By text: its windows in `batch`. Each has one at least.
    private(set) var windows: [Range<Int>] = []
    /// By text: its end is in no window.
    private(set) var isTruncated: [Bool] = []
    // By window: it is the only one of its text.
    private var isWhole: [Bool] = []

    /// Adds a text.
    mutating func append(_ sequences: [[Int32]], isTruncated: Bool) {
        windows.append(batch.count..<batch.count + sequences.count)
        for sequence in sequences {
            batch.append(sequence)
            isWhole.append(sequences.count == 1)
        }
        self.isTruncated.append(isTruncated)
    }

    /// Whether a window is the only one of its text.
    func isWhole(window: Int) -> Bool { isWhole[window] }

    /// Tokens of a window.
    func tokens(window: Int) -> Int { batch[window].count }

    /// Vectors of windows to vectors of texts, row-major. A text with one window has that window's vector, to the bit;
    /// another the mean of its windows' vectors, each counted `weight` times, and then what `finish` makes of it.
    func pooled(
        _ vectors: [[Float]], weight: (Int) -> Int, finish: (inout [Float]) -> Void
    ) -> [Float] {
        var values: [Float] = []
        for range in windows {
            guard range.count > 1 else {
                values += vectors[range.lowerBound]
                continue
            }
            var sum = [Float](repeating: 0, count: vectors[range.lowerBound].count)
            var total = 0
            // In the order of the text, so that the sum has the same bits in every batch.
            for window in range {
                let weight = weight(window)
                total += weight
                for (column, value) in vectors[window].enumerated() { sum[column] += Float(weight) * value }
            }
            var mean = sum.map { $0 / Float(total) }
            finish(&mean)
            values += mean
        }
        return values
    }
}

/// L2 norms of embeddings.
enum EmbeddingNorm {
    /// Divides a vector by its norm. A norm under 1e-12 counts as 1e-12, as in the reference.
    static func divide(_ vector: inout some MutableCollection<Float>) {
        let norm = max(vector.reduce(0) { $0 + $1 * $1 }.squareRoot(), 1e-12)
        var index = vector.startIndex
        while index != vector.endIndex {
            vector[index] /= norm
            vector.formIndex(after: &index)
        }
    }
}
