public import Scoring

/// The paper's way to include cost in routing: a model's outcomes are relabelled before the value model uses them.
public enum CostAwareLabels {
    /// Rewards become `β·r + (1 − β)·(1 − c̃)` (V0, arXiv 2602.03584); prompts and their order stay.
    ///
    /// `relativeCost` is clipped to [0, 1], so that labels are valid rewards; β is in [0, 1], like a rule's parameter.
    /// `nil` if an argument is not a number.
    public static func relabelled(_ context: ContextSet, beta: Double, relativeCost: Double) -> ContextSet? {
        let cheapness = 1 - relativeCost.clamped(to: 0...1)
        var rows: [ContextSet.Row] = []
        rows.reserveCapacity(context.rows.count)
        for row in context.rows {
            // A rounding error may leave [0, 1].
            let reward = (beta * row.outcome.reward + (1 - beta) * cheapness).clamped(to: 0...1)
            guard let outcome = Outcome(reward: reward, n: row.outcome.n) else { return nil }
            rows.append(ContextSet.Row(text: row.text, outcome: outcome))
        }
        return ContextSet(rows)
    }
}
