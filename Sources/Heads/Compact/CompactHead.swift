import Crypto
public import ModelFiles
public import Scoring

/// The trained in-context head: Gaussian-process regression of log-odds on learnt columns of difficulty.
///
/// A network reads embedding and surface features into seven columns, policy-free. Five regressions on them, on the
/// embedding and on surface features give log-odds, averaged by their marginal likelihood, and two fitted maps make a
/// probability and a concentration of them. Any number of rows and any mix of outcomes is answered in the same way:
/// without rows it is the population's prior, which still distinguishes prompts, so no answer is ever flagged `baseRate`.
/// `scripts/train` trains it; its `HEAD.md` is the specification and its `inference.py` the slow version of this.
///
/// Belongs to one thread at a time. Measured by `statezero-bench compact`.
public final class CompactHead: InContextHead {
    /// Changes with this code, whenever an answer could change; the products' arithmetic is added to it.
    private static let version = "compact/1 f32-columns f32-dot f64-fit"
    /// F = E + S, columns of the features it reads.
    public static let featureColumns = CompactHeadConfiguration.embeddingColumns + SurfaceFeatures.count

    /// SHA-256 of the weights file.
    public let digest: Scoring.Digest
    private let constants: CompactHeadConstants
    private let difficulty: CompactHeadDifficulty
    private var progress: @Sendable () -> Void = {}

    /// Reads a head. Throws `unsupported`, `tensorMissing`, `tensorShape`, `tensorType` and `damaged`, each naming file
    /// and tensor, and `kernel`. Cost: packing 1 MB of weights and probing their products, some 10 ms.
    public init(weights file: SafetensorsFile) throws(ModelError) {
        let tensors = try CompactHeadTensors(file)
        constants = try CompactHeadConstants(tensors)
        difficulty = try CompactHeadDifficulty(tensors)
        digest = Scoring.Digest(finishing: { file.hash(into: &$0) })
    }

    /// For a model's name.
    package var name: String { "compact" }

    /// Weights and arithmetic.
    package var identity: String { "\(digest.hex) \(numerics)" }

    /// `listener` is called from inside `prepare` after each factorisation: beyond a thousand rows one needs a large part
    /// of a second.
    package func onProgress(_ listener: @escaping @Sendable () -> Void) { progress = listener }

    /// Everything about the computation that may change the last digit.
    public var numerics: String {
        ([Self.version] + Set(difficulty.numerics).sorted()).joined(separator: " ")
    }

    /// Fits a context. `features` are `(N, 384 + 30)`: unit embeddings, then `SurfaceFeatures`, in order.
    ///
    /// Throws `widthMismatch`, `rowsMismatch`, `notFinite` with the row, and `kernel`. Cost: five factorisations of N³/3 multiplications and at most as many inversions; 4 N²
    /// doubles while it works, 2 KB a row for as long as the context lives.
    public func prepare(
        _ context: ContextSet, features: FeatureMatrix
    ) throws(ValueModelError) -> CompactHeadContext {
        guard context.schema.isEmpty else { throw .sideInformationUnsupported(head: name) }
        guard features.rows == context.texts.count else {
            throw .rowsMismatch(expected: context.texts.count, found: features.rows)
        }
        try Self.check(features)
        let outcomes = context.rows.map(\.outcome)
        let prompts = try difficulty.read(features, rows: 0..<features.rows)
        let surface = CompactHeadSurface(context: prompts.surface)
        let fit = try CompactHeadFit(
            constants: constants, features: features, prompts: prompts,
            standardised: surface.standardise(prompts.surface), outcomes: outcomes, progress: progress)
        let calibration = CompactHeadCalibration(constants: constants, rows: features.rows, level: fit.level)
        return CompactHeadContext(
            contextDigest: context.digest, rows: features.rows, level: fit.level, odds: fit.odds,
            leftOut: fit.leftOut, columns: prompts.columns,
            concentration: calibration.concentration(leftOut: fit.leftOut, outcomes: outcomes), surface: surface,
            regression: fit.regression, calibration: calibration)
    }

    /// `(Q, 384 + 30)` to Q beliefs. Each query is computed as if it were alone, to the bit.
    ///
    /// Where a belief is so skewed that its mean is outside its central 80 %, the interval is widened to include it.
    /// Throws `widthMismatch`, `notFinite` naming the row, and `kernel`.
    public func predict(
        _ queries: QuerySet, in context: CompactHeadContext
    ) throws(ValueModelError) -> [Prediction] {
        let stages = try stages(queries.features, in: context)
        var predictions: [Prediction] = []
        predictions.reserveCapacity(queries.rows)
        for row in 0..<queries.rows {
            guard
                let prediction = Prediction(
                    mean: stages.probabilities[row], kappa: context.concentration,
                    flags: queries.features.isTruncated[row] ? .truncated : [])
            else { throw .notFinite(stage: "the compact head", row: row) }
            predictions.append(prediction)
        }
        return predictions
    }

    /// The same with every intermediate result. Throws as `predict` does.
    package func stages(
        _ queries: FeatureMatrix, in context: CompactHeadContext
    ) throws(ValueModelError) -> CompactHeadStages {
        try Self.check(queries)
        var stages = CompactHeadStages()
        let block = CompactHeadDifficulty.blockRows
        for start in stride(from: 0, to: queries.rows, by: block) {
            let rows = start..<min(start + block, queries.rows)
            let prompts = try difficulty.read(queries, rows: rows)
            stages.logOdds += context.regression.logOdds(
                queries, rows: rows, prompts: prompts, standardised: context.surface.standardise(prompts.surface))
            stages.surface += prompts.surface
            stages.columns += prompts.columns
        }
        stages.probabilities = stages.logOdds.map { context.calibration.probability($0) }
        return stages
    }

    private static func check(_ features: FeatureMatrix) throws(ValueModelError) {
        guard features.columns == featureColumns else {
            throw .widthMismatch(expected: featureColumns, found: features.columns)
        }
        try features.checkFinite()
    }
}
