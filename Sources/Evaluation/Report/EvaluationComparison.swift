internal import ReferenceDraws

/// Compares all predictors at every context size, on the same draws and queries.
public struct EvaluationComparison: Codable, Hashable, Sendable {
    /// One predictor at one size.
    public struct Predictor: Codable, Hashable, Sendable {
        /// Name in the report.
        public let name: String
        /// Head, baseline or oracle.
        public let kind: Evaluation.Predictor.Kind
        /// The head's own name.
        public let head: String
        /// Its references, as `ReferenceArm` writes them; absent without.
        public let references: String?
        /// Mean over sources.
        public let mean: PredictorFigures
        /// Mean over sources known to training; absent where nothing says which are known, or none is.
        public let known: PredictorFigures?
        /// Mean over the other sources; absent in the same cases.
        public let new: PredictorFigures?
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
    /// Sources known to training, and who says so; absent where nothing does.
    public let known: EvaluationOptions.KnownSources?
    /// Share of prompts on which outcomes of references were known; absent without references.
    public let referenceCoverage: Double?
    /// Most policy versions of a source; absent where all were evaluated.
    public let policiesMax: Int?
    /// By context size, rising.
    public let sizes: [Size]
    /// Budgets of the plans; absent where no plans were requested.
    public let budgetRange: EvaluationOptions.BudgetRange?
    /// By size, head and source; empty where no plans were requested or no source has rates.
    public let budgets: [BudgetFigures]

    enum CodingKeys: String, CodingKey {
        case seeds, reference, sizes, budgets, known
        case referenceCoverage = "reference_coverage"
        case policiesMax = "policies_max"
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
            // A source without some arm must not bring its baselines before the heads of another.
            predictors = predictors.filter { $0.kind == .head } + predictors.filter { $0.kind != .head }
            hasReference = hasReference || predictors.contains { $0.name == reference }
            sizes.append(
                Size(
                    contextSize: size,
                    predictors: predictors.map { predictor in
                        let scored = here.compactMap { source in
                            source.tally(of: predictor.name).map { ($0, source.tally(of: reference), source) }
                        }
                        let figures = scored.map { tally, reference, source in
                            PredictorFigures(
                                tally, reference: reference,
                                withoutReferences: predictor.references == .none
                                    ? nil : source.tally(of: predictor.head))
                        }
                        let tallies = scored.map(\.0)
                        func mean(known: Bool) -> PredictorFigures? {
                            guard let names = options.known?.sources else { return nil }
                            let places = tallies.indices.filter { names.contains(tallies[$0].source) == known }
                            return places.isEmpty
                                ? nil
                                : PredictorFigures(
                                    meanOf: places.map { figures[$0] }, tallies: places.map { tallies[$0] },
                                    name: known ? "mean of known kinds" : "mean of new kinds")
                        }
                        return Predictor(
                            name: predictor.name, kind: predictor.kind, head: predictor.head,
                            references: predictor.references == .none ? nil : "\(predictor.references)",
                            mean: PredictorFigures(meanOf: figures, tallies: tallies), known: mean(known: true),
                            new: mean(known: false), sources: figures)
                    }))
            for predictor in predictors where predictor.kind == .head {
                budgets += here.compactMap { source in
                    source.tally(of: predictor.name).flatMap { BudgetFigures($0, contextSize: size) }
                }
            }
        }
        self.init(
            seeds: options.seeds, classMin: options.classMin, reference: hasReference ? reference : nil,
            known: options.known,
            referenceCoverage: options.references.arms == [.none] ? nil : options.references.coverage,
            policiesMax: options.policiesMax, sizes: sizes,
            budgetRange: options.budget, budgets: budgets)
    }
}
