internal import Scoring

/// One policy version at one seed: the rows that profile it, and the rows to predict.
struct ContextDraw {
    let policy: Policy
    /// Seed of the draw.
    let seed: Int
    /// The rows that profile the policy, in the order of the draw.
    let context: [EvaluationSource.Row]
    /// The rows to predict, by prompt id. None has the text of a context row.
    let queries: [EvaluationSource.Row]

    /// Draws by ranking prompts by `DrawKey`.
    ///
    /// So the draw depends neither on the order of rows nor on other policies. Policies that answered the same prompts
    /// are profiled on the same prompts, which makes their scores comparable and embeds each text once.
    /// Rows without a role: one half of the texts is the pool of context rows, the other half is predicted.
    init(policy: Policy, rows: [EvaluationSource.Row], keys: [String: DrawKey], seed: Int, contextRows: Int) {
        var pool: [(rank: UInt64, row: EvaluationSource.Row)] = []
        var asked: [EvaluationSource.Row] = []
        for row in rows {
            guard let key = keys[row.promptID] else { continue }
            let rank = key.rank(seed: seed)
            switch row.role {
            case .context?: pool.append((rank, row))
            case .query?: asked.append(row)
            case nil:
                if key.isFirstHalf(seed: seed) { pool.append((rank, row)) } else { asked.append(row) }
            }
        }
        pool.sort { ($0.rank, $0.row.promptID) < ($1.rank, $1.row.promptID) }
        let context = pool.prefix(contextRows).map(\.row)
        let known = Set(context.compactMap { keys[$0.promptID]?.digest })
        self.policy = policy
        self.seed = seed
        self.context = context
        queries =
            asked
            .filter { row in keys[row.promptID].map { !known.contains($0.digest) } ?? false }
            .sorted { $0.promptID < $1.promptID }
    }
}
