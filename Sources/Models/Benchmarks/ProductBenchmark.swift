public import Encoders
public import Kernels
public import ModelFiles

/// What a sentence encoder's products reach beside oneDNN alone, and the whole encoder beside its products;
/// `statezero bench kernels` prints it. One thread, processor seconds, the best of several rounds.
public struct ProductBenchmark: Sendable {
    /// One shape of product.
    public struct Row: Sendable {
        /// Its name in the layer.
        public let name: String
        /// K.
        public let inputs: Int
        /// N.
        public let outputs: Int
        /// GFLOP/s of oneDNN alone on `rows` rows; `nil` where it does not compute this shape.
        public let library: Double?
        /// GFLOP/s as the encoder calls it: block by block, with scales, bias and activation.
        public let ours: Double
    }

    /// All of them, and the encoder.
    public struct Result: Sendable {
        /// Shapes of a layer, in order.
        public let rows: [Row]
        /// GFLOP/s of the whole encoder, its products and attention's counted.
        public let encoder: Double
        /// GFLOP/s of all products together in oneDNN alone; `nil` where it computes none of them.
        public let library: Double?
        /// How the products are computed.
        public let numerics: String
    }

    /// Rows that oneDNN is given at once.
    public static let rows = 256
    /// Measured rounds, of which the best counts.
    public let rounds: Int

    /// Precondition: at least one round.
    public init(rounds: Int = 10) {
        precondition(rounds >= 1, "ProductBenchmark: \(rounds) rounds")
        self.rounds = rounds
    }

    /// Measures all shapes, then the encoder on 32 sequences of 128 tokens. Throws as `BertEncoder` does.
    public func run(_ folder: SentenceTransformerFolder, precision: Precision) throws(ModelError) -> Result {
        let encoder = try BertEncoder(folder: folder, precision: precision)
        let sizes = folder.configuration
        var made: [Row] = []
        var (operations, seconds) = (0.0, 0.0)
        do throws(KernelError) {
            for part in try BertProducts.plans(sizes, precision: precision, backend: .automatic).all {
                let shape = part.plan.shape
                let perRow = 2 * Double(shape.inputs) * Double(shape.outputs)
                let whole = perRow * Double(Self.rows)
                let library = try part.plan.librarySeconds(rows: Self.rows, rounds: rounds)
                made.append(
                    Row(
                        name: part.name, inputs: shape.inputs, outputs: shape.outputs,
                        library: library.map { whole / $0 * 1e-9 }, ours: whole / (try ours(part.plan)) * 1e-9))
                operations += perRow
                seconds += (library ?? .nan) / Double(Self.rows)
            }
        } catch { throw .kernel(error) }
        let result = try EncoderBenchmark(lengths: EncoderWorkload.uniform, rounds: rounds).run(encoder)
        // Scores and their sums with values: 2 · 2 · n · C a token and layer.
        let attention = Double(4 * 128 * sizes.width)
        let perToken = Double(sizes.layers) * (operations + attention)
        let best = result.processorSeconds.min() ?? .nan
        return Result(
            rows: made, encoder: perToken * Double(result.tokens) / best * 1e-9,
            library: seconds.isNaN ? nil : operations / seconds * 1e-9, numerics: encoder.numerics)
    }

    // Seconds of `rows` rows, in blocks as the encoder has them.
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
