internal import ReferenceDraws
internal import Scoring

/// Joins contexts of a replay with references: of the log itself, or of files.
struct ReplayReferences {
    private let log: ReplayLog
    private let options: ReplayOptions
    private let digests: [Digest]
    private let bank: ReferenceBank

    /// Collects the outcomes that may be references.
    init(_ log: ReplayLog, options: ReplayOptions, files: ReferenceBank) {
        self.log = log
        self.options = options
        digests = log.prompts.map(\.digest)
        switch options.references {
        case .none: bank = ReferenceBank([])
        case .files: bank = files
        default:
            bank = ReferenceBank(
                log.rows.map { [digests] row in
                    .init(
                        policy: row.policy, text: log.prompts[row.prompt].text, digest: digests[row.prompt],
                        outcome: row.outcome)
                })
        }
    }

    /// The context of some rows of the log and the side information of the queries' prompts; `nil` where a policy has too
    /// few references.
    func context(
        of policy: Policy, rows: [ReplayLog.Row], queries: [Int], seed: Int
    ) -> (ContextSet, [SideInformation])? {
        let plain = rows.map { ContextSet.Row(text: log.prompts[$0.prompt].text, outcome: $0.outcome) }
        guard options.references != .none else { return ContextSet(plain).map { ($0, []) } }
        let known = rows.map { digests[$0.prompt] }
        let drawn = DrawnReferences(
            options.references, of: policy, on: known + queries.map { digests[$0] }, in: bank,
            coverage: options.referenceCoverage, seed: seed)
        let joined = drawn?.joined(
            plain, digests: known, queries: queries.map { .init(text: log.prompts[$0].text, digest: digests[$0]) })
        guard let joined, let context = joined.context else { return nil }
        return (context, joined.queries)
    }
}
