import Foundation
import Kernels
import ModelFiles

/// A Dense module of sentence-transformers: y = activation(W x + b), in float32 whatever the encoder's precision.
///
/// Belongs to one thread at a time.
final class DenseLayer {
    private enum Activation: String {
        case identity = "Identity"
        case tanh = "Tanh"
    }

    private struct Config: Decodable {
        let in_features: Int
        let out_features: Int
        let bias: Bool?
        let activation_function: String?
    }

    /// Columns that it reads, and that it makes.
    let inputs: Int
    let outputs: Int
    /// The arithmetic, for a fingerprint.
    var numerics: String { "\(product.numerics)-\(activation.rawValue.lowercased())" }

    private let activation: Activation
    private let product: MatrixMultiply
    private let input: FloatBuffer
    private let output: FloatBuffer
    // Rows of one product; memory is bounded by it.
    private static let block = 64

    /// Reads `config.json` and `model.safetensors` of a folder. Throws what is wrong with them, `unsupported` for other
    /// activations than Tanh and Identity, and `kernel`.
    init(folder: String) throws(ModelError) {
        let file = "\(folder)/config.json"
        let config = try JSONFile.read(Config.self, file)
        for (key, size) in [("in_features", config.in_features), ("out_features", config.out_features)]
        where !(1...65_536).contains(size) {
            throw .damaged(file: file, at: key, reason: "\(size) is not a possible size")
        }
        let name = String(config.activation_function?.split(separator: ".").last ?? "Tanh")
        guard let activation = Activation(rawValue: name) else {
            throw .unsupported(file: file, key: "activation_function", found: name, supported: "Tanh or Identity")
        }
        self.activation = activation
        (inputs, outputs) = (config.in_features, config.out_features)
        let weights = try SafetensorsFile(path: "\(folder)/model.safetensors")
        let weight = try weights.floats("linear.weight", shape: Shape(outputs, inputs))
        let bias =
            config.bias == false
            ? [Float](repeating: 0, count: outputs) : try weights.floats("linear.bias", shape: Shape(outputs))
        // Products have multiples of 16 outputs.
        let missing = (16 - outputs % 16) % 16
        do throws(KernelError) {
            product = try MatrixMultiply(
                weightNK: weight + [Float](repeating: 0, count: missing * inputs),
                bias: bias + [Float](repeating: 0, count: missing), inputs: inputs, outputs: outputs + missing)
        } catch { throw .kernel(error) }
        input = FloatBuffer(count: Self.block * inputs)
        output = FloatBuffer(count: Self.block * product.outputs)
    }

    /// (B, inputs) to (B, outputs), row-major. Throws `kernel`.
    func apply(_ vectors: [Float]) throws(ModelError) -> [Float] {
        let rows = vectors.count / inputs
        var results: [Float] = []
        results.reserveCapacity(rows * outputs)
        for start in stride(from: 0, to: rows, by: Self.block) {
            let count = min(Self.block, rows - start)
            for index in 0..<count * inputs { input[index] = vectors[start * inputs + index] }
            do throws(KernelError) {
                try product.apply(input, output: output, rows: count)
            } catch { throw .kernel(error) }
            for row in 0..<count {
                let first = row * product.outputs
                for value in output.copy(first..<first + outputs) {
                    results.append(activation == .tanh ? tanh(value) : value)
                }
            }
        }
        return results
    }
}
