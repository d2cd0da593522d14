/// LayerNorm without parameters, after the residual sum: (v - mean) / sqrt(variance + ε) with v = hidden + update.
///
/// Only the first `width` of a row's `stride` floats count; the others stay unchanged. A row's result depends on that
/// row alone.
public struct TableNorm: Sendable {
    private let width: Int
    private let stride: Int
    private let epsilon: Float

    /// Throws `unsupportedSize` unless the width is a positive multiple of 8 and within the stride.
    public init(width: Int, stride: Int, epsilon: Float = 1e-5) throws(KernelError) {
        guard width > 0, width % 8 == 0, stride >= width else {
            throw .unsupportedSize(
                kernel: "TableNorm", what: "width", found: width, need: "a positive multiple of 8, at most \(stride)")
        }
        self.width = width
        self.stride = stride
        self.epsilon = epsilon
    }

    /// hidden = norm(hidden + update) in the first `rows` rows.
    public func apply(to hidden: FloatBuffer, adding update: FloatBuffer, rows: Int) {
        let x = hidden.pointer(first: rows * stride)
        let y = update.pointer(first: rows * stride)
        for row in 0..<rows { normalize(x + row * stride, y + row * stride) }
    }

    @inline(__always)
    private func normalize(_ x: UnsafeMutablePointer<Float>, _ y: UnsafePointer<Float>) {
        var sums = Lanes.zero
        for c in Swift.stride(from: 0, to: width, by: 8) {
            let v = Lanes.load(x + c) + Lanes.load(y + c)
            v.store(x + c)
            sums += v
        }
        let mean = Lanes(repeating: sums.sum() / Float(width))
        var squares = Lanes.zero
        for c in Swift.stride(from: 0, to: width, by: 8) {
            let d = Lanes.load(x + c) - mean
            squares = squares.addingProduct(d, d)
        }
        let factor = Lanes(repeating: 1 / (squares.sum() / Float(width) + epsilon).squareRoot())
        for c in Swift.stride(from: 0, to: width, by: 8) { ((Lanes.load(x + c) - mean) * factor).store(x + c) }
    }
}

/// Sums of buffers.
public enum TableSum {
    /// target += addend, the first `count` floats.
    public static func add(_ addend: FloatBuffer, to target: FloatBuffer, count: Int) {
        let x = addend.pointer(first: count)
        let y = target.pointer(first: count)
        let whole = count & ~7
        for index in stride(from: 0, to: whole, by: 8) {
            (Lanes.load(y + index) + Lanes.load(x + index)).store(y + index)
        }
        for index in whole..<count { y[index] += x[index] }
    }
}
