package import Kernels

/// The last hidden states of one sequence, (T, C): a view into the encoder's memory, valid inside the call that gives it.
public struct TokenStates {
    /// Index of the sequence in its batch.
    public let sequence: Int
    /// Number of tokens, T.
    public var count: Int { rows.count }
    /// Channels, C.
    public let width: Int

    // For kernels that read the states in place.
    package let hiddenTC: FloatBuffer
    package let rows: Range<Int>

    init(sequence: Int, rows: Range<Int>, width: Int, of hiddenTC: FloatBuffer) {
        self.sequence = sequence
        self.rows = rows
        self.width = width
        self.hiddenTC = hiddenTC
    }

    /// A copy of all states, (T, C) row-major.
    public var values: [Float] { hiddenTC.copy(rows.lowerBound * width..<rows.upperBound * width) }

    /// A copy of one token's state. Precondition: there is such a token.
    public subscript(token: Int) -> [Float] {
        precondition(0 <= token && token < count, "TokenStates: token \(token) of \(count)")
        return hiddenTC.copy((rows.lowerBound + token) * width..<(rows.lowerBound + token + 1) * width)
    }

    /// A copy of the last token's state.
    public var last: [Float] { self[count - 1] }

    /// The mean of all states, divided by its L2 norm if asked.
    package func mean(isNormalized: Bool) -> [Float] {
        Pooling.mean(
            hiddenTC, starts: [rows.lowerBound, rows.upperBound], width: width, isNormalized: isNormalized)
    }
}
