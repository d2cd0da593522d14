import Foundation
import Scoring

/// Step 3 of the head: five Gaussian-process regressions of the log-odds, averaged by their marginal likelihood.
///
/// Rewards are linearised about what level and difficulty alone say: weights and pseudo-observations of one Newton step
/// of the logistic likelihood. What is left is explained by a radial kernel on embeddings, a linear one on the columns,
/// one on surface features, and the level; the settings divide it differently among them. Everything is in double but
/// the embeddings' cosines.
struct CompactHeadFit {
    /// ℓ, log-odds of a prompt of difficulty 0 under this policy.
    let level: Double
    /// q, by setting.
    let odds: [Double]
    /// e, by context row: its log-odds when its own reward is left out.
    let leftOut: [Double]
    /// What predictions of queries need.
    let regression: CompactHeadRegression

    private static let newtonSteps = 12
    private static let levelVariance = 4.0
    private static let weightMin = 0.02 * 0.98

    /// Fits a context; `standardised` is its `(N, 30)` of step 2, `progress` is called after each factorisation.
    ///
    /// Throws `kernel` where a covariance is not positive definite, which only happens with damaged weights.
    /// Cost: five factorisations of N³/3 and, for settings that count, as much again; 4 N² doubles of memory.
    init(
        constants: CompactHeadConstants, features: FeatureMatrix, prompts: CompactHeadPrompts, standardised: [Double],
        outcomes: [Outcome], progress: () -> Void
    ) throws(ValueModelError) {
        let rewards = outcomes.map(\.reward)
        let difficulties = rewards.indices.map { prompts.difficulty($0) }
        let level = Self.level(population: constants.population, rewards: rewards, difficulties: difficulties)
        var targets: [Double] = []
        var noise: [Double] = []
        for (row, outcome) in outcomes.enumerated() {
            let stretched = constants.expansion * difficulties[row]
            let p = CompactHeadConstants.sigmoid(level + stretched)
            let weight = max(p * (1 - p), Self.weightMin)
            targets.append(stretched + (outcome.reward - p) / weight)
            let share = constants.overdispersion + (1 - constants.overdispersion) / Double(outcome.n)
            noise.append(constants.noise * share / weight)
        }
        let embeddings = EmbeddingRows(features, columns: CompactHeadConfiguration.embeddingColumns)
        let kernel = RadialKernel(gamma: constants.gamma)
        let covariance = CompactHeadCovariance(
            constants: constants, embeddings: embeddings, kernel: kernel, prompts: prompts, standardised: standardised)
        let priorScores = Self.scores(standardised, constants.surfacePrior)

        var evidence = [Double](repeating: 0, count: constants.settings.count)
        var solutions = [[Double]](repeating: [], count: constants.settings.count)
        var inverses = solutions
        if !outcomes.isEmpty {
            for (k, setting) in constants.settings.enumerated() {
                guard let factor = covariance.factor(setting, noise: noise) else {
                    throw .kernel(
                        "the compact head's covariance \(k) of \(rewards.count) rows is not positive definite; "
                            + "its weights may be damaged")
                }
                let white = factor.forward(
                    targets.indices.map {
                        targets[$0] - setting.slope * difficulties[$0] - setting.share * priorScores[$0]
                    })
                solutions[k] = factor.backward(white)
                evidence[k] = -white.reduce(0) { $0 + $1 * $1 } / 2 - factor.logDeterminant / 2
                progress()
                // The factor is freed before the odds are known. Its inverse is computed now, unless another setting already has
                // all the odds.
                if constants.mayCount(k, evidence: evidence.prefix(k + 1)) {
                    inverses[k] = factor.inverseDiagonal
                    progress()
                }
            }
        }
        let odds = constants.odds(evidence: evidence)
        var leftOut = [Double](repeating: level, count: rewards.count)
        for k in odds.indices where odds[k] > 0 {
            for row in leftOut.indices {
                leftOut[row] += odds[k] * (targets[row] - solutions[k][row] / inverses[k][row])
            }
        }
        self.level = level
        self.odds = odds
        self.leftOut = leftOut
        regression = CompactHeadRegression(
            constants: constants, embeddings: embeddings, kernel: kernel, level: level, prompts: prompts,
            standardised: standardised, odds: odds, solutions: solutions)
    }

    /// The likeliest level, with a normal prior about the population's.
    private static func level(population: Double, rewards: [Double], difficulties: [Double]) -> Double {
        guard !rewards.isEmpty else { return population }
        var level = population
        for _ in 0..<newtonSteps {
            var slope = -(level - population) / levelVariance
            var curvature = 1 / levelVariance
            for (reward, difficulty) in zip(rewards, difficulties) {
                let p = CompactHeadConstants.sigmoid(level + difficulty)
                slope += reward - p
                curvature += p * (1 - p)
            }
            level += min(2, max(-2, slope / curvature))
        }
        return level
    }

    /// `(N, 30)` times a vector.
    private static func scores(_ standardised: [Double], _ weights: [Double]) -> [Double] {
        stride(from: 0, to: standardised.count, by: weights.count).map { start in
            weights.indices.reduce(0) { $0 + weights[$1] * standardised[start + $1] }
        }
    }
}
