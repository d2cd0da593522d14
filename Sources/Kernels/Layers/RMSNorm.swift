/// Root mean square norm over the channels of each row: x / sqrt(mean(x²) + ε) · weight.
///
/// Zhang and Sennrich 2019, as `Qwen3RMSNorm` of transformers computes it. A row's result depends on that row alone.
public struct RMSNorm: Sendable {
    /// Channels, C.
    public let width: Int
    private let weight: [Float]
    private let epsilon: Float

    /// Throws `unsupportedSize` when the width is not a positive multiple of 8.
    public init(weight: [Float], epsilon: Float) throws(KernelError) {
        guard weight.count > 0, weight.count % 8 == 0 else {
            throw .unsupportedSize(
                kernel: "RMSNorm", what: "width", found: weight.count, need: "a positive multiple of 8")
        }
        width = weight.count
        self.weight = weight
        self.epsilon = epsilon
    }

    /// input = norm(hidden) for a range of rows, for products to read.
    public func apply(_ hiddenTC: FloatBuffer, rows: Range<Int>, into input: QuantizedActivations) {
        let x = hiddenTC.pointer(rows.lowerBound * width..<rows.upperBound * width)
        input.writeRows(rows, width: width) { row, y in
            normalize(x + (row - rows.lowerBound) * width, into: y)
        }
    }

    /// hidden += update, then input = norm(hidden): a residual connection and the next norm in one pass over memory.
    public func apply(
        _ hiddenTC: FloatBuffer, adding updateTC: FloatBuffer, rows: Range<Int>, into input: QuantizedActivations
    ) {
        let range = rows.lowerBound * width..<rows.upperBound * width
        let (x, u) = (hiddenTC.pointer(range), updateTC.pointer(range))
        input.writeRows(rows, width: width) { row, y in
            let offset = (row - rows.lowerBound) * width
            add(u + offset, to: x + offset)
            normalize(x + offset, into: y)
        }
    }

    /// hidden = norm(hidden + update), in place: the norm after the last layer.
    public func apply(to hiddenTC: FloatBuffer, adding updateTC: FloatBuffer, rows: Range<Int>) {
        let range = rows.lowerBound * width..<rows.upperBound * width
        let (x, u) = (hiddenTC.pointer(range), updateTC.pointer(range))
        for offset in stride(from: 0, to: range.count, by: width) {
            add(u + offset, to: x + offset)
            normalize(x + offset, into: x + offset)
        }
    }

    @inline(__always)
    private func add(_ u: UnsafePointer<Float>, to x: UnsafeMutablePointer<Float>) {
        for c in stride(from: 0, to: width, by: 8) { (Lanes.load(x + c) + Lanes.load(u + c)).store(x + c) }
    }

    /// One row; `y` may be `x`.
    @inline(__always)
    func normalize(_ x: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>) {
        var squares = Lanes.zero
        for c in stride(from: 0, to: width, by: 8) {
            let v = Lanes.load(x + c)
            squares.addProduct(v, v)
        }
        let factor = Lanes(repeating: 1 / (squares.sum() / Float(width) + epsilon).squareRoot())
        weight.withUnsafeBufferPointer { weight in
            guard let weight = weight.baseAddress else { return }
            for c in stride(from: 0, to: width, by: 8) {
                (Lanes.load(x + c) * factor * Lanes.load(weight + c)).store(y + c)
            }
        }
    }
}
