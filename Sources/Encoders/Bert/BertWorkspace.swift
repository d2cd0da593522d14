import Kernels

/// The buffers that one thread needs for a run of sequences: allocated once for the longest run.
package final class BertWorkspace: @unchecked Sendable {
    // Sendable because an encoder gives each workspace to one thread at a time.
    let hiddenTC: FloatBuffer
    let queriesKeysValues: FloatBuffer
    let contextTC: FloatBuffer
    /// The inputs of products, in their precision.
    let hiddenInput: QuantizedActivations
    let contextInput: QuantizedActivations
    let innerInput: QuantizedActivations
    /// For one block of rows: values inside the feed-forward pair, and what a residual connection adds.
    let inner: FloatBuffer
    let update: FloatBuffer
    let attention: Attention

    /// Rows that go from attention to the next layer together. Products are no slower on so few (`statezero bench
    /// kernels`), and the values between them stay in the second-level cache.
    private static let block = 64

    /// For `tokensMax` tokens in sequences of up to `configuration.tokensMax`.
    init(_ configuration: BertConfiguration, tokensMax: Int, precision: Precision) {
        let rows = MatrixMultiply.rowsRoundedUp(tokensMax)
        let (width, innerWidth) = (configuration.width, configuration.innerWidth)
        hiddenTC = FloatBuffer(count: rows * width)
        queriesKeysValues = FloatBuffer(count: rows * 3 * width)
        contextTC = FloatBuffer(count: rows * width)
        inner = FloatBuffer(count: Self.block * innerWidth)
        update = FloatBuffer(count: Self.block * width)
        hiddenInput = QuantizedActivations(reading: hiddenTC, rows: rows, width: width, precision: precision)
        contextInput = QuantizedActivations(reading: contextTC, rows: rows, width: width, precision: precision)
        innerInput = QuantizedActivations(reading: inner, rows: Self.block, width: innerWidth, precision: precision)
        attention = Attention(
            heads: configuration.heads, headWidth: configuration.headWidth, lengthMax: configuration.tokensMax)
    }

    /// The rows of a run, block by block.
    package static func blocks(_ rows: Int) -> some Sequence<Range<Int>> {
        stride(from: 0, to: rows, by: block).lazy.map { $0..<min($0 + block, rows) }
    }
}
