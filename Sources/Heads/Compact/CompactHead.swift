import Crypto
public import ModelFiles
public import Scoring

/// The trained in-context head: Gaussian-process regression of log-odds on learnt columns of difficulty.
///
/// A network reads embedding and surface features into seven columns, policy-free. Regressions on them, on the
/// embedding, on surface features and on character runs give log-odds, averaged by their marginal likelihood, and two
/// fitted maps make a probability and a concentration of them. References and covariates are further parts of the
/// regressions. Any number of rows and any mix of outcomes is answered in the same way: without rows it is the
/// population's prior, which still distinguishes prompts, so no answer is ever flagged `baseRate`.
/// `scripts/train` trains it; its `HEAD.md` is the specification and its `inference.py` the slow version of this.
///
/// Belongs to one thread at a time. Measured by `statezero-bench compact`.
public final class CompactHead: InContextHead {
    /// Changes with this code, whenever an answer could change; the products' arithmetic is added to it.
    private static let versions = [
        1: "compact/1 f32-columns f32-dot f64-fit", 2: "compact/2 f32-columns f32-dot f64-fit grams linear side/2",
    ]

    /// SHA-256 of the weights file.
    public let digest: Scoring.Digest
    /// Its sizes.
    package let configuration: CompactHeadConfiguration
    private let constants: CompactHeadConstants
    private let reader = CharacterGramReader()
    private let difficulty: CompactHeadDifficulty
    private var progress: @Sendable () -> Void = {}

    /// Reads a head. Throws `unsupported`, `tensorMissing`, `tensorShape`, `tensorType` and `damaged`, each naming file
    /// and tensor, and `kernel`. Cost: packing 1 MB of weights and probing their products, some 10 ms.
    public init(weights file: SafetensorsFile) throws(ModelError) {
        let tensors = try CompactHeadTensors(file)
        configuration = tensors.configuration
        constants = try CompactHeadConstants(tensors)
        difficulty = try CompactHeadDifficulty(tensors)
        digest = Scoring.Digest(finishing: { file.hash(into: &$0) })
    }

    /// F = E + S, columns of the features it reads.
    public var featureColumns: Int { configuration.featureColumns }

    private var readsGrams: Bool { configuration.hasTwins }

    /// For a model's name.
    package var name: String { "compact" }

    /// Weights and arithmetic.
    package var identity: String { "\(digest.hex) \(numerics)" }

    /// `listener` is called from inside `prepare` after each factorisation: beyond a thousand rows one needs a large part
    /// of a second.
    package func onProgress(_ listener: @escaping @Sendable () -> Void) { progress = listener }

    /// Everything about the computation that may change the last digit.
    public var numerics: String {
        let products = Set(difficulty.numerics + (constants.references == nil ? [] : [WeightedRows.numerics]))
        return ([Self.versions[configuration.version] ?? ""] + products.sorted()).joined(separator: " ")
    }

    /// Fits a context. `features` are `(N + pool, E + 30)`: unit embeddings, then `SurfaceFeatures`, in order.
    ///
    /// Throws `widthMismatch`, `rowsMismatch`, `notFinite` with the row, `kernel`, and `sideInformationUnsupported` from
    /// a head of version 1. Cost: five factorisations of N³/6 multiplications (N³/3 in version 1) and at most as many
    /// inversions, those of `ReferenceColumns`, and four a covariate; 4 N² doubles while it works, 2 KB a row for as
    /// long as the context lives, and 2 MB with character runs.
    public func prepare(
        _ context: ContextSet, features: FeatureMatrix
    ) throws(ValueModelError) -> CompactHeadContext {
        let grams = readsGrams ? context.rows.map { reader.read($0.text) } : nil
        return try prepare(context, features: features, grams: grams)
    }

    /// The same with the rows' character runs given; without any they do not count.
    package func prepare(
        _ context: ContextSet, features: FeatureMatrix, grams: [CharacterGrams]?
    ) throws(ValueModelError) -> CompactHeadContext {
        guard context.schema.isEmpty || constants.references != nil else {
            throw .sideInformationUnsupported(head: "\(name) of a weights file of version 1")
        }
        guard features.rows == context.texts.count else {
            throw .rowsMismatch(expected: context.texts.count, found: features.rows)
        }
        try check(features)
        let rows = context.rows.count
        let own = rows == features.rows ? features : features.selecting(Array(0..<rows))
        let references = try ReferenceColumns(context, features: features, progress: progress)
        let prompts = try difficulty.read(own, rows: 0..<rows)
        let surface = CompactHeadSurface(context: prompts.surface)
        let inputs = CompactHeadInputs(
            features: own, embeddingColumns: configuration.embeddingColumns, prompts: prompts,
            standardised: surface.standardise(prompts.surface),
            grams: readsGrams && rows > 0 ? grams.map { GramContext($0) } : nil, references: references)
        let fit = try CompactHeadFit(constants: constants, context: context, inputs: inputs, progress: progress)
        var calibration = CompactHeadCalibration(
            constants: constants, rows: rows, level: fit.level, hasReferences: references != nil)
        let outcomes = context.rows.map(\.outcome)
        if references != nil, let known = constants.references {
            calibration.fitLink(known, leftOut: fit.leftOut, outcomes: outcomes)
        }
        return CompactHeadContext(
            contextDigest: context.digest, rows: rows, level: fit.level, odds: fit.odds, leftOut: fit.leftOut,
            columns: prompts.columns, slopes: fit.slopes, amplitudes: fit.covariates?.amplitudes ?? [],
            referenceColumns: references?.context ?? [],
            evidence: references?.evidence(rows: rows) ?? PredictionEvidence(contextRows: rows),
            concentration: calibration.concentration(leftOut: fit.leftOut, outcomes: outcomes), surface: surface,
            regression: fit.regression, calibration: calibration)
    }

    /// `(Q, E + 30)` to Q beliefs. Each query is computed as if it were alone, to the bit.
    ///
    /// Where a belief is so skewed that its mean is outside its central 80 %, the interval is widened to include it.
    /// Throws `widthMismatch`, `notFinite` naming the row, and `kernel`.
    public func predict(
        _ queries: QuerySet, in context: CompactHeadContext
    ) throws(ValueModelError) -> [Prediction] {
        let reader = reader
        let hasTexts = readsGrams && !queries.texts.isEmpty
        let stages = try stages(queries, in: context) { hasTexts ? reader.read(queries.texts[$0]) : nil }
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

    /// The same with every intermediate result; `grams` gives the character runs of a query, if they are known. Throws as
    /// `predict` does.
    package func stages(
        _ queries: QuerySet, in context: CompactHeadContext, grams: (Int) -> CharacterGrams? = { _ in nil }
    ) throws(ValueModelError) -> CompactHeadStages {
        try check(queries.features)
        var stages = CompactHeadStages()
        let block = CompactHeadDifficulty.blockRows
        for start in stride(from: 0, to: queries.rows, by: block) {
            let rows = start..<min(start + block, queries.rows)
            let prompts = try difficulty.read(queries.features, rows: rows)
            stages.logOdds += try context.regression.logOdds(
                queries, rows: rows, prompts: prompts, standardised: context.surface.standardise(prompts.surface),
                grams: grams)
            stages.surface += prompts.surface
            stages.columns += prompts.columns
        }
        stages.probabilities = stages.logOdds.map { context.calibration.probability($0) }
        return stages
    }

    private func check(_ features: FeatureMatrix) throws(ValueModelError) {
        guard features.columns == featureColumns else {
            throw .widthMismatch(expected: featureColumns, found: features.columns)
        }
        try features.checkFinite()
    }
}
