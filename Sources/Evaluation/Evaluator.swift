internal import PredictionMetrics
public import Scoring

/// Computes the report of `statezero evaluate`: how well heads predict policies that they know only through a context
/// set.
///
/// For each source, policy, version and seed: draw a context set, let every head prepare it at each size, predict the
/// query rows, and score the predictions together with those of baselines. A prompt whose own outcome is in the largest
/// context is never a query. Each distinct text is embedded once for all sources, policies, seeds, sizes and heads.
public struct Evaluator {
    /// Progress of embedding and predicting.
    public struct Progress: Hashable, Sendable {
        /// Distinct texts embedded so far.
        public let embedded: Int
        /// Number of distinct texts.
        public let texts: Int
        /// Contexts predicted so far.
        public let predicted: Int
        /// Number of contexts, over sources, seeds and sizes.
        public let contexts: Int
    }

    private let heads: [EvaluatedHead]
    private let options: EvaluationOptions

    /// Evaluates heads that use the same features; the first one embeds for all. Call it on the thread that made them.
    ///
    /// Throws `headName` for no heads, two heads of one name, or a head with the name of a baseline.
    public init(heads: [EvaluatedHead], options: EvaluationOptions) throws(EvaluationError) {
        guard !heads.isEmpty else { throw .headName("") }
        var names = Predictor.reserved
        for head in heads where head.name.isEmpty || !names.insert(head.name).inserted { throw .headName(head.name) }
        self.heads = heads
        self.options = options
    }

    /// Evaluates one model, named `model` in the comparison.
    public init(model: any ValueModel, options: EvaluationOptions) {
        heads = [EvaluatedHead(name: "model", model: model)]
        self.options = options
    }

    /// Evaluates every source, in the order given. `progress` is called after each chunk of texts and each context.
    ///
    /// Cost: one embedding per distinct text, then one preparation per head, policy version, seed and size.
    /// Throws `model` naming the source when a head fails, `embeddingColumns` when the features are narrower.
    public func evaluate(
        _ sources: [EvaluationSource], progress: (Progress) -> Void = { _ in }
    ) throws(EvaluationError) -> EvaluationReport {
        let keys = sources.map { $0.prompts.mapValues { DrawKey(Digest(of: $0)) } }
        let draws = zip(sources, keys).map { self.draws(of: $0, keys: $1) }
        let total = draws.reduce(0) { $0 + $1.count } * options.contextSizes.count
        let features = try embed(sources, draws, contexts: total, progress)
        var tallies: [SourceTally] = []
        var predicted = 0
        for (place, source) in sources.enumerated() {
            let others = OtherPolicies(source, keys: keys[place])
            var tally = SourceTally(source: source.name, sizes: options.contextSizes)
            for draw in draws[place] {
                if let reason = skipReason(draw) {
                    tally.skip(reason)
                    predicted += options.contextSizes.count
                    continue
                }
                let oracle = draw.queries.map { row in
                    keys[place][row.promptID].flatMap { others.mean(on: $0.digest, besides: draw.policy) }
                }
                let context = EvaluationContext(draw, of: source, features: features, options: options, oracle: oracle)
                for size in tally.sizes.indices {
                    for (predictor, score) in try context.scores(rows: options.contextSizes[size], heads: heads) {
                        tally.sizes[size].add(score, of: predictor, source: source.name)
                    }
                    predicted += 1
                    progress(
                        .init(embedded: features.count, texts: features.count, predicted: predicted, contexts: total))
                }
            }
            tallies.append(tally)
        }
        return EvaluationReport(tallies, first: heads[0].name, options: options)
    }

    /// Draws by seed, then by policy version.
    private func draws(of source: EvaluationSource, keys: [String: DrawKey]) -> [ContextDraw] {
        let rows = Dictionary(grouping: source.rows, by: \.policy)
        let policies = rows.keys.sorted()
        return (0..<options.seeds).flatMap { seed in
            policies.map { policy in
                ContextDraw(
                    policy: policy, rows: rows[policy] ?? [], keys: keys, seed: seed, contextRows: options.contextRows)
            }
        }
    }

    private func embed(
        _ sources: [EvaluationSource], _ draws: [[ContextDraw]], contexts: Int, _ progress: (Progress) -> Void
    ) throws(EvaluationError) -> TextFeatures {
        var features = TextFeatures()
        // Texts are listed under the first source that needs them, so that an error can name it.
        var wanted: [(source: String, texts: [String])] = []
        var count = 0
        for (source, draws) in zip(sources, draws) {
            var texts: [String] = []
            // A context that will be skipped is not embedded.
            for draw in draws where skipReason(draw) == nil {
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
                    features.fill(chunk, with: try heads[0].model.embed(chunk))
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

    private func skipReason(_ draw: ContextDraw) -> SkippedContext? {
        let successes = draw.queries.count { $0.outcome.isSuccess }
        if draw.context.isEmpty { return .noContextRows }
        if draw.queries.isEmpty { return .noQueryRows }
        return min(successes, draw.queries.count - successes) < options.classMin ? .tooFewOfOneClass : nil
    }
}
