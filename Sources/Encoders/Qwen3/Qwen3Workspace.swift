import Kernels

/// What a run of sequences is computed in: rows that all threads of a team share.
final class Qwen3Workspace: @unchecked Sendable {
    // Sendable because threads of a team write different rows, or different heads, between two barriers.
    let hiddenTC: FloatBuffer
    let updateTC: FloatBuffer
    let inputTC: QuantizedActivations
    let queriesKeysValues: FloatBuffer
    /// Where attention writes: the context itself, or floats that `roundContext` quantises.
    let attended: QuantizedActivations
    let context: QuantizedActivations
    // In 8 bits a row is rounded whole, and heads of a row are written by different threads.
    private let contextFloats: FloatBuffer?
    /// This thread's own buffers; it uses them for the rows of any workspace.
    let scratch: Qwen3Scratch

    /// For runs of `tokensMax` tokens. In rows of other threads its thread may get sequences of up to `lengthMax` tokens.
    init(_ sizes: Qwen3Configuration, tokensMax: Int, lengthMax: Int, precision: Precision) throws(KernelError) {
        let rows = MatrixMultiply.rowsRoundedUp(tokensMax)
        hiddenTC = FloatBuffer(count: rows * sizes.width)
        updateTC = FloatBuffer(count: rows * sizes.width)
        inputTC = QuantizedActivations(rows: rows, width: sizes.width, precision: precision)
        queriesKeysValues = FloatBuffer(count: rows * sizes.attentionWidth)
        let contextWidth = sizes.queryHeads * sizes.headWidth
        context = QuantizedActivations(rows: rows, width: contextWidth, precision: precision)
        if precision == .int8 {
            let floats = FloatBuffer(count: rows * contextWidth)
            contextFloats = floats
            attended = QuantizedActivations(reading: floats, rows: rows, width: contextWidth, precision: .float32)
        } else {
            contextFloats = nil
            attended = context
        }
        scratch = try Qwen3Scratch(sizes, lengthMax: lengthMax, precision: precision)
    }

    /// Quantises rows of the context that attention wrote. Precondition: all their heads are written.
    func roundContext(_ rows: Range<Int>) {
        if let contextFloats { context.take(rows, of: contextFloats) }
    }

    /// Bytes of one workspace.
    static func bytes(_ sizes: Qwen3Configuration, tokensMax: Int, lengthMax: Int, precision: Precision) -> Int {
        let rows = MatrixMultiply.rowsRoundedUp(tokensMax)
        let contextWidth = sizes.queryHeads * sizes.headWidth
        // In 8 bits, the context in floats too and two scales a row.
        let wide = 2 * sizes.width + sizes.attentionWidth + (precision == .int8 ? contextWidth + 2 : 0)
        return rows * wide * 4 + rows * (sizes.width + contextWidth) * precision.bytes
            + Qwen3Scratch.bytes(sizes, lengthMax: lengthMax, precision: precision)
    }
}

/// What one thread needs for itself.
package final class Qwen3Scratch {
    /// Rows that go through the feed-forward block together: it bounds memory, and products are no faster with more.
    package static let rows = 256

    let gateUp: FloatBuffer
    let inner: QuantizedActivations
    let attention: CausalAttention
    /// Processor seconds spent in products.
    private(set) var productSeconds = 0.0

    init(_ sizes: Qwen3Configuration, lengthMax: Int, precision: Precision) throws(KernelError) {
        gateUp = FloatBuffer(count: Self.rows * 2 * sizes.innerWidth)
        inner = QuantizedActivations(rows: Self.rows, width: sizes.innerWidth, precision: precision)
        attention = try CausalAttention(
            queryHeads: sizes.queryHeads, keyHeads: sizes.keyHeads, headWidth: sizes.headWidth, lengthMax: lengthMax)
    }

    static func bytes(_ sizes: Qwen3Configuration, lengthMax: Int, precision: Precision) -> Int {
        rows * (sizes.innerWidth * (8 + precision.bytes) + (precision == .int8 ? 4 : 0))
            + CausalAttention.bytes(
                queryHeads: sizes.queryHeads, keyHeads: sizes.keyHeads, headWidth: sizes.headWidth,
                lengthMax: lengthMax)
    }

    /// Runs a product and adds its time.
    func time(_ product: () throws(KernelError) -> Void) throws(KernelError) {
        let start = ProcessorTime.ofThisThread
        try product()
        productSeconds += ProcessorTime.ofThisThread - start
    }
}
