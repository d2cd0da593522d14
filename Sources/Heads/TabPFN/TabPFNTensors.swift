public import Kernels
import ModelFiles

/// The weights file of a head: every tensor by name and shape, none missing, none unknown.
struct TabPFNTensors {
    let configuration: TabPFNConfiguration
    private let file: SafetensorsFile

    /// Throws `tensorMissing`, `tensorShape` and, for a tensor that no part of the head would read, `unsupported`.
    init(_ file: SafetensorsFile, _ configuration: TabPFNConfiguration) throws(ModelError) {
        self.file = file
        self.configuration = configuration
        let known = Self.shapes(configuration)
        for (name, shape) in known.sorted(by: { $0.key < $1.key }) {
            guard let entry = file.header.entries[name] else { throw .tensorMissing(file: file.path, tensor: name) }
            guard entry.shape == shape else {
                throw .tensorShape(file: file.path, tensor: name, expected: shape, found: entry.shape)
            }
        }
        for name in file.header.entries.keys.sorted()
        where known[name] == nil && !name.hasPrefix(Self.columnEmbedding) {
            throw .unsupported(
                file: file.path, key: "tensor \(name)", found: "in the file",
                supported: "the tensors of a TabPFN v2.5 classifier")
        }
    }

    /// A tensor, row-major. Precondition: `shapes` has it.
    func floats(_ name: String) throws(ModelError) -> [Float] {
        guard let shape = Self.shapes(configuration)[name] else { throw .tensorMissing(file: file.path, tensor: name) }
        return try file.floats(name, shape: shape)
    }

    /// The column embeddings of a table of `groups` groups, `(groups, d / 4)`; `nil` when the file has none for it.
    ///
    /// The one table for all is used when there is one; widths other than the release's have a table for each number of
    /// groups, because the generator that the reference fills them with depends on it.
    func columnEmbedding(groups: Int) throws(ModelError) -> [Float]? {
        let width = configuration.width / 4
        if let entry = file.header.entries[Self.columnEmbedding] {
            guard entry.shape.sizes.count == 2, entry.shape.sizes.last == width else {
                throw .tensorShape(
                    file: file.path, tensor: Self.columnEmbedding, expected: Shape(groups, width), found: entry.shape)
            }
            guard entry.shape.sizes[0] >= groups else { return nil }
            return Array(try file.floats(Self.columnEmbedding, shape: entry.shape).prefix(groups * width))
        }
        let name = "\(Self.columnEmbedding)_G\(groups)"
        guard file.header.entries[name] != nil else { return nil }
        return try file.floats(name, shape: Shape(groups, width))
    }

    /// Groups that the one table has embeddings for; 0 when there is a table for each number.
    var groupsMax: Int { file.header.entries[Self.columnEmbedding]?.shape.sizes.first ?? 0 }

    /// For messages.
    var path: String { file.path }

    private static let columnEmbedding = "column_embedding"

    /// Every tensor of such a classifier but the column embeddings.
    static func shapes(_ c: TabPFNConfiguration) -> [String: Shape] {
        let d = c.width
        var shapes: [String: Shape] = [
            "y_encoder.2.layer.weight": Shape(d, 2), "y_encoder.2.layer.bias": Shape(d),
            "feature_positional_embedding_embeddings.weight": Shape(d, d / 4),
            "feature_positional_embedding_embeddings.bias": Shape(d),
            "decoder_dict.standard.0.weight": Shape(c.innerFactor * d, d),
            "decoder_dict.standard.0.bias": Shape(c.innerFactor * d),
            "decoder_dict.standard.2.weight": Shape(c.classes, c.innerFactor * d),
            "decoder_dict.standard.2.bias": Shape(c.classes),
        ]
        if c.thinkingRows > 0 { shapes["add_thinking_tokens.row_token_values"] = Shape(c.thinkingRows, d) }
        switch c.encoder {
        case .linear:
            shapes["encoder.5.layer.weight"] = Shape(d, 2 * c.columnsPerGroup)
        case .mlp(let inner):
            shapes["encoder.5.mlp.0.weight"] = Shape(inner, 2 * c.columnsPerGroup)
            shapes["encoder.5.mlp.2.weight"] = Shape(d, inner)
        }
        for layer in 0..<c.layers {
            let prefix = "transformer_encoder.layers.\(layer)."
            for part in ["self_attn_between_features", "self_attn_between_items"] {
                shapes["\(prefix)\(part)._w_qkv"] = Shape(3, c.heads, c.headWidth, d)
                shapes["\(prefix)\(part)._w_out"] = Shape(c.heads, c.headWidth, d)
            }
            shapes["\(prefix)mlp.linear1.weight"] = Shape(c.innerFactor * d, d)
            shapes["\(prefix)mlp.linear2.weight"] = Shape(d, c.innerFactor * d)
        }
        return shapes
    }

    /// A linear layer of `weight` (outputs, inputs), widened with zeros so that its rows and columns fill whole panels.
    func linear(
        _ weight: [Float], bias: [Float]? = nil, outputs: Int, inputs: Int, toOutputs: Int, toInputs: Int,
        activation: MatrixMultiply.Activation = .none, _ arithmetic: TabPFNArithmetic
    ) throws(ModelError) -> MatrixMultiply {
        var wide = [Float](repeating: 0, count: toOutputs * toInputs)
        for n in 0..<outputs {
            wide.replaceSubrange(n * toInputs..<n * toInputs + inputs, with: weight[n * inputs..<(n + 1) * inputs])
        }
        do throws(KernelError) {
            return try MatrixMultiply(
                weightNK: wide, bias: bias.map { $0 + [Float](repeating: 0, count: toOutputs - outputs) },
                inputs: toInputs, outputs: toOutputs, activation: activation, precision: arithmetic.precision,
                backend: arithmetic.backend)
        } catch { throw .kernel(error) }
    }
}

/// What a head computes with.
public struct TabPFNArithmetic: Sendable {
    /// Of the layers' linear products; attention, norms, encoder and decoder are float32 always.
    public var precision: Precision
    /// How a context's keys and values are kept.
    public var keysValues: TableKeysValues.Format
    /// Who computes products; for measurements and tests.
    public var backend: MatrixMultiply.Backend

    /// The reference's: float32 throughout.
    public init(
        precision: Precision = .float32, keysValues: TableKeysValues.Format = .float32,
        backend: MatrixMultiply.Backend = .automatic
    ) {
        self.precision = precision
        self.keysValues = keysValues
        self.backend = backend
    }

    /// The same with products in float32.
    var exact: TabPFNArithmetic { TabPFNArithmetic(keysValues: keysValues, backend: backend) }
}
