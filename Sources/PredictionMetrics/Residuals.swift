internal import Scoring

// Residual tests: whether prediction errors depend on the policy's level or on the prompt's difficulty.

extension EvaluationMetrics {
    /// Shortcut test: Spearman's correlation of the residual ŷ − y with the context's mean, over all queries.
    ///
    /// Near 0 for a good model. Above 0, the model relies on the policy's level instead of reading the prompt. Contexts
    /// without a mean are left out; `nil` where fewer than two queries or only one level are left.
    public static func shortcutCorrelation(_ contexts: [ScoredQueries]) -> Double? {
        var residuals: [Double] = []
        var means: [Double] = []
        for context in contexts {
            guard let mean = context.contextMean else { continue }
            residuals += zip(context.predictions, context.scores).map { $0 - $1 }
            means += [Double](repeating: mean, count: context.count)
        }
        return spearman(residuals, means)
    }

    /// The value of `shortcutCorrelation` that these predictions would have if they were right. It is not 0.
    ///
    /// Outcomes are yes or no, so the *ranks* of residuals depend on the level even if ŷ is right: where nearly all
    /// succeed, the common residual is −(1 − ŷ), which is smaller the higher the level is. So this function draws
    /// rollouts from the predictions (from the beliefs, where there are concentrations), tests them in place of the
    /// scores, and averages over `draws`. Compare the correlation with this value. Cost: per draw a sort and all
    /// rollouts.
    public static func shortcutExpected(_ contexts: [ScoredQueries], draws: Int = 5, seed: UInt64 = 1) -> Double? {
        var generator = SeededGenerator(seed: seed)
        var found: [Double] = []
        for _ in 0..<draws {
            var residuals: [Double] = []
            var means: [Double] = []
            for context in contexts {
                guard let mean = context.contextMean else { continue }
                for index in 0..<context.count {
                    let p = context.predictions[index]
                    let score = drawn(p, context.kappas?[index], context.rollouts[index], &generator)
                    residuals.append(p - score)
                    means.append(mean)
                }
            }
            if let correlation = spearman(residuals, means) { found.append(correlation) }
        }
        return MeanEstimate(found)?.mean
    }

    /// Mean of some rollouts of a coin, or of Pólya's urn, which is a coin drawn from the belief.
    private static func drawn(
        _ p: Double, _ kappa: Double?, _ rollouts: Int, _ generator: inout SeededGenerator
    ) -> Double {
        var successes = 0
        for trial in 0..<rollouts {
            var chance = p
            if let kappa { chance = (p * kappa + Double(successes)) / (kappa + Double(trial)) }
            if generator.unit() < chance { successes += 1 }
        }
        return Double(successes) / Double(rollouts)
    }

    /// Difficulty test: Spearman's correlation of the residual ŷ − y with the prompt's mean score over policies.
    ///
    /// Near 0 for a good model. Below 0, hard prompts are overrated and easy ones underrated. The mean is over the
    /// prompt's *other* outcomes: with its own, y would be correlated with itself and even a perfect model would fail.
    /// Prompts with one outcome are left out; `nil` where fewer than two queries or only one difficulty are left.
    public static func difficultyCorrelation(_ contexts: [ScoredQueries]) -> Double? {
        var totals: [String: (sum: Double, count: Int)] = [:]
        for context in contexts {
            for (promptID, score) in zip(context.promptIDs, context.scores) {
                totals[promptID, default: (0, 0)].sum += score
                totals[promptID, default: (0, 0)].count += 1
            }
        }
        var residuals: [Double] = []
        var means: [Double] = []
        for context in contexts {
            for index in 0..<context.count {
                guard let total = totals[context.promptIDs[index]], total.count > 1 else { continue }
                residuals.append(context.predictions[index] - context.scores[index])
                means.append((total.sum - context.scores[index]) / Double(total.count - 1))
            }
        }
        return spearman(residuals, means)
    }
}
