internal import Scoring

/// One policy version at one seed: which of its rows profile it and which are to be predicted.
struct ContextDraw {
    let policy: Policy
    /// Of the draw.
    let seed: Int
    /// The rows that profile the policy, in the order in which they were drawn.
    let context: [EvaluationSource.Row]
    /// The rows to be predicted, by prompt id; none has the text of a context row.
    let queries: [EvaluationSource.Row]

    /// Draws by ranking prompts with a key made of the seed and the digest of the prompt's text.
    ///
    /// So the draw depends neither on the order of rows nor on other policies, and policies that answered the same
    /// prompts are profiled on the same prompts, which makes their scores comparable and embeds each text once.
    /// Rows without a role: one half of the texts, by the same key, is the pool of context rows, the other is queried.
    init(policy: Policy, rows: [EvaluationSource.Row], keys: [String: PromptKey], seed: Int, contextRows: Int) {
        var pool: [(key: UInt64, row: EvaluationSource.Row)] = []
        var asked: [EvaluationSource.Row] = []
        for row in rows {
            guard let prompt = keys[row.promptID] else { continue }
            let key = prompt.draw(seed: seed)
            switch row.role {
            case .context?: pool.append((key, row))
            case .query?: asked.append(row)
            case nil:
                if prompt.isContextSide(seed: seed) { pool.append((key, row)) } else { asked.append(row) }
            }
        }
        pool.sort { ($0.key, $0.row.promptID) < ($1.key, $1.row.promptID) }
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

    /// What decides a prompt's place in every draw: the digest of its text.
    struct PromptKey {
        let digest: Digest

        init(text: String) { digest = Digest(of: text) }

        func draw(seed: Int) -> UInt64 {
            SeededGenerator.mixed(digest.leading ^ Self.mixed(seed))
        }

        func isContextSide(seed: Int) -> Bool {
            SeededGenerator.mixed(digest.second ^ Self.mixed(seed)) & 1 == 0
        }

        private static func mixed(_ seed: Int) -> UInt64 {
            SeededGenerator.mixed(UInt64(bitPattern: Int64(seed)))
        }
    }
}
