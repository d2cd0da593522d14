internal import Planning
public import Scoring

/// What `statezero evaluate` computes: how well heads predict policies they see only through a context set.
///
/// For each source, policy, version and seed: draw a context set, let every head prepare each beginning of it that is
/// asked for, predict the query rows and score the predictions, with baselines beside them. A prompt whose own outcome
/// is in the largest context is never a query. Each distinct text is embedded once, whatever the number of sources,
/// policies, seeds, sizes and heads that use it.
public struct Evaluator {
    /// How far the dear part is.
    public struct Progress: Hashable, Sendable {
        /// Distinct texts embedded so far.
        public let embedded: Int
        /// Distinct texts there are.
        public let texts: Int
        /// Contexts predicted so far.
        public let predicted: Int
        /// Contexts there are, over sources, seeds and sizes.
        public let contexts: Int
    }

    private let heads: [EvaluatedHead]
    private let options: EvaluationOptions

    /// Evaluates heads that make the same features, on the thread that made them; the first embeds for all.
    ///
    /// Throws `headName` for no heads, two of one name, or one with a baseline's.
    public init(heads: [EvaluatedHead], options: EvaluationOptions) throws(EvaluationError) {
        guard !heads.isEmpty else { throw .headName("") }
        var names = Predictor.reserved
        for head in heads where head.name.isEmpty || !names.insert(head.name).inserted { throw .headName(head.name) }
        self.heads = heads
        self.options = options
    }

    /// Evaluates one model, as `model` in the comparison.
    public init(model: any ValueModel, options: EvaluationOptions) {
        heads = [EvaluatedHead(name: "model", model: model)]
        self.options = options
    }

    /// Evaluates on every source, in the order given. `progress` is called after each chunk of texts and each context.
    ///
    /// Cost: one embedding of each distinct text, then a preparation a head, policy version, seed and size.
    /// Throws `model` naming the source when a head refuses, `embeddingColumns` when its features are narrower.
    public func evaluate(
        _ sources: [EvaluationSource], progress: (Progress) -> Void = { _ in }
    ) throws(EvaluationError) -> EvaluationReport {
        let keys = sources.map { $0.prompts.mapValues { ContextDraw.PromptKey(text: $0) } }
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
                let asked = EvaluationContext(draw, of: source, features: features, options: options, oracle: oracle)
                for size in tally.sizes.indices {
                    for (predictor, score) in try asked.scores(rows: options.contextSizes[size], heads: heads) {
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

    /// By seed, by policy version: what profiles and what is asked.
    private func draws(of source: EvaluationSource, keys: [String: ContextDraw.PromptKey]) -> [ContextDraw] {
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
        // By first source that needs it, so that an error can name one.
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
