internal import PredictionMetrics
internal import ReferenceDraws
public import Scoring

/// Computes the report of `statezero evaluate`: how well heads predict policies that they know only through a context
/// set.
///
/// For each source, policy, version and seed: draw a context set, let every head prepare it at each size, predict the
/// query rows, and score the predictions together with those of baselines. With references, every head does so once for
/// each arm. A prompt whose own outcome is in the largest context is never a query. A draw of the same rows and queries as
/// an earlier seed's is not predicted again and counts once. Each distinct text is embedded once for all sources,
/// policies, seeds, sizes, arms and heads.
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
        let features = try embed(sources, draws, keys, contexts: total, progress)
        var tallies: [SourceTally] = []
        var predicted = 0
        for (place, source) in sources.enumerated() {
            let others = OtherPolicies(source, keys: keys[place])
            let bank = bank(of: source, keys: keys[place])
            var tally = SourceTally(source: source.name, sizes: options.contextSizes)
            var done = PredictedDraws()
            for draw in draws[place] {
                predicted += options.contextSizes.count
                if let reason = skipReason(draw) {
                    tally.skip(reason.rawValue)
                    continue
                }
                let oracle = draw.queries.map { row in
                    keys[place][row.promptID].flatMap { others.mean(on: $0.digest, besides: draw.policy) }
                }
                let context = EvaluationContext(
                    draw, of: source, keys: keys[place], features: features, options: options, oracle: oracle)
                for arm in options.references.arms {
                    let references = references(arm, of: draw, keys: keys[place], bank: bank)
                    guard arm == .none || references != nil else {
                        tally.skip("too few references for \(arm)")
                        continue
                    }
                    for (size, rows) in options.contextSizes.enumerated() {
                        let scores = try done.scores(of: draw, rows: rows, arm: "\(arm)", references?.policies ?? []) {
                            () throws(EvaluationError) in
                            try context.scores(rows: rows, heads: heads, arm: arm, references: references)
                        }
                        tally.sizes[size].add(scores, source: source.name)
                    }
                }
                for (size, rows) in options.contextSizes.enumerated() {
                    let scores = try done.scores(of: draw, rows: rows, arm: "baselines", []) {
                        () throws(EvaluationError) in try context.scores(rows: rows)
                    }
                    tally.sizes[size].add(scores, source: source.name)
                }
                progress(.init(embedded: features.count, texts: features.count, predicted: predicted, contexts: total))
            }
            tallies.append(tally)
        }
        let first = Predictor(
            head: heads[0].name, references: options.references.arms.first ?? .none,
            coverage: options.references.coverage)
        return EvaluationReport(tallies, first: first.name, reading: reading(sources), options: options)
    }

    /// Outcomes from which references are drawn.
    private func bank(of source: EvaluationSource, keys: [String: DrawKey]) -> ReferenceBank {
        guard options.references.arms.contains(where: { $0 != .none && $0 != .files }) else { return ReferenceBank([]) }
        // In a fixed order, because the first of two outcomes on one text counts.
        let rows = source.rows.sorted { ($0.promptID, $0.policy) < ($1.promptID, $1.policy) }
        return ReferenceBank(
            rows.compactMap { row in
                guard let text = source.prompts[row.promptID], let key = keys[row.promptID] else { return nil }
                return .init(policy: row.policy, text: text, digest: key.digest, outcome: row.outcome)
            })
    }

    /// The references of a draw under an arm; `nil` without, or where there are too few.
    private func references(
        _ arm: ReferenceArm, of draw: ContextDraw, keys: [String: DrawKey], bank: ReferenceBank
    ) -> DrawnReferences? {
        let prompts = (draw.context + draw.queries).compactMap { keys[$0.promptID]?.digest }
        return DrawnReferences(
            arm, of: draw.policy, on: prompts, in: arm == .files ? options.references.files : bank,
            coverage: options.references.coverage, seed: draw.seed)
    }

    /// Texts of the pools of a draw's arms and sizes.
    private func poolTexts(
        of draw: ContextDraw, _ source: EvaluationSource, keys: [String: DrawKey], bank: ReferenceBank
    ) -> [String] {
        let rows = draw.context.map { ContextSet.Row(text: source.prompts[$0.promptID] ?? "", outcome: $0.outcome) }
        let digests = draw.context.compactMap { keys[$0.promptID]?.digest }
        var texts: [String] = []
        for arm in options.references.arms {
            guard let references = references(arm, of: draw, keys: keys, bank: bank) else { continue }
            for size in options.contextSizes {
                let joined = references.joined(
                    Array(rows.prefix(size)), digests: Array(digests.prefix(size)), queries: [])
                texts += joined.context?.pool.map(\.text) ?? []
            }
        }
        return texts
    }

    /// Draws by seed, then by policy version.
    private func draws(of source: EvaluationSource, keys: [String: DrawKey]) -> [ContextDraw] {
        let rows = Dictionary(grouping: source.rows, by: \.policy)
        let policies = policies(rows.keys)
        return (0..<options.seeds).flatMap { seed in
            policies.map { policy in
                ContextDraw(
                    policy: policy, rows: rows[policy] ?? [], keys: keys, seed: seed, contextRows: options.contextRows)
            }
        }
    }

    /// All policy versions, or those with the lowest hashes of their names, sorted.
    private func policies(_ all: some Collection<Policy>) -> [Policy] {
        guard let most = options.policiesMax, all.count > most else { return all.sorted() }
        let ranked = all.map { (rank: DrawKey(Digest(of: "\($0)")).rank(seed: 0), policy: $0) }
            .sorted { ($0.rank, $0.policy) < ($1.rank, $1.policy) }
        return ranked.prefix(most).map(\.policy).sorted()
    }

    private func embed(
        _ sources: [EvaluationSource], _ draws: [[ContextDraw]], _ keys: [[String: DrawKey]], contexts: Int,
        _ progress: (Progress) -> Void
    ) throws(EvaluationError) -> TextFeatures {
        var features = TextFeatures()
        // Texts are listed under the first source that needs them, so that an error can name it.
        var wanted: [(source: String, texts: [String])] = []
        var count = 0
        for (place, source) in sources.enumerated() {
            let bank = bank(of: source, keys: keys[place])
            var texts: [String] = []
            // A context that will be skipped is not embedded.
            for draw in draws[place] where skipReason(draw) == nil {
                for row in draw.context + draw.queries {
                    if let text = source.prompts[row.promptID], features.reserve(text) { texts.append(text) }
                }
                for text in poolTexts(of: draw, source, keys: keys[place], bank: bank) where features.reserve(text) {
                    texts.append(text)
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

    /// How the first head's encoder reads each source; empty where it does not say.
    private func reading(_ sources: [EvaluationSource]) -> [SourceReading] {
        sources.compactMap { source in
            let texts = Set(source.rows.compactMap { source.prompts[$0.promptID] }).sorted()
            var measures = TextMeasures()
            for start in stride(from: 0, to: texts.count, by: options.chunkTexts) {
                let chunk = Array(texts[start..<min(start + options.chunkTexts, texts.count)])
                guard let found = heads[0].model.measure(chunk) else { return nil }
                for measure in found { measures.add(measure) }
            }
            return SourceReading(
                source: source.name, prompts: measures.texts,
                tokens: Double(measures.tokens) / Double(max(1, measures.texts)),
                truncatedShare: measures.truncatedShare, unknownShare: measures.unknownShare)
        }
    }

    private func skipReason(_ draw: ContextDraw) -> SkippedContext? {
        let successes = draw.queries.count { $0.outcome.isSuccess }
        if draw.context.isEmpty { return .noContextRows }
        if draw.queries.isEmpty { return .noQueryRows }
        return min(successes, draw.queries.count - successes) < options.classMin ? .tooFewOfOneClass : nil
    }
}
