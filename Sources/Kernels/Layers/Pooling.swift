/// Makes one vector of each sequence from the states of its tokens.
public enum Pooling {
    /// The mean of each sequence's rows of `hiddenTC`, divided by its L2 norm if asked: `(B, C)`.
    ///
    /// `starts` are the cumulative lengths, B + 1 of them from 0. A norm under 1e-12 counts as 1e-12, as in the
    /// reference. Rows are added in order, so a sequence's vector depends on that sequence alone.
    public static func mean(_ hiddenTC: FloatBuffer, starts: [Int], width: Int, isNormalized: Bool) -> [Float] {
        let x = hiddenTC.pointer(first: (starts.last ?? 0) * width)
        var vectors = [Float](repeating: 0, count: (starts.count - 1) * width)
        for (index, (start, end)) in zip(starts, starts.dropFirst()).enumerated() where end > start {
            let first = index * width
            for row in start..<end {
                for c in 0..<width { vectors[first + c] += x[row * width + c] }
            }
            let count = Float(end - start)
            var squares: Float = 0
            for c in first..<first + width {
                vectors[c] /= count
                squares += vectors[c] * vectors[c]
            }
            guard isNormalized else { continue }
            let norm = max(squares.squareRoot(), 1e-12)
            for c in first..<first + width { vectors[c] /= norm }
        }
        return vectors
    }
}
