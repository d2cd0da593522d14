/// Element-wise kernels and softmax, in place, on one thread.
public enum Activations {
    /// GELU by the error function, x · Φ(x), on the first `count` floats. Absolute error under 2e-6 for |x| ≤ 6.
    public static func gelu(_ values: FloatBuffer, count: Int) {
        gelu(values.pointer(first: count), count: count)
    }

    static func gelu(_ x: UnsafeMutablePointer<Float>, count: Int) {
        apply(x, count: count) { VectorMath.gelu($0) }
    }

    /// eˣ on the first `count` floats, for x ≤ 88; values below -87 give 0.
    public static func exp(_ values: FloatBuffer, count: Int) {
        let x = values.pointer(first: count)
        apply(x, count: count) { VectorMath.exp($0) }
    }

    /// Softmax of each of `rows` rows of `columns` floats, `stride` floats apart; the floats between are set to 0.
    public static func softmax(_ values: FloatBuffer, rows: Int, columns: Int, stride: Int) {
        precondition(rows >= 0 && columns > 0 && stride >= columns, "softmax: \(rows) rows of \(columns) in \(stride)")
        let x = values.pointer(first: rows * stride)
        for row in 0..<rows { softmaxRow(x + row * stride, columns: columns, stride: stride) }
    }

    // One row; `columns..<stride` becomes 0, so that a product over the padded row adds nothing.
    @inline(__always)
    static func softmaxRow(_ x: UnsafeMutablePointer<Float>, columns: Int, stride: Int) {
        let whole = columns & ~7
        var largest = Lanes(repeating: -.infinity)
        var column = 0
        while column < whole {
            let v = Lanes.load(x + column)
            largest = largest.replacing(with: v, where: v .> largest)
            column += 8
        }
        var top = largest.max()
        while column < columns {
            if x[column] > top { top = x[column] }
            column += 1
        }
        let shift = Lanes(repeating: top)
        var sums = Lanes.zero
        column = 0
        while column < whole {
            let e = VectorMath.exp(Lanes.load(x + column) - shift)
            e.store(x + column)
            sums += e
            column += 8
        }
        var sum = sums.sum()
        while column < columns {
            let e = VectorMath.exp(Lanes(repeating: x[column]) - shift)[0]
            x[column] = e
            sum += e
            column += 1
        }
        let factor = 1 / sum
        column = 0
        while column < whole {
            (Lanes.load(x + column) * factor).store(x + column)
            column += 8
        }
        while column < columns {
            x[column] *= factor
            column += 1
        }
        while column < stride {
            x[column] = 0
            column += 1
        }
    }

    @inline(__always)
    private static func apply(_ x: UnsafeMutablePointer<Float>, count: Int, _ body: (Lanes) -> Lanes) {
        let whole = count & ~7
        var index = 0
        while index < whole {
            body(Lanes.load(x + index)).store(x + index)
            index += 8
        }
        while index < count {
            x[index] = body(Lanes(repeating: x[index]))[0]
            index += 1
        }
    }
}
