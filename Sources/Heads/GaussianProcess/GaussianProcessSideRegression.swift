import Foundation
import Kernels
import Scoring

/// The regression with side information: reference columns and covariates beside the text.
///
/// Options of the columns' variance and prior slope, and noise levels, are averaged by their evidence. A link in place of
/// the calibration makes a probability: with references scores go far from the base rate, where the calibration, which is
/// linear in the reward, is wrong. `scripts/head/references.py` is the slow version.
struct GaussianProcessSideRegression: Sendable {
    /// From the score of a query to its probability.
    let link: OutcomeLink
    /// By row, up to the rows on which the noise is chosen: its score when its own reward is left out.
    let leftOut: [Double]
    private let text: TextRegression
    /// What the references say; `nil` without any.
    let columns: ReferenceColumns?
    private let coefficients: SIMD2<Double>
    /// What numbers, categories and vectors say; `nil` without any.
    let covariates: Covariates?
    private let alpha: [Double]

    /// Fits a context of at least two different rewards. Throws `kernel` if no noise level gives a positive definite
    /// matrix, which only happens if values are not finite.
    ///
    /// Cost: eight factorisations of N³/6 multiply-adds, as many inversions at most, the references' smoothing, and twenty
    /// factorisations a covariate.
    init(
        _ context: ContextSet, features: FeatureMatrix, columns: ReferenceColumns?, baseRate: Double
    ) throws(ValueModelError) {
        let problem = GaussianProcessProblem(context, features: features, baseRate: baseRate)
        let covariates = Covariates(context, columns: columns?.context ?? []) { added, rows in
            problem.evidence(added: added, rows: rows)
        }
        let fit = try problem.fit(columns: columns, covariates: covariates)
        self.columns = columns
        self.covariates = covariates
        coefficients = fit.coefficients
        alpha = fit.alpha
        leftOut = fit.leftOut
        do throws(KernelError) {
            text = try problem.kernel.combined(
                fit.alpha, prior: problem.prior, level: baseRate - problem.priorMean)
        } catch { throw .kernel(error.description) }
        link = OutcomeLink(
            scores: fit.leftOut.map(OutcomeLink.score(ofReward:)), rewards: Array(problem.rewards.prefix(leftOut.count))
        )
    }

    /// The posterior means of the queries' rewards; they may leave [0, 1]. Throws `kernel`.
    func scores(_ queries: QuerySet) throws(ValueModelError) -> [Double] {
        let rows = 0..<queries.rows
        var scores: [Double]
        do throws(KernelError) {
            scores = try text.values(queries.features, rows: Array(rows))
        } catch { throw .kernel(error.description) }
        let known = try columns?.values(queries, rows: rows) ?? []
        for row in rows {
            if !known.isEmpty { scores[row] += (known[row] * coefficients).sum() }
            if let covariates { scores[row] += covariates.value(queries.side(row), alpha: alpha) }
        }
        return scores
    }

    /// P(success) in [0.005, 0.995] of a score; not a number where the score is not.
    func probability(_ score: Double) -> Double { link.probability(OutcomeLink.score(ofReward: score)) }
}
