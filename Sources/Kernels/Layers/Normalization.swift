import WideKernels

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
        normalize(x, adding: nil, rows: rows)
    }

    /// hidden = LayerNorm(hidden + update) on a range of rows: the residual connection and its norm in one pass over memory.
    /// The first row of `update` is added to the first of the range.
    public func apply(to hiddenTC: FloatBuffer, rows: Range<Int>, adding update: FloatBuffer) {
        let x = hiddenTC.pointer(rows.lowerBound * width..<rows.upperBound * width)
        let y = update.pointer(first: rows.count * width)
        normalize(x, adding: y, rows: rows.count)
    }

    private func normalize(_ x: UnsafeMutablePointer<Float>, adding y: UnsafePointer<Float>?, rows: Int) {
        weight.withUnsafeBufferPointer { weight in
            bias.withUnsafeBufferPointer { bias in
                guard let weight = weight.baseAddress, let bias = bias.baseAddress else { return }
                if Vectors.areWide, width % 16 == 0 {
                    WideKernels.VectorLoops.layerNorm(
                        x, adding: y, rows: rows, width: width, weight: weight, bias: bias, epsilon: epsilon)
                } else {
                    VectorLoops.layerNorm(
                        x, adding: y, rows: rows, width: width, weight: weight, bias: bias, epsilon: epsilon)
                }
            }
        }
    }
}
