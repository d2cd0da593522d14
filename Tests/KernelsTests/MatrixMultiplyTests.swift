import Kernels
import Testing

@Suite("MatrixMultiply")
struct MatrixMultiplyTests {
    static let backends = [MatrixMultiply.Backend.automatic, .oneDNN, .portable]
    /// Those that exist for both precisions on any processor.
    static let rowKeepers = [MatrixMultiply.Backend.automatic, .portable]

    @Test("a linear layer is the reference's within float rounding, with and without GELU", arguments: backends)
    func agreesWithReference(backend: MatrixMultiply.Backend) throws {
        for (rows, inputs, outputs) in [(1, 8, 16), (7, 33, 48), (24, 384, 384), (50, 96, 1536), (3, 1536, 32)] {
            let x = Samples(seed: 1).floats(rows * inputs)
            let weight = Samples(seed: 2).floats(outputs * inputs)
            let bias = Samples(seed: 3).floats(outputs)
            let linear = ReferenceKernels.linear(
                x.map(Double.init), weight: weight, bias: bias, inputs: inputs, outputs: outputs)
            for (activation, expected) in [
                (MatrixMultiply.Activation.none, linear), (.gelu, ReferenceKernels.gelu(linear)),
            ] {
                let layer = try MatrixMultiply(
                    weightNK: weight, bias: bias, inputs: inputs, outputs: outputs, activation: activation,
                    backend: backend)
                let found = try apply(layer, x, rows: rows)
                let error = Samples.difference(found, expected)
                print("linear \(rows)×\(inputs)×\(outputs) \(activation) \(layer.numerics): max error \(error)")
                #expect(error < 1e-5 * Double(inputs).squareRoot())
            }
        }
    }

    @Test(
        "a row's result is the same bits whatever the number of rows and its place",
        arguments: rowKeepers, Precision.allCases)
    func rowsKeepTheirBits(backend: MatrixMultiply.Backend, precision: Precision) throws {
        for (inputs, outputs, activation) in [
            (32, 96, MatrixMultiply.Activation.none), (384, 1152, .none), (384, 384, .none), (384, 1536, .gelu),
            (1536, 384, .none),
        ] {
            let rows = 160
            let x = Samples(seed: 4).floats(rows * inputs)
            let layer = try MatrixMultiply(
                weightNK: Samples(seed: 5).floats(outputs * inputs), bias: Samples(seed: 6).floats(outputs),
                inputs: inputs, outputs: outputs, activation: activation, precision: precision, backend: backend)
            let whole = try apply(layer, x, rows: rows)
            for count in [1, 2, 3, 5, 6, 7, 8, 9, 13, 16, 17, 31, 48, 63, 64, 65, 100, 128, 159] {
                let first = (rows - count) * 7 % 11 * (rows - count) / 11
                let part = try apply(layer, Array(x[first * inputs..<(first + count) * inputs]), rows: count)
                #expect(
                    part.map(\.bitPattern)
                        == whole[first * outputs..<(first + count) * outputs].map(\.bitPattern),
                    "\(count) rows from \(first) of \(inputs) × \(outputs), \(layer.numerics)")
            }
        }
    }

    @Test("bfloat16 multiplies rounded weights and rounded inputs, and adds in float32", arguments: rowKeepers)
    func bfloat16(backend: MatrixMultiply.Backend) throws {
        for (rows, inputs, outputs) in [(1, 8, 16), (7, 33, 48), (50, 96, 1536), (24, 1024, 64)] {
            let x = Samples(seed: 21).floats(rows * inputs)
            let weight = Samples(seed: 22).floats(outputs * inputs)
            let layer = try MatrixMultiply(
                weightNK: weight, inputs: inputs, outputs: outputs, precision: .bfloat16, backend: backend)
            let expected = ReferenceKernels.linear(
                ReferenceKernels.roundedToBFloat16(x).map(Double.init),
                weight: ReferenceKernels.roundedToBFloat16(weight), bias: [Float](repeating: 0, count: outputs),
                inputs: inputs, outputs: outputs)
            let error = Samples.difference(try apply(layer, x, rows: rows), expected)
            print("linear \(rows)×\(inputs)×\(outputs) \(layer.numerics): max error \(error)")
            #expect(error < 1e-5 * Double(inputs).squareRoot())
        }
    }

    @Test("rounding to bfloat16 is to the nearest, ties to even, and keeps infinities and what is no number")
    func rounding() {
        let x: [Float] = [1, 0x1.01p0, 0x1.03p0, 0x1.010002p0, -0x1.03p0, .infinity, -.infinity, 3.4e38, 0, -0.0]
        let input = QuantizedActivations(rows: 1, width: x.count, precision: .bfloat16)
        input.fill(from: FloatBuffer(x), count: x.count)
        let expected: [Float] = [1, 1, 0x1.04p0, 0x1.02p0, -0x1.04p0, .infinity, -.infinity, .infinity, 0, -0.0]
        #expect(input.copy(0..<x.count) == expected)
        #expect(ReferenceKernels.roundedToBFloat16(x) == expected)
        input.fill(from: FloatBuffer([Float(bitPattern: 0x7FFF_FFFF)]), count: 1)
        #expect(input.copy(0..<1)[0].isNaN)
    }

    @Test("an input that is rounded once serves any range of rows with the same bits", arguments: Precision.allCases)
    func sharedInput(precision: Precision) throws {
        let (rows, inputs, outputs) = (48, 64, 96)
        let x = Samples(seed: 23).floats(rows * inputs)
        let layer = try MatrixMultiply(
            weightNK: Samples(seed: 24).floats(outputs * inputs), inputs: inputs, outputs: outputs,
            precision: precision)
        let input = QuantizedActivations(rows: rows, width: inputs, precision: precision)
        input.fill(from: FloatBuffer(x), count: x.count)
        let output = FloatBuffer(count: rows * outputs)
        for range in [24..<48, 0..<8, 8..<21] { try layer.apply(input, output: output, rows: range) }
        let whole = try apply(layer, x, rows: rows)
        for row in [0, 7, 8, 20, 24, 47] {
            let range = row * outputs..<(row + 1) * outputs
            #expect(output.copy(range).map(\.bitPattern) == whole[range].map(\.bitPattern))
        }
    }

    @Test("a weight packed elsewhere gives the same bits", arguments: Precision.allCases, rowKeepers)
    func packedElsewhere(precision: Precision, backend: MatrixMultiply.Backend) throws {
        let (rows, inputs, outputs) = (5, 40, 32)
        let x = Samples(seed: 25).floats(rows * inputs)
        let own = try MatrixMultiply(
            weightNK: Samples(seed: 26).floats(outputs * inputs), inputs: inputs, outputs: outputs,
            precision: precision, backend: backend)
        let lent = own.packed.withBytes { PackedBytes($0, lentBy: own.packed) }
        let other = try MatrixMultiply(plan: own.plan, packed: lent)
        #expect(own.packed.isPrivate && !lent.isPrivate)
        #expect(try apply(own, x, rows: rows) == apply(other, x, rows: rows))
        let short = PackedBytes(count: own.packed.count - 1) { _ in }
        #expect(throws: KernelError.self) { try MatrixMultiply(plan: own.plan, packed: short) }
    }

    @Test("sizes that do not fit are refused")
    func sizes() {
        #expect(throws: KernelError.self) {
            try MatrixMultiply(weightNK: [1, 2, 3], bias: [1], inputs: 3, outputs: 1)
        }
        #expect(throws: KernelError.self) {
            try MatrixMultiply(weightNK: [1], bias: [Float](repeating: 0, count: 16), inputs: 3, outputs: 16)
        }
    }

    private func apply(_ layer: MatrixMultiply, _ x: [Float], rows: Int) throws -> [Float] {
        let room = MatrixMultiply.rowsRoundedUp(rows)
        let input = FloatBuffer(x + [Float](repeating: 0, count: (room - rows) * layer.inputs))
        let output = FloatBuffer(count: room * layer.outputs)
        try layer.apply(input, output: output, rows: rows)
        return output.copy(0..<rows * layer.outputs)
    }
}
