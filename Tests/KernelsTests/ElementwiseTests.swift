import Foundation
import Kernels
import Testing

@Suite("Activations, Normalization, Attention, Pooling")
struct ElementwiseTests {
    @Test("GELU is BERT's, by the error function, over its whole range")
    func gelu() {
        let x = stride(from: Float(-12), through: 12, by: 0.001).map { $0 }
        let buffer = FloatBuffer(x)
        Activations.gelu(buffer, count: x.count)
        let error = Samples.difference(buffer.copy(0..<x.count), ReferenceKernels.gelu(x.map(Double.init)))
        print("GELU: max error \(error) on [-12, 12] (tolerance 2e-6)")
        #expect(error < 2e-6)
    }

    @Test("the exponential is right to two units in the last place, and 0 where it would be denormal")
    func exponential() {
        let x = stride(from: Float(-86.9), through: 88, by: 0.003).map { $0 }
        let buffer = FloatBuffer(x)
        Activations.exp(buffer, count: x.count)
        let found = buffer.copy(0..<x.count)
        let error = zip(x, found).map { abs(Double($1) / exp(Double($0)) - 1) }.max() ?? .infinity
        print("exp: max relative error \(error) on [-86.9, 88] (tolerance 2.4e-7)")
        #expect(error < 2.4e-7)
        let far = FloatBuffer([-88, -1000, -.infinity, -3e38, 0, 0, 0, 0])
        Activations.exp(far, count: 8)
        #expect(far.copy(0..<8) == [0, 0, 0, 0, 1, 1, 1, 1])
    }

    @Test("softmax rows are the reference's and clear what pads them", arguments: [1, 3, 7, 8, 9, 16, 100])
    func softmax(columns: Int) {
        let stride = (columns + 15) / 16 * 16
        let x = Samples(seed: 7).floats(3 * stride, range: 30)
        let buffer = FloatBuffer(x)
        Activations.softmax(buffer, rows: 3, columns: columns, stride: stride)
        for row in 0..<3 {
            let expected = ReferenceKernels.softmax(x[row * stride..<row * stride + columns].map(Double.init))
            #expect(Samples.difference(buffer.copy(row * stride..<row * stride + columns), expected) < 1e-6)
            #expect(buffer.copy(row * stride + columns..<(row + 1) * stride).allSatisfy { $0 == 0 })
        }
    }

    @Test("LayerNorm is the reference's, alone and with the residual")
    func layerNorm() throws {
        for width in [8, 32, 384] {
            let rows = 5
            let (x, y) = (Samples(seed: 8).floats(rows * width, range: 9), Samples(seed: 9).floats(rows * width))
            let (weight, bias) = (Samples(seed: 10).floats(width), Samples(seed: 11).floats(width))
            let norm = try Normalization(weight: weight, bias: bias, epsilon: 1e-12)
            let buffer = FloatBuffer(x)
            norm.apply(to: buffer, rows: rows)
            let alone = ReferenceKernels.layerNorm(x.map(Double.init), weight: weight, bias: bias, epsilon: 1e-12)
            #expect(Samples.difference(buffer.copy(0..<rows * width), alone) < 3e-6)

            let sum = FloatBuffer(x)
            norm.apply(to: sum, rows: 0..<rows, adding: FloatBuffer(y))
            let both = ReferenceKernels.layerNorm(
                zip(x, y).map { Double($0) + Double($1) }, weight: weight, bias: bias, epsilon: 1e-12)
            #expect(Samples.difference(sum.copy(0..<rows * width), both) < 3e-6)
        }
        #expect(throws: KernelError.self) { try Normalization(weight: [1, 2], bias: [1, 2], epsilon: 1e-12) }
    }

    @Test("ragged attention is the reference's for each sequence", arguments: [(1, 8), (4, 8), (2, 32), (3, 20)])
    func attention(heads: Int, headWidth: Int) {
        let lengths = [1, 2, 6, 7, 16, 17, 33, 5]
        let starts = lengths.reduce(into: [0]) { $0.append(($0.last ?? 0) + $1) }
        let width = heads * headWidth
        let tokens = lengths.reduce(0, +)
        let x = Samples(seed: 12).floats(tokens * 3 * width, range: 3)
        let context = FloatBuffer(count: tokens * width)
        Attention(heads: heads, headWidth: headWidth, lengthMax: 40)
            .apply(FloatBuffer(x), starts: starts, context: context)
        var worst = 0.0
        for (start, end) in zip(starts, starts.dropFirst()) {
            let expected = ReferenceKernels.attention(
                x[start * 3 * width..<end * 3 * width].map(Double.init), heads: heads, headWidth: headWidth)
            worst = max(worst, Samples.difference(context.copy(start * width..<end * width), expected))
        }
        print("attention, \(heads) heads of \(headWidth): max error \(worst) (tolerance 1e-5)")
        #expect(worst < 1e-5)
    }

    @Test("pooling is the mean of each sequence's rows, of length one if asked")
    func pooling() {
        let rows = FloatBuffer([1, 2, 3, 4, 30, 40])
        #expect(Pooling.mean(rows, starts: [0, 2, 3], width: 2, isNormalized: false) == [2, 3, 30, 40])
        #expect(Pooling.mean(rows, starts: [0, 0, 3], width: 2, isNormalized: true).prefix(2) == [0, 0])
        #expect(Pooling.mean(FloatBuffer([30, 40]), starts: [0, 1], width: 2, isNormalized: true) == [0.6, 0.8])
    }

    @Test("a processor without AVX2 or FMA is named")
    func processor() throws {
        let lacking = "processor\t: 0\nflags\t\t: fpu avx bmi1 bmi2 f16c abm movbe avx512f\n"
        #expect(ProcessorCheck.missing(inProcessorInfo: lacking) == ["avx2", "fma"])
        #expect(ProcessorCheck.missing(inProcessorInfo: "Features : fp asimd\n") == [])
        try ProcessorCheck.run()
    }
}
