internal import Reporting

/// A comparison as text: every predictor at every context size, first the mean over sources, then by source.
public struct ComparisonTable: CustomStringConvertible {
    private let comparison: EvaluationComparison

    /// Arranges a comparison.
    public init(_ comparison: EvaluationComparison) {
        self.comparison = comparison
    }

    /// Two tables: figures of the mean, and AUC by source. A missing figure is a dash.
    public var description: String {
        let gain = comparison.reference.map { "gain over \($0)" }
        let header =
            ["rows", "predictor", "AUC", "±"] + (gain.map { [$0, "±"] } ?? [])
            + ["ECE", "by chance", "Brier", "log loss", "shortcut", "if right", "difficulty"]
        var means: [[String]] = []
        for size in comparison.sizes {
            for predictor in size.predictors {
                let mean = predictor.mean
                var cells = [String(size.contextSize), predictor.name]
                cells += [mean.auc, mean.aucStandardError].map(Cell.fixed)
                if gain != nil {
                    cells += [Cell.signed(mean.gain), Cell.fixed(mean.gainStandardError)]
                }
                cells += [mean.ece, mean.eceExpected, mean.brier, mean.logLoss].map(Cell.fixed)
                cells += [mean.shortcut, mean.shortcutExpected, mean.difficulty].map(Cell.signed)
                means.append(cells)
            }
        }
        return "\(TextTable(header: header, rows: means))\n\n\(bySource)"
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
                    Cell.fixed(predictor.sources.first { $0.source == name }.flatMap(\.auc))
                }
                rows.append([String(size.contextSize), predictor.name] + aucs)
            }
        }
        return TextTable(header: ["rows", "predictor"] + names, rows: rows)
    }
}
