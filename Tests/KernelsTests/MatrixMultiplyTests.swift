import Kernels
import Testing

@Suite("MatrixMultiply")
struct MatrixMultiplyTests {
    static let backends = [MatrixMultiply.Backend.automatic, .oneDNN, .portable]

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
        arguments: [
            MatrixMultiply.Backend.automatic, .portable,
        ])
    func rowsKeepTheirBits(backend: MatrixMultiply.Backend) throws {
        for (inputs, outputs, activation) in [
            (32, 96, MatrixMultiply.Activation.none), (384, 1152, .none), (384, 384, .none), (384, 1536, .gelu),
            (1536, 384, .none),
        ] {
            let rows = 160
            let x = Samples(seed: 4).floats(rows * inputs)
            let layer = try MatrixMultiply(
                weightNK: Samples(seed: 5).floats(outputs * inputs), bias: Samples(seed: 6).floats(outputs),
                inputs: inputs, outputs: outputs, activation: activation, backend: backend)
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
