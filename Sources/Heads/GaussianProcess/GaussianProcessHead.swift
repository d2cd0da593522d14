public import Scoring

/// The in-context head without training: Gaussian-process regression of the reward on the text's features.
///
/// The kernel is exp(−γ‖a − b‖²) on the encoder's unit embeddings plus a linear one on thirty surface features,
/// standardised within the context. The linear part has a small prior mean (longer prompts are harder, …) that training
/// policies share. The noise level is averaged over a grid with the weights of its marginal likelihood; a row of n
/// rollouts is less noisy. The score becomes a probability by two constants, and a belief by a concentration κ, which
/// is estimated from the context's own rows of several rollouts, if there are any. All constants were fitted on training
/// policies by `scripts/head/fit.py`; `scripts/head/gaussian_process.py` is the slow version of this file.
///
/// References and covariates are further parts of the kernel, see `GaussianProcessSideRegression`; a context without any
/// has the answers that it had before they existed.
public final class GaussianProcessHead: InContextHead, Sendable {
    /// With fewer rows than this, predictions are the base rate.
    public static let rowsMin = 16
    /// Changes with this code, whenever an answer could change; the products' arithmetic is added to it.
    public static let numerics = "gp/1 rbf+surface30 f32-dot f64-fit side/2"

    /// For a model's name.
    package var name: String { "gp" }

    /// The arithmetic; this head has no weights.
    package var identity: String { "\(Self.numerics) \(WeightedRows.numerics)" }

    /// The head has no settings.
    public init() {}

    /// Fits a context. `features` are `(N, E + S)`: the encoder's unit embeddings, then `SurfaceFeatures`, in order.
    ///
    /// With references or covariates the features of the pool's prompts follow, and a query may have side information.
    /// Fewer than 16 rows, or rewards that are all the same, give a base-rate context; for no rows that is 0.5.
    /// Throws `widthMismatch` without an embedding column, `rowsMismatch`, and `notFinite` naming the row.
    /// Cost: eight factorisations of N³/3; beyond 1,024 rows the noise is chosen on the first 1,024.
    public func prepare(
        _ context: ContextSet, features: FeatureMatrix
    ) throws(ValueModelError) -> GaussianProcessContext {
        guard features.rows == context.texts.count else {
            throw .rowsMismatch(expected: context.texts.count, found: features.rows)
        }
        guard features.columns > SurfaceFeatures.count else {
            throw .widthMismatch(expected: SurfaceFeatures.count + 1, found: features.columns)
        }
        try features.checkFinite()
        let rewards = context.rows.map(\.outcome.reward)
        let baseRate = (rewards.reduce(0, +) + 0.5) / Double(rewards.count + 1)
        let hasSpread = (rewards.max() ?? 0) > (rewards.min() ?? 0)
        guard rewards.count >= Self.rowsMin, hasSpread else {
            return GaussianProcessContext(
                contextDigest: context.digest, fit: .baseRate,
                embeddingColumns: features.columns - SurfaceFeatures.count, baseRate: baseRate,
                concentration: GaussianProcessConstants.baseRateConcentration,
                evidence: PredictionEvidence(contextRows: rewards.count))
        }
        let columns = try ReferenceColumns(context, features: features, progress: {})
        guard columns == nil, !context.schema.hasCovariates else {
            return try prepare(context, features: features, columns: columns, baseRate: baseRate)
        }
        let (regression, leftOut) = try GaussianProcessRegression.fitting(
            features: features, rewards: rewards, rollouts: context.rows.map { Double($0.outcome.n) },
            baseRate: baseRate)
        let calibration = GaussianProcessCalibration(baseRate: baseRate, rows: rewards.count)
        return GaussianProcessContext(
            contextDigest: context.digest, fit: .regression(regression),
            embeddingColumns: features.columns - SurfaceFeatures.count, baseRate: baseRate,
            concentration: GaussianProcessCalibration.concentration(
                probabilities: leftOut.map { calibration.probability($0) },
                outcomes: context.rows.prefix(leftOut.count).map(\.outcome)),
            evidence: PredictionEvidence(contextRows: rewards.count))
    }

    /// The same with side information.
    private func prepare(
        _ context: ContextSet, features: FeatureMatrix, columns: ReferenceColumns?, baseRate: Double
    ) throws(ValueModelError) -> GaussianProcessContext {
        let regression = try GaussianProcessSideRegression(
            context, features: features, columns: columns, baseRate: baseRate)
        return GaussianProcessContext(
            contextDigest: context.digest, fit: .sideRegression(regression),
            embeddingColumns: features.columns - SurfaceFeatures.count, baseRate: baseRate,
            concentration: GaussianProcessCalibration.concentration(
                probabilities: regression.leftOut.map { regression.probability($0) },
                outcomes: context.rows.prefix(regression.leftOut.count).map(\.outcome)),
            evidence: columns?.evidence(rows: context.rows.count)
                ?? PredictionEvidence(contextRows: context.rows.count))
    }

    /// `(Q, E + S)` to Q beliefs. Each query is computed alone and in a fixed order, whatever else is in the call.
    ///
    /// Where a belief is so skewed that its mean is outside its central 80 %, the interval is widened to include it.
    /// Throws `widthMismatch` for features of another width than the context's, and `notFinite` naming the row.
    public func predict(
        _ queries: QuerySet, in context: GaussianProcessContext
    ) throws(ValueModelError) -> [Prediction] {
        let columns = context.embeddingColumns + SurfaceFeatures.count
        guard queries.columns == columns else { throw .widthMismatch(expected: columns, found: queries.columns) }
        try queries.features.checkFinite()
        let calibration = GaussianProcessCalibration(
            baseRate: context.baseRate, rows: context.regression?.rows ?? 0)
        var predictions: [Prediction] = []
        predictions.reserveCapacity(queries.rows)
        var scores: [Double] = []
        if case .sideRegression(let regression) = context.fit { scores = try regression.scores(queries) }
        for row in 0..<queries.rows {
            var flags: Prediction.Flags = queries.features.isTruncated[row] ? .truncated : []
            var p = context.baseRate
            switch context.fit {
            case .baseRate: flags.insert(.baseRate)
            case .regression(let regression):
                p = calibration.probability(regression.score(queries.features, row: row))
            case .sideRegression(let regression): p = regression.probability(scores[row])
            }
            guard let prediction = Prediction(mean: p, kappa: context.concentration, flags: flags) else {
                throw .notFinite(stage: "head", row: row)
            }
            predictions.append(prediction)
        }
        return predictions
    }
}

/// What the goldens of side information compare.
package struct GaussianProcessSideStages {
    /// By reference that is another policy.
    package let weights: [Double]
    /// By row of the context: the two columns of references.
    package let columns: [SIMD2<Double>]
    /// By covariate.
    package let amplitudes: [Double]
    /// By row of the context: its score without itself.
    package let leftOut: [Double]
    /// By query: the columns of references.
    package let queryColumns: [SIMD2<Double>]
    /// By query: its score before the link.
    package let scores: [Double]
}

extension GaussianProcessHead {
    /// Intermediate results for queries; `nil` for a context without side information. Throws `kernel`.
    package func stages(
        _ queries: QuerySet, in context: GaussianProcessContext
    ) throws(ValueModelError) -> GaussianProcessSideStages? {
        guard case .sideRegression(let regression) = context.fit else { return nil }
        return GaussianProcessSideStages(
            weights: regression.columns?.weights ?? [], columns: regression.columns?.context ?? [],
            amplitudes: regression.covariates?.amplitudes ?? [], leftOut: regression.leftOut,
            queryColumns: try regression.columns?.values(queries, rows: 0..<queries.rows)
                ?? Array(repeating: .zero, count: queries.rows),
            scores: try regression.scores(queries))
    }
}

extension GaussianProcessContext {
    var regression: GaussianProcessRegression? {
        if case .regression(let regression) = fit { return regression }
        return nil
    }
}
