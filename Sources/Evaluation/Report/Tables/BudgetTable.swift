internal import Reporting

/// Realised value of plans from each head's beliefs, as text.
public struct BudgetTable: CustomStringConvertible {
    private let comparison: EvaluationComparison

    /// Arranges the budgets of a comparison.
    public init(_ comparison: EvaluationComparison) {
        self.comparison = comparison
    }

    /// One line per size, head and source: the position between the uniform plan (0) and the oracle's (1), for plans
    /// from the belief and from the mean alone; and the oracle's gain over the uniform plan.
    public var description: String {
        let table = TextTable(
            header: ["source", "rows", "head", "on belief", "±", "on mean alone", "±", "oracle/uniform − 1"],
            rows: comparison.budgets.map { budget in
                [budget.source, String(budget.contextSize), budget.predictor]
                    + [
                        Cell.signed(budget.belief.share), Cell.fixed(budget.belief.standardError),
                        Cell.signed(budget.meanAlone.share), Cell.fixed(budget.meanAlone.standardError),
                        Cell.signed(budget.oracleGain),
                    ]
            })
        guard let range = comparison.budgetRange else { return table.description }
        return "realised share of the way from uniform to oracle; \(range.mean) rollouts per prompt on average, "
            + "\(range.minimum)…\(range.maximum) each\n\(table)"
    }
}
