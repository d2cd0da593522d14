import Kernels
import ModelFiles
import Scoring

/// Step 1 of the head: what is known of a prompt without a policy. Seven columns a prompt, the first of which is its
/// difficulty in log-odds (large is easy), from a network of one hidden layer over embedding and surface features.
final class CompactHeadDifficulty {
    /// Prompts of one product: few enough that a step's states stay in the cache, and that oneDNN generates
    /// code for few numbers of rows.
    static let blockRows = 64

    private let embedding: Int
    private let mean: [Double]
    private let scale: [Double]
    private let first: MatrixMultiply
    private let second: MatrixMultiply
    private let input: FloatBuffer
    private let hidden: FloatBuffer
    private let output: FloatBuffer

    private static let surface = SurfaceFeatures.count
    private static let surfaceLimit = 5.0

    /// Throws what is wrong with a tensor.
    init(_ tensors: CompactHeadTensors) throws(ModelError) {
        mean = try tensors.doubles("surface.mean", Shape(Self.surface))
        scale = try tensors.positives("surface.scale", Shape(Self.surface))
        let width = tensors.configuration.width
        embedding = tensors.configuration.embeddingColumns
        first = try tensors.linear(
            "difficulty.first", inputs: embedding + Self.surface, outputs: width, activation: .gelu)
        second = try tensors.linear("difficulty.second", inputs: width, outputs: CompactHeadConfiguration.columns)
        input = FloatBuffer(count: Self.blockRows * first.inputs)
        hidden = FloatBuffer(count: Self.blockRows * first.outputs)
        output = FloatBuffer(count: Self.blockRows * second.outputs)
    }

    var numerics: [String] { [first.numerics, second.numerics] }

    /// Prompts (P, E + S) to what the rest of the head needs of them. Each prompt is computed as if it were alone.
    /// Throws `kernel`.
    func read(_ features: FeatureMatrix, rows: Range<Int>) throws(ValueModelError) -> CompactHeadPrompts {
        let (surface, columns) = (Self.surface, CompactHeadConfiguration.columns)
        var prompts = CompactHeadPrompts()
        prompts.surface.reserveCapacity(rows.count * surface)
        prompts.columns.reserveCapacity(rows.count * columns)
        for start in stride(from: rows.lowerBound, to: rows.upperBound, by: Self.blockRows) {
            let count = min(Self.blockRows, rows.upperBound - start)
            for row in 0..<count {
                let values = features.row(start + row)
                var place = row * first.inputs
                for value in values.prefix(embedding) {
                    input[place] = value
                    place += 1
                }
                for (feature, value) in values.suffix(surface).enumerated() {
                    let z = (Double(value) - mean[feature]) / scale[feature]
                    let clipped = min(Self.surfaceLimit, max(-Self.surfaceLimit, z))
                    prompts.surface.append(clipped)
                    input[place] = Float(clipped)
                    place += 1
                }
            }
            do throws(KernelError) {
                try first.apply(input, output: hidden, rows: count)
                try second.apply(hidden, output: output, rows: count)
            } catch { throw .kernel(error.description) }
            for row in 0..<count {
                for column in 0..<columns { prompts.columns.append(Double(output[row * second.outputs + column])) }
            }
        }
        return prompts
    }
}

/// Prompts as the difficulty network has read them.
struct CompactHeadPrompts {
    /// `(P, 30)`: surface features in units of the population's spread, each in [−5, 5].
    var surface: [Double] = []
    /// `(P, 7)`.
    var columns: [Double] = []

    /// Number of prompts.
    var count: Int { columns.count / CompactHeadConfiguration.columns }

    /// One prompt's difficulty in log-odds; large is easy.
    func difficulty(_ row: Int) -> Double { columns[row * CompactHeadConfiguration.columns] }
}
