import Foundation

/// The slow, obvious version of every kernel, in double precision. Tests compare the fast ones with it.
public enum ReferenceKernels {
    /// (M, K) · (N, K)ᵀ + bias -> (M, N): a linear layer with its weight stored as checkpoints store it.
    public static func linear(_ x: [Double], weight: [Float], bias: [Float], inputs: Int, outputs: Int) -> [Double] {
        let rows = x.count / inputs
        var y = [Double](repeating: 0, count: rows * outputs)
        for m in 0..<rows {
            for n in 0..<outputs {
                var sum = Double(bias[n])
                for k in 0..<inputs { sum += x[m * inputs + k] * Double(weight[n * inputs + k]) }
                y[m * outputs + n] = sum
            }
        }
        return y
    }

    /// The nearest numbers of eight significant bits, ties to the even one.
    public static func roundedToBFloat16(_ x: [Float]) -> [Float] {
        x.map { value in
            guard value.isFinite else { return value }
            let below = Float(bitPattern: value.bitPattern & 0xFFFF_0000)
            // Numbers above the largest one are rounded as if the next one, 2^128, existed.
            let above = Double(below) + Double(value.sign == .minus ? -1 : 1) * Double(below.ulp) * 0x1p16
            let (down, up) = (abs(Double(value) - Double(below)), abs(above - Double(value)))
            let isBelowEven = below.bitPattern & 0x1_0000 == 0
            return down < up || (down == up && isBelowEven) ? below : Float(above)
        }
    }

    /// x · Φ(x).
    public static func gelu(_ x: [Double]) -> [Double] {
        x.map { 0.5 * $0 * (1 + erf($0 / 2.0.squareRoot())) }
    }

    /// LayerNorm of each row of `weight.count` values.
    public static func layerNorm(_ x: [Double], weight: [Float], bias: [Float], epsilon: Double) -> [Double] {
        let width = weight.count
        var y = x
        for row in 0..<x.count / width {
            let values = x[row * width..<(row + 1) * width]
            let mean = values.reduce(0, +) / Double(width)
            let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(width)
            for c in 0..<width {
                let scaled = (x[row * width + c] - mean) / (variance + epsilon).squareRoot()
                y[row * width + c] = scaled * Double(weight[c]) + Double(bias[c])
            }
        }
        return y
    }

    /// Softmax of one row.
    public static func softmax(_ x: [Double]) -> [Double] {
        let top = x.max() ?? 0
        let exponentials = x.map { exp($0 - top) }
        let sum = exponentials.reduce(0, +)
        return exponentials.map { $0 / sum }
    }

    /// Multi-head self-attention of one sequence: (n, 3 · C) -> (n, C).
    public static func attention(_ queriesKeysValues: [Double], heads: Int, headWidth: Int) -> [Double] {
        let width = heads * headWidth
        let length = queriesKeysValues.count / (3 * width)
        var context = [Double](repeating: 0, count: length * width)
        for head in 0..<heads {
            let offset = head * headWidth
            for i in 0..<length {
                let scores = (0..<length).map { j in
                    (0..<headWidth).reduce(0.0) { sum, d in
                        sum + queriesKeysValues[i * 3 * width + offset + d]
                            * queriesKeysValues[j * 3 * width + width + offset + d]
                    } / Double(headWidth).squareRoot()
                }
                for (j, share) in softmax(scores).enumerated() {
                    for d in 0..<headWidth {
                        context[i * width + offset + d] +=
                            share * queriesKeysValues[j * 3 * width + 2 * width + offset + d]
                    }
                }
            }
        }
        return context
    }
}
