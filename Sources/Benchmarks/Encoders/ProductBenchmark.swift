import CommandSupport
import Encoders
import ModelFiles
import Kernels

/// Rates of a sentence encoder's matrix products, of oneDNN alone, and of the whole encoder.
/// One thread, processor seconds, the best of several rounds.
struct ProductBenchmark {
    /// One shape of product.
    struct Row {
        /// Its name in the layer.
        let name: String
        /// K.
        let inputs: Int
        /// N.
        let outputs: Int
        /// GFLOP/s of oneDNN alone on `rows` rows; `nil` where it does not compute this shape.
        let library: Double?
        /// GFLOP/s as the encoder calls it: block by block, with scales, bias and activation.
        let ours: Double
    }

    /// All shapes, and the encoder.
    struct Result {
        /// Shapes of a layer, in order.
        let rows: [Row]
        /// GFLOP/s of the whole encoder; counts the operations of its products and its attention.
        let encoder: Double
        /// GFLOP/s of all products together in oneDNN alone; `nil` where it computes none of them.
        let library: Double?
        /// How the products are computed.
        let numerics: String
    }

    /// Rows of each oneDNN call.
    static let rows = 256
    /// Measured rounds; the best counts.
    let rounds: Int

    /// Precondition: at least one round.
    init(rounds: Int) {
        precondition(rounds >= 1, "ProductBenchmark: \(rounds) rounds")
        self.rounds = rounds
    }

    /// Measures all shapes, then the encoder on 32 sequences of 128 tokens. Throws as `BertEncoder` does.
    func run(_ folder: SentenceTransformerFolder, precision: Precision) throws(ModelError) -> Result {
        let encoder = try BertEncoder(folder: folder, precision: precision)
        let sizes = folder.configuration
        var rows: [Row] = []
        var (operations, seconds) = (0.0, 0.0)
        do throws(KernelError) {
            for part in try BertProducts.plans(sizes, precision: precision, backend: .automatic).all {
                let shape = part.plan.shape
                let perRow = 2 * Double(shape.inputs) * Double(shape.outputs)
                let whole = perRow * Double(Self.rows)
                let library = try part.plan.librarySeconds(rows: Self.rows, rounds: rounds)
                rows.append(
                    Row(
                        name: part.name, inputs: shape.inputs, outputs: shape.outputs,
                        library: library.map { whole / $0 * 1e-9 }, ours: whole / (try ours(part.plan)) * 1e-9))
                operations += perRow
                seconds += (library ?? .nan) / Double(Self.rows)
            }
        } catch { throw .kernel(error) }
        let result = try EncoderBenchmark(lengths: EncoderSample.uniform, rounds: rounds).run(encoder)
        // Scores and their sums with values: 2 · 2 · n · C per token and layer.
        let attention = Double(4 * 128 * sizes.width)
        let perToken = Double(sizes.layers) * (operations + attention)
        let best = result.times.map(\.processorSeconds).min() ?? .nan
        return Result(
            rows: rows, encoder: perToken * Double(result.tokens) / best * 1e-9,
            library: seconds.isNaN ? nil : operations / seconds * 1e-9, numerics: encoder.numerics)
    }

    // Seconds of `rows` rows, in the encoder's blocks.
    private func ours(_ plan: ProductPlan) throws(KernelError) -> Double {
        let shape = plan.shape
        let weight = [Float](repeating: 0.01, count: shape.inputs * shape.outputs)
        let bias = [Float](repeating: 0.01, count: shape.outputs)
        let product = try MatrixMultiply(plan: plan, packed: try plan.pack(weight), bias: bias)
        let input = QuantizedActivations(rows: Self.rows, width: shape.inputs, precision: shape.precision)
        let values = FloatBuffer([Float](repeating: 0.5, count: input.count))
        input.fill(from: values, count: input.count)
        let output = FloatBuffer(count: Self.rows * shape.outputs)
        var best = Double.infinity
        for round in 0...rounds {
            let start = ProcessorTime.ofThisThread
            for block in BertWorkspace.blocks(Self.rows) { try product.apply(input, output: output, rows: block) }
            if round > 0 { best = min(best, ProcessorTime.ofThisThread - start) }
        }
        return best
    }
}
