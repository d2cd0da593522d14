/// Every predictor at every context size, the mean over sources, as a person reads it; then by source.
public struct ComparisonTable: CustomStringConvertible {
    private let comparison: EvaluationComparison

    /// Lays out a comparison.
    public init(_ comparison: EvaluationComparison) {
        self.comparison = comparison
    }

    /// Two tables: figures of the mean, and AUC by source. Missing figures are a dash.
    public var description: String {
        let gain = comparison.reference.map { "gain over \($0)" }
        let head =
            ["rows", "predictor", "AUC", "±"] + (gain.map { [$0, "±"] } ?? [])
            + ["ECE", "by chance", "Brier", "log loss", "shortcut", "if right", "difficulty"]
        var means: [[String]] = []
        for size in comparison.sizes {
            for predictor in size.predictors {
                let mean = predictor.mean
                var cells = [String(size.contextSize), predictor.name]
                cells += [mean.auc, mean.aucStandardError].map(TextTable.fixed)
                if gain != nil {
                    cells += [TextTable.signed(mean.gain), TextTable.fixed(mean.gainStandardError)]
                }
                cells += [mean.ece, mean.eceExpected, mean.brier, mean.logLoss].map(TextTable.fixed)
                cells += [mean.shortcut, mean.shortcutExpected, mean.difficulty].map(TextTable.signed)
                means.append(cells)
            }
        }
        return "\(TextTable(head: head, rows: means))\n\n\(bySource)"
    }

    private var bySource: TextTable {
        var names: [String] = []
        for size in comparison.sizes {
            for source in size.predictors.flatMap(\.sources).map(\.source) where !names.contains(source) {
                names.append(source)
            }
        }
        var rows: [[String]] = []
        for size in comparison.sizes {
            for predictor in size.predictors {
                let aucs = names.map { name in
                    TextTable.fixed(predictor.sources.first { $0.source == name }.flatMap(\.auc))
                }
                rows.append([String(size.contextSize), predictor.name] + aucs)
            }
        }
        return TextTable(head: ["rows", "predictor"] + names, rows: rows)
    }
}

/// What plans on each head's beliefs realise, as a person reads it.
public struct BudgetTable: CustomStringConvertible {
    private let comparison: EvaluationComparison

    /// Lays out the budgets of a comparison.
    public init(_ comparison: EvaluationComparison) {
        self.comparison = comparison
    }

    /// A line a size, head and source: how far from the uniform plan (0) to the oracle's (1), on the belief and on the
    /// mean alone; and what the oracle gains over the uniform plan.
    public var description: String {
        let table = TextTable(
            head: ["source", "rows", "head", "on belief", "±", "on mean alone", "±", "oracle/uniform − 1"],
            rows: comparison.budgets.map { budget in
                [budget.source, String(budget.contextSize), budget.predictor]
                    + [
                        TextTable.signed(budget.belief.share), TextTable.fixed(budget.belief.standardError),
                        TextTable.signed(budget.meanAlone.share), TextTable.fixed(budget.meanAlone.standardError),
                        TextTable.signed(budget.oracleGain),
                    ]
            })
        guard let range = comparison.budgetRange else { return table.description }
        return "realised, of the way from uniform to oracle; \(range.mean) rollouts a prompt on average, "
            + "\(range.minimum)…\(range.maximum) each\n\(table)"
    }
}
