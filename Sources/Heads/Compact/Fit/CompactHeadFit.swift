import Foundation
import Scoring

/// Step 5 of the head: Gaussian-process regressions of the log-odds, averaged by their marginal likelihood.
///
/// What level and difficulty alone do not say is explained by a radial kernel on embeddings, linear ones on the columns and
/// on surface features, one on character runs, and the level; five settings divide it differently among them. From version
/// 2 each has a twin that does not believe the difficulty, and each of these has options of the reference columns.
/// Everything is in double but the embeddings' cosines.
struct CompactHeadFit {
    /// ℓ, log-odds of a prompt of difficulty 0 under this policy.
    let level: Double
    /// a, by column of references.
    let slopes: SIMD2<Double>
    /// q: by setting, by twin, by option.
    let odds: [Double]
    /// e, by context row: its log-odds when its own reward is left out.
    let leftOut: [Double]
    /// Numbers, categories and vectors; `nil` without any.
    let covariates: Covariates?
    /// What predictions of queries need.
    let regression: CompactHeadRegression

    /// Fits a context; `progress` is called after each factorisation.
    ///
    /// Throws `kernel` where a covariance is not positive definite, which only happens with damaged weights.
    /// Cost: five factorisations and, for settings that count, as much again; 4 N² doubles of memory.
    init(
        constants: CompactHeadConstants, context: ContextSet, inputs: CompactHeadInputs, progress: () -> Void
    ) throws(ValueModelError) {
        let (prompts, outcomes) = (inputs.prompts, context.rows.map(\.outcome))
        let difficulties = outcomes.indices.map { prompts.difficulty($0) }
        let columns = inputs.references?.context ?? [SIMD2<Double>](repeating: .zero, count: outcomes.count)
        let nulls = inputs.references?.nulls ?? [nil, nil]
        let linear = CompactHeadLinearisation(
            constants: constants, outcomes: outcomes, difficulties: difficulties, columns: columns, nulls: nulls)
        let covariance = CompactHeadCovariance(constants: constants, inputs: inputs)
        let covariates = Covariates(context, columns: inputs.references == nil ? [] : columns) {
            added, rows in
            covariance.evidence(
                noise: linear.noise, added: added, rows: rows,
                residual: (0..<rows).map { linear.targets[$0] - difficulties[$0] })
        }
        let options = ColumnOption.all(constants.references?.options ?? [], nulls: nulls)
        let added = covariates?.matrix(count: outcomes.count)
        let priorScores = inputs.priorScores(constants.surfacePrior)

        var scores: [Double] = []
        var solutions: [CompactHeadSolution?] = []
        for (k, setting) in constants.settings.enumerated() {
            let twins: [(logOdds: Double, isTwin: Bool)] =
                [(setting.logOdds, false)] + (setting.twinLogOdds.map { [($0, true)] } ?? [])
            guard !outcomes.isEmpty else {
                // Evidence is 0, and the reference columns count for what they do beforehand.
                for twin in twins {
                    scores += options.map { twin.logOdds + $0.logPrior }
                    solutions.append(CompactHeadSolution(withoutRows: options))
                }
                continue
            }
            guard let factor = covariance.factor(setting, noise: linear.noise, added: added) else {
                throw .kernel(
                    "the compact head's covariance \(k) of \(outcomes.count) rows is not positive definite; "
                        + "its weights may be damaged")
            }
            let residuals = twins.map { twin in
                outcomes.indices.map { row in
                    twin.isTwin
                        ? linear.targets[row]
                        : linear.targets[row] - setting.slope * difficulties[row] - setting.share * priorScores[row]
                }
            }
            let parts = CompactHeadParts(factor, residuals: residuals, columns: columns, options: options)
            progress()
            for (twin, part) in zip(twins, parts.results) {
                for (option, result) in zip(options, part) {
                    let evidence = -result.quadratic / 2 - factor.logDeterminant / 2 - result.logDeterminantGain / 2
                    scores.append(constants.temper * evidence + twin.logOdds + option.logPrior)
                }
            }
            // The factor is freed before the odds are known. Its inverse is computed now, unless another setting already has
            // all the odds.
            let own = scores.suffix(twins.count * options.count).max() ?? -.infinity
            if own >= (scores.max() ?? 0) + CompactHeadConstants.scoreRange {
                solutions += parts.solutions(factor)
                progress()
            } else {
                solutions += [CompactHeadSolution?](repeating: nil, count: twins.count)
            }
        }
        guard let odds = EvidenceOdds.of(scores, least: CompactHeadConstants.oddsMin) else {
            throw .kernel("the compact head's evidence is not a number; its weights may be damaged")
        }
        let average = CompactHeadAverage(
            constants: constants, linear: linear, odds: odds, options: options.count, solutions: solutions)
        level = linear.level
        slopes = linear.slopes
        self.odds = odds
        leftOut = average.leftOut
        self.covariates = covariates
        regression = try CompactHeadRegression(
            constants: constants, inputs: inputs, level: linear.level, members: average.members,
            coefficients: average.coefficients, centred: covariance.centred, covariates: covariates)
    }
}
