extension EvaluationMetrics {
    /// Shortcut test: Spearman's correlation of the residual ŷ − y with the context's mean, over all queries.
    ///
    /// Near 0 for a good model. Above 0: the model leans on the policy's level instead of reading the prompt. Contexts
    /// without a mean are left out; `nil` where fewer than two queries or one level are left.
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

    /// Difficulty test: Spearman's correlation of the residual ŷ − y with the prompt's mean score over policies.
    ///
    /// Near 0 for a good model; below 0 where hard prompts are overrated and easy ones underrated. The mean is taken
    /// over the prompt's *other* outcomes: with its own, y would be correlated with itself and even a perfect model
    /// fail. Prompts met once are left out; `nil` where fewer than two queries or one difficulty are left.
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
