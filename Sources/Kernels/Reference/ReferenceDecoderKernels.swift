import Foundation

/// The kernels of decoder-style transformers (Qwen3), slow and obvious, in double precision.
extension ReferenceKernels {
    /// x / sqrt(mean(x²) + ε) · weight for each row of `weight.count` values.
    public static func rmsNorm(_ x: [Double], weight: [Float], epsilon: Double) -> [Double] {
        let width = weight.count
        var y = x
        for row in 0..<x.count / width {
            let values = x[row * width..<(row + 1) * width]
            let factor = 1 / (values.reduce(0) { $0 + $1 * $1 } / Double(width) + epsilon).squareRoot()
            for c in 0..<width { y[row * width + c] = x[row * width + c] * factor * Double(weight[c]) }
        }
        return y
    }

    /// One head at one position, its two halves rotated by angles that are formed in float32 as the reference does.
    public static func rotary(_ x: [Double], position: Int, frequencies: [Float]) -> [Double] {
        let half = x.count / 2
        var y = x
        for i in 0..<half {
            let angle = Double(Float(position) * frequencies[i])
            y[i] = x[i] * cos(angle) - x[half + i] * sin(angle)
            y[half + i] = x[half + i] * cos(angle) + x[i] * sin(angle)
        }
        return y
    }

    /// silu(gate) · up.
    public static func swiGLU(gate: [Double], up: [Double]) -> [Double] {
        zip(gate, up).map { $0 / (1 + exp(-$0)) * $1 }
    }

    /// Causal grouped-query attention of one sequence: (n, (H + 2 · K) · D) -> (n, H · D).
    public static func causalAttention(
        _ queriesKeysValues: [Double], queryHeads: Int, keyHeads: Int, headWidth: Int
    ) -> [Double] {
        let stride = (queryHeads + 2 * keyHeads) * headWidth
        let length = queriesKeysValues.count / stride
        var context = [Double](repeating: 0, count: length * queryHeads * headWidth)
        for head in 0..<queryHeads {
            let query = head * headWidth
            let key = (queryHeads + head / (queryHeads / keyHeads)) * headWidth
            let value = key + keyHeads * headWidth
            for t in 0..<length {
                let scores = (0...t).map { s in
                    (0..<headWidth).reduce(0.0) {
                        $0 + queriesKeysValues[t * stride + query + $1] * queriesKeysValues[s * stride + key + $1]
                    } / Double(headWidth).squareRoot()
                }
                for (s, share) in softmax(scores).enumerated() {
                    for d in 0..<headWidth {
                        context[t * queryHeads * headWidth + query + d] +=
                            share * queriesKeysValues[s * stride + value + d]
                    }
                }
            }
        }
        return context
    }
}
