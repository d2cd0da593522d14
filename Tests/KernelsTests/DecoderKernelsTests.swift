import Foundation
import Kernels
import Testing

@Suite("RMSNorm, RotaryEmbedding, SwiGLU, CausalAttention")
struct DecoderKernelsTests {
    @Test("RMSNorm is the reference's, alone, with the residual and in place", arguments: [8, 64, 1024])
    func rmsNorm(width: Int) throws {
        let rows = 5
        let (x, u) = (Samples(seed: 30).floats(rows * width, range: 9), Samples(seed: 31).floats(rows * width))
        let weight = Samples(seed: 32).floats(width)
        let norm = try RMSNorm(weight: weight, epsilon: 1e-6)
        let input = QuantizedActivations(rows: rows, width: width, precision: .float32)
        norm.apply(FloatBuffer(x), rows: 0..<rows, into: input)
        let alone = ReferenceKernels.rmsNorm(x.map(Double.init), weight: weight, epsilon: 1e-6)
        let error = Samples.difference(input.copy(0..<rows * width), alone)
        print("RMSNorm, \(width) channels: max error \(error) (tolerance 2e-6)")
        #expect(error < 2e-6)

        let sum = zip(x, u).map { $0 + $1 }
        let both = ReferenceKernels.rmsNorm(sum.map(Double.init), weight: weight, epsilon: 1e-6)
        let hidden = FloatBuffer(x)
        norm.apply(hidden, adding: FloatBuffer(u), rows: 1..<4, into: input)
        let inner = width..<4 * width
        #expect(Samples.difference(input.copy(inner), Array(both[inner])) < 2e-6)
        #expect(hidden.copy(inner) == Array(sum[inner]))
        #expect(hidden.copy(0..<width) == Array(x[..<width]))
        let last = FloatBuffer(x)
        norm.apply(to: last, adding: FloatBuffer(u), rows: 0..<rows)
        #expect(Samples.difference(last.copy(0..<rows * width), both) < 2e-6)
        #expect(throws: KernelError.self) { try RMSNorm(weight: [1, 2, 3], epsilon: 1e-6) }
    }

    @Test("a kernel's rows in bfloat16 are its rows in float32, rounded")
    func rounded() throws {
        let (rows, width) = (3, 40)
        let x = FloatBuffer(Samples(seed: 33).floats(rows * width, range: 5))
        let norm = try RMSNorm(weight: Samples(seed: 34).floats(width), epsilon: 1e-6)
        let exact = QuantizedActivations(rows: rows, width: width, precision: .float32)
        let half = QuantizedActivations(rows: rows, width: width, precision: .bfloat16)
        for input in [exact, half] { norm.apply(x, rows: 0..<rows, into: input) }
        let all = 0..<rows * width
        #expect(half.copy(all) == ReferenceKernels.roundedToBFloat16(exact.copy(all)))
    }

    @Test("heads are normalised and rotated as the reference does it, up to position 2047", arguments: [16, 64, 128])
    func rotary(headWidth: Int) throws {
        let rotary = try RotaryEmbedding(headWidth: headWidth, theta: 1e6, positions: 2048)
        let (rows, heads) = (4, 3)
        let stride = (heads + 1) * headWidth
        let x = Samples(seed: 35).floats(rows * stride, range: 4)
        let weight = Samples(seed: 36).floats(headWidth)
        let norm = try RMSNorm(weight: weight, epsilon: 1e-6)
        let places = [0, 1, 77, 2047]
        let buffer = FloatBuffer(x)
        rotary.apply(to: buffer, rows: 0..<rows, stride: stride, heads: 1..<heads + 1, norm: norm) { places[$0] }
        let frequencies = RotaryEmbedding.frequencies(headWidth: headWidth, theta: 1e6)
        var worst = 0.0
        for row in 0..<rows {
            let untouched = row * stride..<row * stride + headWidth
            #expect(buffer.copy(untouched) == Array(x[untouched]))
            for head in 1...heads {
                let range = row * stride + head * headWidth..<row * stride + (head + 1) * headWidth
                let normed = ReferenceKernels.rmsNorm(x[range].map(Double.init), weight: weight, epsilon: 1e-6)
                let expected = ReferenceKernels.rotary(normed, position: places[row], frequencies: frequencies)
                worst = max(worst, Samples.difference(buffer.copy(range), expected))
            }
        }
        print("rotary, heads of \(headWidth): max error \(worst) (tolerance 2e-6)")
        #expect(worst < 2e-6)
        #expect(throws: KernelError.self) { try RotaryEmbedding(headWidth: 24, theta: 1e6, positions: 1) }
    }

    @Test("SwiGLU is the reference's over the gate's whole range")
    func swiGLU() {
        let width = 8 * 2500
        let gate = (0..<width).map { Float($0) * 0.01 - 100 }
        let up = Samples(seed: 37).floats(width)
        let input = QuantizedActivations(rows: 1, width: width, precision: .float32)
        SwiGLU.apply(FloatBuffer(gate + up), rows: 0..<1, width: width, into: input)
        let expected = ReferenceKernels.swiGLU(gate: gate.map(Double.init), up: up.map(Double.init))
        let error = zip(input.copy(0..<width), expected).map { abs(Double($0) - $1) / max(abs($1), 1e-6) }.max() ?? 1
        print("SwiGLU: max relative error \(error) on [-100, 100] (tolerance 1e-6)")
        #expect(error < 1e-6)
    }

    @Test(
        "causal grouped attention is the reference's for each sequence",
        arguments: [(1, 1, 16), (4, 2, 16), (6, 2, 32), (4, 1, 64), (2, 1, 128)])
    func attention(queryHeads: Int, keyHeads: Int, headWidth: Int) throws {
        let lengths = [1, 2, 6, 7, 16, 17, 24, 25, 61]
        let starts = lengths.reduce(into: [0]) { $0.append(($0.last ?? 0) + $1) }
        let tokens = lengths.reduce(0, +)
        let (stride, width) = ((queryHeads + 2 * keyHeads) * headWidth, queryHeads * headWidth)
        let x = Samples(seed: 38).floats(tokens * stride, range: 2)
        let context = QuantizedActivations(rows: tokens, width: width, precision: .float32)
        let attention = try CausalAttention(
            queryHeads: queryHeads, keyHeads: keyHeads, headWidth: headWidth, lengthMax: 64)
        var worst = 0.0
        for (start, end) in zip(starts, starts.dropFirst()).reversed() {
            for head in 0..<keyHeads {
                attention.apply(FloatBuffer(x), rows: start..<end, keyHead: head, context: context)
            }
            let expected = ReferenceKernels.causalAttention(
                x[start * stride..<end * stride].map(Double.init), queryHeads: queryHeads, keyHeads: keyHeads,
                headWidth: headWidth)
            worst = max(worst, Samples.difference(context.copy(start * width..<end * width), expected))
        }
        print(
            "causal attention, \(queryHeads) on \(keyHeads) heads of \(headWidth): max error \(worst) (tolerance 1e-5)")
        #expect(worst < 1e-5)
    }

    @Test("a token's attention does not depend on what follows it, to the bit")
    func attentionIsCausal() throws {
        let (headWidth, length) = (32, 70)
        let stride = 4 * headWidth
        let x = Samples(seed: 39).floats(length * stride, range: 2)
        let attention = try CausalAttention(queryHeads: 2, keyHeads: 1, headWidth: headWidth, lengthMax: length)
        let whole = QuantizedActivations(rows: length, width: 2 * headWidth, precision: .float32)
        attention.apply(FloatBuffer(x), rows: 0..<length, keyHead: 0, context: whole)
        for prefix in 1..<length {
            let part = QuantizedActivations(rows: prefix, width: 2 * headWidth, precision: .float32)
            attention.apply(FloatBuffer(x), rows: 0..<prefix, keyHead: 0, context: part)
            #expect(part.copy(0..<part.count).map(\.bitPattern) == whole.copy(0..<part.count).map(\.bitPattern))
        }
    }

    @Test("sizes that attention does not do are refused")
    func attentionSizes() {
        #expect(throws: KernelError.self) {
            try CausalAttention(queryHeads: 2, keyHeads: 1, headWidth: 24, lengthMax: 8)
        }
        #expect(throws: KernelError.self) {
            try CausalAttention(queryHeads: 3, keyHeads: 2, headWidth: 16, lengthMax: 8)
        }
    }
}
