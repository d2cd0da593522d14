/// LayerNorm over the channels of each row: (x - mean) / sqrt(variance + ε) · weight + bias.
///
/// Mean first, then the variance about it, as the reference does; a row's result depends on that row alone.
public struct Normalization: Sendable {
    /// Channels, C.
    public let width: Int
    private let weight: [Float]
    private let bias: [Float]
    private let epsilon: Float

    /// Throws `unsupportedSize` when the width is not a positive multiple of 8, or `bias` has another one.
    public init(weight: [Float], bias: [Float], epsilon: Float) throws(KernelError) {
        guard weight.count > 0, weight.count % 8 == 0 else {
            throw .unsupportedSize(
                kernel: "Normalization", what: "width", found: weight.count, need: "a positive multiple of 8")
        }
        guard bias.count == weight.count else {
            throw .unsupportedSize(
                kernel: "Normalization", what: "bias", found: bias.count, need: "\(weight.count) as the weight")
        }
        self.width = weight.count
        self.weight = weight
        self.bias = bias
        self.epsilon = epsilon
    }

    /// Normalises the first `rows` rows of `hiddenTC` in place.
    public func apply(to hiddenTC: FloatBuffer, rows: Int) {
        let x = hiddenTC.pointer(first: rows * width)
        for row in 0..<rows { normalize(x + row * width, adding: nil) }
    }

    /// hidden = LayerNorm(hidden + update) on a range of rows: the residual connection and its norm in one pass over memory.
    /// The first row of `update` is added to the first of the range.
    public func apply(to hiddenTC: FloatBuffer, rows: Range<Int>, adding update: FloatBuffer) {
        let x = hiddenTC.pointer(rows.lowerBound * width..<rows.upperBound * width)
        let y = update.pointer(first: rows.count * width)
        for row in 0..<rows.count { normalize(x + row * width, adding: y + row * width) }
    }

    @inline(__always)
    private func normalize(_ x: UnsafeMutablePointer<Float>, adding y: UnsafeMutablePointer<Float>?) {
        var sums = Lanes.zero
        for c in stride(from: 0, to: width, by: 8) {
            var v = Lanes.load(x + c)
            if let y {
                v += Lanes.load(y + c)
                v.store(x + c)
            }
            sums += v
        }
        let mean = Lanes(repeating: sums.sum() / Float(width))
        var squares = Lanes.zero
        for c in stride(from: 0, to: width, by: 8) {
            let d = Lanes.load(x + c) - mean
            squares = squares.addingProduct(d, d)
        }
        let factor = Lanes(repeating: 1 / (squares.sum() / Float(width) + epsilon).squareRoot())
        weight.withUnsafeBufferPointer { weight in
            bias.withUnsafeBufferPointer { bias in
                guard let weight = weight.baseAddress, let bias = bias.baseAddress else { return }
                for c in stride(from: 0, to: width, by: 8) {
                    let scaled = (Lanes.load(x + c) - mean) * factor
                    Lanes.load(bias + c).addingProduct(scaled, Lanes.load(weight + c)).store(x + c)
                }
            }
        }
    }
}
