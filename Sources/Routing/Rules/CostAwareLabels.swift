public import Scoring

/// The paper's way to bring cost into routing: a model's record is relabelled before the value model sees it.
public enum CostAwareLabels {
    /// Rewards become `β·r + (1 − β)·(1 − c̃)` (V0, arXiv 2602.03584), the prompts and their order stay.
    ///
    /// `relativeCost` is cut to [0, 1], so that labels are rewards again; β in [0, 1], which a rule's parameter is.
    /// `nil` where the arguments are no numbers.
    public static func relabelled(_ context: ContextSet, beta: Double, relativeCost: Double) -> ContextSet? {
        let cheapness = 1 - min(max(relativeCost, 0), 1)
        var rows: [ContextSet.Row] = []
        rows.reserveCapacity(context.rows.count)
        for row in context.rows {
            // Rounding may leave [0, 1] by a last bit.
            let reward = min(max(beta * row.outcome.reward + (1 - beta) * cheapness, 0), 1)
            guard let outcome = Outcome(reward: reward, n: row.outcome.n) else { return nil }
            rows.append(ContextSet.Row(text: row.text, outcome: outcome))
        }
        return ContextSet(rows)
    }
}
