import Foundation
import Kernels
import ModelFiles

/// A compact head's tensors by name, each checked for its shape and for being finite.
struct CompactHeadTensors {
    /// The head's sizes.
    let configuration: CompactHeadConfiguration
    private let file: SafetensorsFile

    /// Throws `unsupported` for metadata of another kind of file.
    init(_ file: SafetensorsFile) throws(ModelError) {
        configuration = try CompactHeadConfiguration(file.header, file: file.path)
        self.file = file
    }

    /// A value of the metadata as JSON. Throws `damaged` where it is missing or does not decode.
    func metadata<Value: Decodable>(_ key: String, as type: Value.Type) throws(ModelError) -> Value {
        guard let text = file.header.metadata[key] else {
            throw .damaged(file: file.path, at: "metadata \(key)", reason: "it is missing")
        }
        do {
            return try JSONDecoder().decode(Value.self, from: Data(text.utf8))
        } catch {
            throw .damaged(file: file.path, at: "metadata \(key)", reason: "\(text) is not what is expected")
        }
    }

    /// What is wrong with the metadata of a key.
    func damaged(_ key: String, _ reason: String) -> ModelError {
        .damaged(file: file.path, at: "metadata \(key)", reason: reason)
    }

    /// Throws `tensorMissing`, `tensorShape`, `tensorType`, and `damaged` for a value that is not a number.
    func floats(_ name: String, _ shape: Shape) throws(ModelError) -> [Float] {
        let values = try file.floats(name, shape: shape)
        if let index = values.firstIndex(where: { !$0.isFinite }) {
            throw .damaged(file: file.path, at: name, reason: "value \(index) is \(values[index])")
        }
        return values
    }

    func doubles(_ name: String, _ shape: Shape) throws(ModelError) -> [Double] {
        try floats(name, shape).map(Double.init)
    }

    /// The same, where a value that is not above 0 would be divided by.
    func positives(_ name: String, _ shape: Shape) throws(ModelError) -> [Double] {
        let values = try doubles(name, shape)
        if let index = values.firstIndex(where: { $0 <= 0 }) {
            throw .damaged(
                file: file.path, at: name, reason: "value \(index) is \(values[index]), it must be above 0")
        }
        return values
    }

    /// `NAME.weight` (outputs, inputs) and `NAME.bias`; outputs that are no multiple of 16 are filled up with zeros.
    func linear(
        _ name: String, inputs: Int, outputs: Int, activation: MatrixMultiply.Activation = .none
    ) throws(ModelError) -> MatrixMultiply {
        let weight = try floats("\(name).weight", Shape(outputs, inputs))
        let bias = try floats("\(name).bias", Shape(outputs))
        let missing = (16 - outputs % 16) % 16
        do throws(KernelError) {
            return try MatrixMultiply(
                weightNK: weight + [Float](repeating: 0, count: missing * inputs),
                bias: bias + [Float](repeating: 0, count: missing), inputs: inputs, outputs: outputs + missing,
                activation: activation)
        } catch { throw .kernel(error) }
    }
}
