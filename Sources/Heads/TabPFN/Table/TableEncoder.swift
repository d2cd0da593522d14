import Kernels
import ModelFiles

/// From a scaled row of a table to its tokens: one for each group of columns, and the target's last. Always float32.
struct TableEncoder: Sendable {
    private let configuration: TabPFNConfiguration
    private let inner: MatrixMultiply?
    private let outer: MatrixMultiply
    private let targetWeight: [Float]
    private let targetBias: [Float]
    private let positionWeight: [Float]
    private let positionBias: [Float]

    /// What the target column of a row says.
    enum Target: Equatable {
        /// A context row of this class.
        case label(Float)
        /// A query; `mean` is that of the context's classes.
        case asked(mean: Float)
    }

    init(_ tensors: TabPFNTensors, _ arithmetic: TabPFNArithmetic) throws(ModelError) {
        let c = tensors.configuration
        configuration = c
        let inputs = 2 * c.columnsPerGroup
        switch c.encoder {
        case .linear:
            inner = nil
            outer = try tensors.linear(
                try tensors.floats("encoder.5.layer.weight"), outputs: c.width, inputs: inputs, toOutputs: c.stride,
                toInputs: inputs, arithmetic.exact)
        case .mlp(let width):
            let wide = TabPFNConfiguration.roundedUp(width)
            inner = try tensors.linear(
                try tensors.floats("encoder.5.mlp.0.weight"), outputs: width, inputs: inputs, toOutputs: wide,
                toInputs: inputs, activation: .gelu, arithmetic.exact)
            outer = try tensors.linear(
                try tensors.floats("encoder.5.mlp.2.weight"), outputs: c.width, inputs: width, toOutputs: c.stride,
                toInputs: wide, arithmetic.exact)
        }
        targetWeight = try tensors.floats("y_encoder.2.layer.weight")
        targetBias = try tensors.floats("y_encoder.2.layer.bias")
        positionWeight = try tensors.floats("feature_positional_embedding_embeddings.weight")
        positionBias = try tensors.floats("feature_positional_embedding_embeddings.bias")
    }

    /// What is added to every row's tokens: the projected column embeddings, `(groups, stride)`.
    func positions(_ embedding: [Float]) -> FloatBuffer {
        let (d, quarter) = (configuration.width, configuration.width / 4)
        let groups = embedding.count / quarter
        var values = [Float](repeating: 0, count: groups * configuration.stride)
        for group in 0..<groups {
            for c in 0..<d {
                var sum = Double(positionBias[c])
                for k in 0..<quarter {
                    sum += Double(embedding[group * quarter + k]) * Double(positionWeight[c * quarter + k])
                }
                values[group * configuration.stride + c] = Float(sum)
            }
        }
        return FloatBuffer(values)
    }

    /// Writes a row's tokens, `(groups + 1, stride)`. `positions` may be left out, to see what comes before them.
    func encode(
        _ row: ArraySlice<Float>, scaling: TableScaling, target: Target, positions: FloatBuffer?,
        into tokens: FloatBuffer, _ scratch: Scratch
    ) throws(KernelError) {
        let groups = scaling.groups
        scaling.apply(row) { scratch.features[$0] = $1 }
        if let inner {
            try inner.apply(scratch.features, output: scratch.wide, rows: groups)
            try outer.apply(scratch.wide, output: tokens, rows: groups)
        } else {
            try outer.apply(scratch.features, output: tokens, rows: groups)
        }
        if let positions { TableSum.add(positions, to: tokens, count: groups * configuration.stride) }
        let (value, indicator): (Float, Float) =
            switch target {
            case .label(let label): (label, 0)
            case .asked(let mean): (mean, -2)
            }
        for c in 0..<configuration.stride {
            tokens[groups * configuration.stride + c] =
                c < configuration.width
                ? value * targetWeight[2 * c] + indicator * targetWeight[2 * c + 1] + targetBias[c] : 0
        }
    }

    /// What one thread needs beside the tokens.
    struct Scratch {
        let features: FloatBuffer
        let wide: FloatBuffer

        init(_ c: TabPFNConfiguration, groups: Int) {
            let rows = MatrixMultiply.rowsRoundedUp(groups)
            features = FloatBuffer(count: rows * 2 * c.columnsPerGroup)
            if case .mlp(let width) = c.encoder {
                wide = FloatBuffer(count: rows * TabPFNConfiguration.roundedUp(width))
            } else {
                wide = FloatBuffer(count: 0)
            }
        }

        static func bytes(_ c: TabPFNConfiguration, groups: Int) -> Int {
            var floats = 2 * c.columnsPerGroup
            if case .mlp(let width) = c.encoder { floats += TabPFNConfiguration.roundedUp(width) }
            return MatrixMultiply.rowsRoundedUp(groups) * floats * MemoryLayout<Float>.size
        }
    }

    /// Names of what computes.
    var numerics: Set<String> { Set([outer.numerics] + (inner.map { [$0.numerics] } ?? [])) }
}
