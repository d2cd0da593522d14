internal import Planning
public import Scoring

/// What `statezero evaluate` computes: how well a model predicts policies it sees only through a context set.
///
/// For each source, policy, version and seed: draw a context set, let the model prepare it, predict the query rows and
/// score the predictions. A prompt whose own outcome is in the context is never a query. Each distinct text is embedded
/// once, whatever the number of sources, policies and seeds that use it.
public struct Evaluator {
    /// How far the dear part is.
    public struct Progress: Hashable, Sendable {
        /// Distinct texts embedded so far.
        public let embedded: Int
        /// Distinct texts there are.
        public let texts: Int
        /// Contexts predicted so far.
        public let predicted: Int
        /// Contexts there are, over sources and seeds.
        public let contexts: Int
    }

    private let model: any ValueModel
    private let options: EvaluationOptions

    /// Evaluates `model`, on the thread that made it.
    public init(model: any ValueModel, options: EvaluationOptions) {
        self.model = model
        self.options = options
    }

    /// Evaluates on every source, in the order given. `progress` is called after each chunk of texts and each context.
    ///
    /// Cost: one embedding of each distinct text, then one preparation a policy version and seed.
    /// Throws `model` naming the source when the model refuses, `embeddingColumns` when its features are narrower.
    public func evaluate(
        _ sources: [EvaluationSource], progress: (Progress) -> Void = { _ in }
    ) throws(EvaluationError) -> EvaluationReport {
        let draws = sources.map { self.draws(of: $0) }
        let total = draws.reduce(0) { $0 + $1.reduce(0) { $0 + $1.count } }
        let features = try embed(sources, draws, contexts: total, progress)
        var tallies: [SourceTally] = []
        var predicted = 0
        for (source, seeds) in zip(sources, draws) {
            var tally = SourceTally(source: source.name)
            for contexts in seeds {
                var scored: [ScoredContext] = []
                for draw in contexts {
                    switch try score(draw, of: source, with: features) {
                    case .success(let context): scored.append(context)
                    case .failure(let skipped): tally.skip(skipped)
                    }
                    predicted += 1
                    progress(
                        .init(embedded: features.count, texts: features.count, predicted: predicted, contexts: total))
                }
                tally.add(scored)
            }
            tallies.append(tally)
        }
        return EvaluationReport(tallies)
    }

    /// By seed, by policy version: what profiles and what is asked.
    private func draws(of source: EvaluationSource) -> [[ContextDraw]] {
        let keys = source.prompts.mapValues { ContextDraw.PromptKey(text: $0) }
        let rows = Dictionary(grouping: source.rows, by: \.policy)
        let policies = rows.keys.sorted()
        return (0..<options.seeds).map { seed in
            policies.map { policy in
                ContextDraw(
                    policy: policy, rows: rows[policy] ?? [], keys: keys, seed: seed, contextRows: options.contextRows)
            }
        }
    }

    private func embed(
        _ sources: [EvaluationSource], _ draws: [[[ContextDraw]]], contexts: Int, _ progress: (Progress) -> Void
    ) throws(EvaluationError) -> TextFeatures {
        var features = TextFeatures()
        // By first source that needs it, so that an error can name one.
        var wanted: [(source: String, texts: [String])] = []
        var count = 0
        for (source, seeds) in zip(sources, draws) {
            var texts: [String] = []
            for draw in seeds.joined() where needsFeatures(draw) {
                for row in draw.context + draw.queries {
                    if let text = source.prompts[row.promptID], features.reserve(text) { texts.append(text) }
                }
            }
            count += texts.count
            wanted.append((source.name, texts))
        }
        var embedded = 0
        for (source, texts) in wanted {
            for start in stride(from: 0, to: texts.count, by: options.chunkTexts) {
                let chunk = Array(texts[start..<min(start + options.chunkTexts, texts.count)])
                do throws(ValueModelError) {
                    features.fill(chunk, with: try model.embed(chunk))
                } catch {
                    throw .model(source: source, error)
                }
                if let columns = options.embeddingColumns, columns < 1 || columns > features.columns {
                    throw .embeddingColumns(columns, columns: features.columns)
                }
                embedded += chunk.count
                progress(.init(embedded: embedded, texts: count, predicted: 0, contexts: contexts))
            }
        }
        return features
    }

    /// A context that will be skipped is not embedded.
    private func needsFeatures(_ draw: ContextDraw) -> Bool { skipReason(draw) == nil }

    private func skipReason(_ draw: ContextDraw) -> SkippedContext? {
        let successes = draw.queries.count { $0.outcome.isSuccess }
        if draw.context.isEmpty { return .noContextRows }
        if draw.queries.isEmpty { return .noQueryRows }
        return min(successes, draw.queries.count - successes) < options.classMin ? .tooFewOfOneClass : nil
    }

    private func score(
        _ draw: ContextDraw, of source: EvaluationSource, with features: TextFeatures
    ) throws(EvaluationError) -> Result<ScoredContext, SkippedContext> {
        if let reason = skipReason(draw) { return .failure(reason) }
        let rows = draw.context.map { row in
            ContextSet.Row(text: source.prompts[row.promptID] ?? "", outcome: row.outcome)
        }
        guard let context = ContextSet(rows) else {
            throw .optionOutOfRange(name: "context size", value: rows.count, range: "1…\(ContextSet.rowsMax)")
        }
        let queryTexts = draw.queries.map { source.prompts[$0.promptID] ?? "" }
        let contextFeatures = features.matrix(rows.map(\.text))
        let queryFeatures = features.matrix(queryTexts)
        let predictions: [Prediction]
        do throws(ValueModelError) {
            let prepared = try model.prepare(context, features: contextFeatures)
            predictions = try model.predict(queryFeatures, in: prepared)
        } catch {
            throw .model(source: source.name, error)
        }
        let baselines = BaselineRankings(
            context: context, contextFeatures: contextFeatures, queryTexts: queryTexts, queryFeatures: queryFeatures,
            embeddingColumns: options.embeddingColumns)
        do throws(PlanningError) {
            return .success(
                try ScoredContext(
                    draw: draw, predictions: predictions.map { Double($0.p) }, baseRate: context.baseRate,
                    baselines: baselines))
        } catch {
            throw .metric(source: source.name, "\(error)")
        }
    }
}
