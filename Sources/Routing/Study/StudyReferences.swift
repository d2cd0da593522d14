internal import ReferenceDraws
internal import Scoring

/// The references of one draw of a routing study, joined with a model's history and with the routed prompts.
struct StudyReferences {
    private let source: RouteSource
    private let digests: [Digest]
    private let queries: [DrawnReferences.Prompt]
    private let bank: ReferenceBank
    private let seed: Int

    /// Collects `rows` rows of each model's history where the fleet is used, and all outcomes of the drawn policies outside
    /// it. `nil` where fewer of them than wanted have outcomes on at least half of the routed prompts.
    init?(_ references: RouteReferences, of source: RouteSource, draw: RouteDraw, rows: Int, seed: Int) {
        let digests = source.prompts.map { Digest(of: $0) }
        let asked = Set(draw.queries)
        let ranked = source.outside.filter { policy in
            policy.rows.count { asked.contains($0.prompt) } * 2 >= asked.count
        }
        .map { (rank: DrawKey(Digest(of: $0.policy.description)).rank(seed: seed), policy: $0) }
        .sorted { ($0.rank, $0.policy.policy) < ($1.rank, $1.policy.policy) }
        guard ranked.count >= references.outside else { return nil }
        func row(_ row: RouteSource.Row, of policy: Policy) -> ReferenceBank.Row {
            .init(
                policy: policy, text: source.prompts[row.prompt], digest: digests[row.prompt], outcome: row.outcome)
        }
        var known = ranked.prefix(references.outside).flatMap { entry in
            entry.policy.rows.map { row($0, of: entry.policy.policy) }
        }
        if references.usesFleet {
            for (model, history) in zip(source.models, draw.history) {
                known += history.prefix(rows).map { row($0, of: Self.policy(model.name)) }
            }
        }
        self.source = source
        self.digests = digests
        self.seed = seed
        queries = draw.queries.map { .init(text: source.prompts[$0], digest: digests[$0]) }
        bank = ReferenceBank(known)
    }

    private static func policy(_ model: String) -> Policy { Policy(id: "fleet/" + model) }

    /// The context of some rows of a model's history, and what is known of the routed prompts, in their order; `nil` where
    /// no reference has an outcome on any of them.
    func joined(
        of model: String, history: some Collection<RouteSource.Row>
    ) -> (context: ContextSet, queries: [SideInformation])? {
        let known = history.map { digests[$0.prompt] }
        let rows = history.map { ContextSet.Row(text: source.prompts[$0.prompt], outcome: $0.outcome) }
        let drawn = DrawnReferences(
            .files, of: Self.policy(model), on: known + queries.map(\.digest), in: bank, seed: seed)
        guard let joined = drawn?.joined(rows, digests: known, queries: queries), let context = joined.context
        else { return nil }
        return (context, joined.queries)
    }
}
