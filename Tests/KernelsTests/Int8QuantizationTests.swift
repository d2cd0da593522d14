import Kernels
import Testing

@Suite("Products in 8 bits")
struct EightBitsTests {
    @Test(
        "a product is that of the rounded numbers, exactly but for the scales",
        arguments: MatrixMultiplyTests.rowKeepers, [MatrixMultiply.Activation.none, .gelu])
    func agreesWithRoundedNumbers(backend: MatrixMultiply.Backend, activation: MatrixMultiply.Activation) throws {
        for (rows, inputs, outputs) in [(1, 8, 16), (7, 33, 48), (50, 96, 1536), (24, 3072, 64)] {
            let x = Samples(seed: 31).floats(rows * inputs)
            let weight = Samples(seed: 32).floats(outputs * inputs)
            let bias = Samples(seed: 33).floats(outputs)
            let layer = try MatrixMultiply(
                weightNK: weight, bias: bias, inputs: inputs, outputs: outputs, activation: activation,
                precision: .int8, backend: backend)
            let linear = ReferenceKernels.linear(
                rounded(x, width: inputs).map(Double.init), weight: rounded(weight, width: inputs), bias: bias,
                inputs: inputs, outputs: outputs)
            let expected = activation == .gelu ? ReferenceKernels.gelu(linear) : linear
            let room = MatrixMultiply.rowsRoundedUp(rows)
            let input = FloatBuffer(x + [Float](repeating: 0, count: (room - rows) * inputs))
            let output = FloatBuffer(count: room * outputs)
            try layer.apply(input, output: output, rows: rows)
            let error = Samples.difference(output.copy(0..<rows * outputs), expected)
            print("linear \(rows)×\(inputs)×\(outputs) \(activation) \(layer.numerics): max error \(error)")
            #expect(error < 1e-5 * Double(inputs).squareRoot())
        }
    }

    @Test("a row is rounded by its own scale to whole numbers, within half a scale")
    func rounding() {
        let rows: [[Float]] = [[1, -127, 63.4, 0.5], [0.001, 0.002, -0.0005, 0], [0, 0, 0, 0], [3e38, -1e38, 0, 1]]
        let input = QuantizedActivations(rows: rows.count, width: 4, precision: .int8)
        input.fill(from: FloatBuffer(rows.flatMap(\.self)), count: 16)
        let found = input.copy(0..<16)
        #expect(Array(found[0..<4]) == [1, -127, 63, 0])
        for (row, values) in rows.enumerated() {
            let scale = (values.map { abs($0) }.max() ?? 0) / 127
            for (column, value) in values.enumerated() {
                #expect(abs(found[row * 4 + column] - value) <= scale * 0.500001)
            }
        }
    }

    @Test("a row with an infinity or no number gives results that are not finite", arguments: [Float.infinity, .nan])
    func notFinite(bad: Float) throws {
        let layer = try MatrixMultiply(
            weightNK: Samples(seed: 34).floats(16 * 16), inputs: 16, outputs: 16, precision: .int8)
        let input = FloatBuffer([Float](repeating: 1, count: 8 * 16))
        input[5 * 16 + 3] = bad
        let output = FloatBuffer(count: 8 * 16)
        try layer.apply(input, output: output, rows: 8)
        #expect(!output.isFinite(5 * 16..<6 * 16))
        #expect(output.isFinite(0..<5 * 16) && output.isFinite(6 * 16..<8 * 16))
    }

    private func rounded(_ values: [Float], width: Int) -> [Float] {
        let input = QuantizedActivations(rows: values.count / width, width: width, precision: .int8)
        input.fill(from: FloatBuffer(values), count: values.count)
        return input.copy(0..<values.count)
    }
}
