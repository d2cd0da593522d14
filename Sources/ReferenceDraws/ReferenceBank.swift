public import Scoring

/// Outcomes of policies on texts, from which references are drawn.
public struct ReferenceBank: Sendable {
    /// The outcome of one policy at one version on one text.
    public struct Row: Sendable {
        /// Whose outcome it is.
        public let policy: Policy
        /// The prompt's text.
        public let text: String
        /// Digest of the text.
        public let digest: Digest
        /// The outcome.
        public let outcome: Outcome

        /// Pairs a policy and a text with an outcome. `digest` must be the text's.
        public init(policy: Policy, text: String, digest: Digest, outcome: Outcome) {
            self.policy = policy
            self.text = text
            self.digest = digest
            self.outcome = outcome
        }
    }

    struct Entry {
        let policy: Int
        let outcome: Outcome
    }

    /// Policy versions, sorted.
    let policies: [Policy]
    /// Outcomes by text, in the order of policies.
    private let entries: [Digest: [Entry]]
    /// Texts with an outcome, by rising digest.
    let texts: [(digest: Digest, text: String)]

    /// Collects outcomes. Where a policy version has two on one text, the first counts.
    public init(_ rows: [Row]) {
        let policies = Set(rows.map(\.policy)).sorted()
        var numbers: [Policy: Int] = [:]
        for (number, policy) in policies.enumerated() { numbers[policy] = number }
        var entries: [Digest: [Entry]] = [:]
        var texts: [(digest: Digest, text: String)] = []
        for row in rows {
            guard let policy = numbers[row.policy] else { continue }
            if entries[row.digest] == nil { texts.append((row.digest, row.text)) }
            guard entries[row.digest]?.contains(where: { $0.policy == policy }) != true else { continue }
            entries[row.digest, default: []].append(Entry(policy: policy, outcome: row.outcome))
        }
        self.policies = policies
        self.entries = entries.mapValues { $0.sorted { $0.policy < $1.policy } }
        self.texts = texts.sorted { $0.digest < $1.digest }
    }

    /// Outcomes on a text, by policy.
    func outcomes(on digest: Digest) -> [Entry] { entries[digest] ?? [] }

    /// The references of a target; `nil` where there are not as many as the arm asks for.
    ///
    /// A drawn policy counts by its latest version, and only if it has outcomes on at least half of `prompts`. Policies
    /// of files are those with most outcomes on `prompts`, at most `ReferenceArm.countMax`.
    func references(_ arm: ReferenceArm, of target: Policy, on prompts: [Digest], seed: Int) -> [Int]? {
        var coverage = [Int](repeating: 0, count: policies.count)
        for prompt in prompts { for entry in outcomes(on: prompt) { coverage[entry.policy] += 1 } }
        let others = policies.indices.filter { policies[$0].id != target.id && coverage[$0] > 0 }
        switch arm {
        case .none: return []
        case .files:
            let chosen = others.sorted { (-coverage[$0], policies[$0]) < (-coverage[$1], policies[$1]) }
            return chosen.isEmpty ? nil : Array(chosen.prefix(ReferenceArm.countMax))
        case .earlier(let count):
            guard let version = target.version else { return nil }
            let earlier = policies.indices.filter { index in
                policies[index].id == target.id && coverage[index] > 0 && (policies[index].version ?? .max) < version
            }
            return earlier.count < count ? nil : Array(earlier.suffix(count))
        case .others(let count), .shuffled(let count), .inverted(let count):
            var latest: [String: Int] = [:]
            for index in others where coverage[index] * 2 >= prompts.count { latest[policies[index].id] = index }
            let ranked = latest.sorted { left, right in
                let ranks = [left, right].map { DrawKey(Digest(of: $0.key)).rank(seed: seed) }
                return (ranks[0], left.key) < (ranks[1], right.key)
            }
            return ranked.count < count ? nil : ranked.prefix(count).map(\.value)
        }
    }
}
