internal import Planning
internal import Scoring

/// Why a context was not scored.
enum SkippedContext: String, Error {
    case noContextRows = "no context rows"
    case noQueryRows = "no query rows"
    case tooFewOfOneClass = "too few queries of one class"
}

/// One context's queries with the model's predictions and the baselines' beside them.
struct ScoredContext {
    let policyID: String
    let model: ScoredQueries
    let constant: ScoredQueries
    let lengthAUC: Double?
    let knn10AUC: Double?

    init(
        draw: ContextDraw, predictions: [Double], baseRate: Double, baselines: BaselineRankings
    ) throws(PlanningError) {
        let ids = draw.queries.map(\.promptID)
        let scores = draw.queries.map(\.outcome.reward)
        policyID = draw.policy.id
        let model = try ScoredQueries(
            context: "\(draw.policy)", promptIDs: ids, predictions: predictions, scores: scores, contextMean: baseRate)
        self.model = model
        constant = try ScoredQueries(
            context: "\(draw.policy)", promptIDs: ids, predictions: ids.map { _ in baseRate }, scores: scores)
        lengthAUC = EvaluationMetrics.auc(predictions: baselines.length, labels: model.labels)
        knn10AUC = baselines.knn10.flatMap { EvaluationMetrics.auc(predictions: $0, labels: model.labels) }
    }
}

/// What one source's contexts came to, a seed at a time.
struct SourceTally {
    /// One seed's figures over the source's contexts, each `nil` where the data cannot define it.
    struct Seed {
        var auc: Double?
        var groupAUC: Double?
        var ece: Double?
        var brier: Double?
        var constantECE: Double?
        var constantBrier: Double?
        var constantAUC: Double?
        var lengthAUC: Double?
        var knn10AUC: Double?
    }

    let source: String
    private(set) var seeds: [Seed] = []
    private(set) var policies: Set<String> = []
    private(set) var contexts = 0
    private(set) var queries = 0
    private(set) var skipped: [String: Int] = [:]

    init(source: String) { self.source = source }

    mutating func skip(_ reason: SkippedContext) { skipped[reason.rawValue, default: 0] += 1 }

    /// Adds one seed's contexts; a seed without any is left out.
    mutating func add(_ scored: [ScoredContext]) {
        guard !scored.isEmpty else { return }
        let models = scored.map(\.model)
        let constants = scored.map(\.constant)
        seeds.append(
            Seed(
                auc: EvaluationMetrics.intraContextAUC(models)?.mean,
                groupAUC: EvaluationMetrics.groupAUC(models),
                ece: EvaluationMetrics.calibrationError(models),
                brier: EvaluationMetrics.brier(models),
                constantECE: EvaluationMetrics.calibrationError(constants),
                constantBrier: EvaluationMetrics.brier(constants),
                constantAUC: EvaluationMetrics.intraContextAUC(constants)?.mean,
                lengthAUC: EvaluationMetrics.ContextMean(scored.compactMap(\.lengthAUC))?.mean,
                knn10AUC: EvaluationMetrics.ContextMean(scored.compactMap(\.knn10AUC))?.mean))
        policies.formUnion(scored.map(\.policyID))
        contexts += scored.count
        queries += models.reduce(0) { $0 + $1.count }
    }

    /// The mean over seeds of a figure and, from two seeds on, its standard error.
    func figure(_ figure: KeyPath<Seed, Double?>) -> EvaluationMetrics.ContextMean? {
        EvaluationMetrics.ContextMean(seeds.compactMap { $0[keyPath: figure] })
    }
}

extension EvaluationReport {
    /// Averages seeds into sources and sources into the mean.
    init(_ tallies: [SourceTally]) {
        sources = tallies.map { Figures($0) }
        // The standard error of the mean is that of the seeds' means over sources; a seed that lacks a source would
        // compare different sources, so only complete seeds count.
        let scored = tallies.filter { !$0.seeds.isEmpty }
        let complete = scored.map(\.seeds.count).min() ?? 0
        let seedMeans = (0..<complete).compactMap { seed in
            EvaluationMetrics.ContextMean(scored.compactMap { $0.seeds[seed].auc })?.mean
        }
        mean = Figures(meanOf: sources, standardError: EvaluationMetrics.ContextMean(seedMeans)?.standardError)
    }
}

extension EvaluationReport.Figures {
    init(_ tally: SourceTally) {
        let auc = tally.figure(\.auc)
        self.init(
            source: tally.source, policies: tally.policies.count, contexts: tally.contexts, queries: tally.queries,
            skipped: tally.skipped, intraContextAUC: auc?.mean, standardError: auc?.standardError,
            groupAUC: tally.figure(\.groupAUC)?.mean, ece: tally.figure(\.ece)?.mean,
            brier: tally.figure(\.brier)?.mean, constantECE: tally.figure(\.constantECE)?.mean,
            constantBrier: tally.figure(\.constantBrier)?.mean,
            baselines: .init(
                constant: tally.figure(\.constantAUC)?.mean, length: tally.figure(\.lengthAUC)?.mean,
                knn10: tally.figure(\.knn10AUC)?.mean))
    }

    init(meanOf sources: [EvaluationReport.Figures], standardError: Double?) {
        func mean(_ figure: (EvaluationReport.Figures) -> Double?) -> Double? {
            EvaluationMetrics.ContextMean(sources.compactMap(figure))?.mean
        }
        self.init(
            source: "mean", policies: sources.reduce(0) { $0 + $1.policies },
            contexts: sources.reduce(0) { $0 + $1.contexts }, queries: sources.reduce(0) { $0 + $1.queries },
            skipped: sources.reduce(into: [:]) { $0.merge($1.skipped, uniquingKeysWith: +) },
            intraContextAUC: mean(\.intraContextAUC), standardError: standardError, groupAUC: mean(\.groupAUC),
            ece: mean(\.ece), brier: mean(\.brier), constantECE: mean(\.constantECE),
            constantBrier: mean(\.constantBrier),
            baselines: .init(
                constant: mean(\.baselines.constant), length: mean(\.baselines.length), knn10: mean(\.baselines.knn10)))
    }
}
