import Kernels
import ModelFiles

/// The tensors of a BERT checkpoint, by the names of the reference.
struct BertTensors {
    let configuration: BertConfiguration
    private let file: SafetensorsFile
    private let prefix: String

    init(_ checkpoint: BertCheckpoint) {
        configuration = checkpoint.configuration
        file = checkpoint.weights
        // Checkpoints saved with a task's head on top put everything under the name of the model.
        let names = checkpoint.weights.header.entries.keys
        prefix =
            ["bert.", "roberta."].first { prefix in names.contains { $0.hasPrefix("\(prefix)embeddings.") } } ?? ""
    }

    func floats(_ name: String, _ shape: Shape) throws(ModelError) -> [Float] {
        try file.floats(prefix + name, shape: shape)
    }

    /// Rows of a tensor, read from the mapped file one by one.
    func table(_ name: String, _ shape: Shape) throws(ModelError) -> TensorTable {
        try file.table(prefix + name, shape: shape)
    }

    func norm(_ name: String) throws(ModelError) -> Normalization {
        let width = configuration.width
        let weight = try floats("\(name).weight", Shape(width))
        let bias = try floats("\(name).bias", Shape(width))
        do throws(KernelError) {
            return try Normalization(weight: weight, bias: bias, epsilon: configuration.epsilon)
        } catch { throw .kernel(error) }
    }
}
