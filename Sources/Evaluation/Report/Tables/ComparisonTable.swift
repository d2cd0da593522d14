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
            + (hasArms ? ["over no references", "±"] : [])
            + ["Spearman", "ECE", "by chance", "Brier", "log loss", "in 80 %", "if right"]
            + ["shortcut", "if right", "difficulty"]
        var means: [[String]] = []
        for size in comparison.sizes {
            for predictor in size.predictors {
                let mean = predictor.mean
                var cells = [String(size.contextSize), predictor.name]
                cells += [mean.auc, mean.aucStandardError].map(Cell.fixed)
                if gain != nil {
                    cells += [Cell.signed(mean.gain), Cell.fixed(mean.gainStandardError)]
                }
                if hasArms {
                    cells += [Cell.signed(mean.referenceGain?.value), Cell.fixed(mean.referenceGain?.error)]
                }
                cells += [
                    mean.spearman?.value, mean.ece, mean.eceExpected, mean.brier, mean.logLoss, mean.belief?.coverage,
                    mean.belief?.coverageExpected,
                ].map(Cell.fixed)
                cells += [mean.shortcut, mean.shortcutExpected, mean.difficulty].map(Cell.signed)
                means.append(cells)
            }
        }
        return [TextTable(header: header, rows: means), kinds, bySource].compactMap { $0?.description }
            .joined(separator: "\n\n")
    }

    private var hasArms: Bool {
        comparison.sizes.contains { $0.predictors.contains { $0.mean.referenceGain != nil } }
    }

    /// Means of kinds known to training and of new kinds; `nil` where nothing says which are known.
    private var kinds: TextTable? {
        var rows: [[String]] = []
        for size in comparison.sizes {
            for predictor in size.predictors where predictor.known != nil || predictor.new != nil {
                let cells = [predictor.known, predictor.new].flatMap { figures in
                    [figures?.sources.description ?? TextTable.missing]
                        + [figures?.auc, figures?.aucStandardError].map(Cell.fixed)
                        + [Cell.signed(figures?.gain), Cell.fixed(figures?.gainStandardError)]
                }
                rows.append([String(size.contextSize), predictor.name] + cells)
            }
        }
        let columns = ["sources", "AUC", "±", "gain", "±"]
        return rows.isEmpty
            ? nil
            : TextTable(
                header: ["rows", "predictor"] + columns.map { "known \($0)" } + columns.map { "new \($0)" }, rows: rows)
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
