import Kernels
import Testing
import WideKernels

/// The two compilations of the same loops, beside each other.
@Suite(
    "Wide vectors",
    .enabled(if: Vectors.areWide, "this processor has no AVX-512: the wide loops are never called on it"))
struct WideVectorTests {
    typealias Narrow = Kernels.VectorLoops
    typealias Wide = WideKernels.VectorLoops

    @Test("attention is the same within float rounding", arguments: [1, 5, 16, 17, 31, 32, 33, 100, 256])
    func attention(length: Int) {
        let (heads, headWidth) = (2, 32)
        let width = heads * headWidth
        let input = FloatBuffer(Samples(seed: UInt64(length)).floats(length * 3 * width, range: 3))
        let scratch = FloatBuffer(count: Wide.attentionScratch(headWidth: headWidth, length: length))
        let (narrow, wide) = (FloatBuffer(count: length * width), FloatBuffer(count: length * width))
        for head in 0..<heads {
            let start = head * headWidth
            Narrow.attend(
                input.base + start, length: length, width: width, headWidth: headWidth, scratch: scratch.base,
                narrow.base + start)
            Wide.attend(
                input.base + start, length: length, width: width, headWidth: headWidth, scratch: scratch.base,
                wide.base + start)
        }
        let error = difference(narrow, wide)
        print("attention over \(length) tokens: wide differs from narrow by \(error) (tolerance 3e-6)")
        #expect(error < 3e-6)
    }

    @Test("norms and finished sums are the same within float rounding, rounded numbers exactly")
    func rows() {
        let (rows, width) = (7, 96)
        let x = Samples(seed: 41).floats(rows * width, range: 4)
        let (weight, bias) = (
            FloatBuffer(Samples(seed: 42).floats(width)), FloatBuffer(Samples(seed: 43).floats(width))
        )
        let scales = FloatBuffer(Samples(seed: 44).floats(max(rows, width)))
        var errors: [Float] = []
        for (first, second) in [
            (
                { (y: FloatBuffer) in
                    Narrow.layerNorm(
                        y.base, adding: nil, rows: rows, width: width, weight: weight.base, bias: bias.base,
                        epsilon: 1e-12)
                },
                { (y: FloatBuffer) in
                    Wide.layerNorm(
                        y.base, adding: nil, rows: rows, width: width, weight: weight.base, bias: bias.base,
                        epsilon: 1e-12)
                }
            ),
            (
                { (y: FloatBuffer) in
                    Narrow.finishEightBits(
                        y.base, rows: rows, columns: width, rowScales: scales.base, columnScales: scales.base,
                        bias: bias.base, hasGelu: true)
                },
                { (y: FloatBuffer) in
                    Wide.finishEightBits(
                        y.base, rows: rows, columns: width, rowScales: scales.base, columnScales: scales.base,
                        bias: bias.base, hasGelu: true)
                }
            ),
        ] {
            let (narrow, wide) = (FloatBuffer(x), FloatBuffer(x))
            first(narrow)
            second(wide)
            errors.append(difference(narrow, wide))
        }
        print("norm and 8-bit results: wide differs from narrow by \(errors) (tolerance 3e-6)")
        #expect(errors.allSatisfy { $0 < 3e-6 })

        let source = FloatBuffer(x)
        var (narrow, wide) = ([Int8](repeating: 0, count: x.count), [Int8](repeating: 1, count: x.count))
        Narrow.roundEightBits(source.base, &narrow, count: x.count, factor: 31)
        Wide.roundEightBits(source.base, &wide, count: x.count, factor: 31)
        #expect(narrow == wide)
        var (narrowHalves, wideHalves) = (
            [UInt16](repeating: 0, count: x.count), [UInt16](repeating: 1, count: x.count)
        )
        Narrow.roundHalves(source.base, &narrowHalves, count: x.count)
        Wide.roundHalves(source.base, &wideHalves, count: x.count)
        #expect(narrowHalves == wideHalves)
        #expect(Narrow.magnitude(source.base, count: x.count) == Wide.magnitude(source.base, count: x.count))
    }

    private func difference(_ x: FloatBuffer, _ y: FloatBuffer) -> Float {
        zip(x.copy(0..<x.count), y.copy(0..<y.count)).map { abs($0 - $1) }.max() ?? 0
    }
}
