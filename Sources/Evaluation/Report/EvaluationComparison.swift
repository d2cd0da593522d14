/// Compares all predictors at every context size, on the same draws and queries.
public struct EvaluationComparison: Codable, Hashable, Sendable {
    /// One predictor at one size.
    public struct Predictor: Codable, Hashable, Sendable {
        /// Name in the report.
        public let name: String
        /// Head, baseline or oracle.
        public let kind: Evaluation.Predictor.Kind
        /// Mean over sources.
        public let mean: PredictorFigures
        /// By source, in the report's order; sources without a scored context are omitted.
        public let sources: [PredictorFigures]
    }

    /// One context size.
    public struct Size: Codable, Hashable, Sendable {
        /// Rows requested; a policy version that has fewer uses all of them.
        public let contextSize: Int
        /// Heads in their order, then baselines and the oracle.
        public let predictors: [Predictor]

        enum CodingKeys: String, CodingKey {
            case predictors
            case contextSize = "context_size"
        }
    }

    /// Number of draws of context rows.
    public let seeds: Int
    /// Smallest number of queries of either class in a scored context.
    public let classMin: Int
    /// Name of the predictor that `gain` is relative to; absent where it is not among the heads.
    public let reference: String?
    /// By context size, rising.
    public let sizes: [Size]
    /// Budgets of the plans; absent where no plans were requested.
    public let budgetRange: EvaluationOptions.BudgetRange?
    /// By size, head and source; empty where no plans were requested or no source has rates.
    public let budgets: [BudgetFigures]

    enum CodingKeys: String, CodingKey {
        case seeds, reference, sizes, budgets
        case classMin = "class_min"
        case budgetRange = "budget_range"
    }
}

extension EvaluationComparison {
    /// Compares the predictors of all sources.
    init(_ tallies: [SourceTally], options: EvaluationOptions) {
        let reference = Evaluation.Predictor.reference
        var sizes: [Size] = []
        var budgets: [BudgetFigures] = []
        var hasReference = false
        for (place, size) in options.contextSizes.enumerated() {
            let here = tallies.map { $0.sizes[place] }
            var predictors: [Evaluation.Predictor] = []
            for predictor in here.flatMap(\.predictors).map(\.predictor) where !predictors.contains(predictor) {
                predictors.append(predictor)
            }
            hasReference = hasReference || predictors.contains { $0.name == reference }
            sizes.append(
                Size(
                    contextSize: size,
                    predictors: predictors.map { predictor in
                        let scored = here.compactMap { source in
                            source.tally(of: predictor.name).map { ($0, source.tally(of: reference)) }
                        }
                        let figures = scored.map { PredictorFigures($0.0, reference: $0.1) }
                        return Predictor(
                            name: predictor.name, kind: predictor.kind,
                            mean: PredictorFigures(meanOf: figures, tallies: scored.map(\.0)), sources: figures)
                    }))
            for predictor in predictors where predictor.kind == .head {
                budgets += here.compactMap { source in
                    source.tally(of: predictor.name).flatMap { BudgetFigures($0, contextSize: size) }
                }
            }
        }
        self.init(
            seeds: options.seeds, classMin: options.classMin, reference: hasReference ? reference : nil, sizes: sizes,
            budgetRange: options.budget, budgets: budgets)
    }
}
