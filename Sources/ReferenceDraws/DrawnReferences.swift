public import Scoring

/// The references of one draw of a policy, as the heads read them: schema, pool and side information.
public struct DrawnReferences: Sendable {
    private let bank: ReferenceBank
    /// By policy of the bank: index of the reference.
    private let places: [Int: Int]
    private let names: [Policy]
    /// The reference that says the opposite.
    private let inverted: Int?
    /// By reference: outcomes that replace those of the bank.
    private let exchanged: [[Digest: Outcome]]
    private let coverage: Double
    private let seed: Int

    /// A prompt of a draw.
    public struct Prompt: Sendable {
        /// Its text.
        public let text: String
        /// Digest of the text.
        public let digest: Digest

        /// `digest` must be the text's.
        public init(text: String, digest: Digest) {
            self.text = text
            self.digest = digest
        }
    }

    /// Draws the references of `target`; `nil` for the arm `none`, and where there are too few.
    ///
    /// - Parameters:
    ///   - prompts: The draw's largest context and its queries.
    ///   - coverage: Share of prompts on which the references' outcomes are known, in (0, 1]; the same prompts for all.
    ///
    /// Cost: a look-up a prompt; for `shuffled`, the bank's outcomes.
    public init?(
        _ arm: ReferenceArm, of target: Policy, on prompts: [Digest], in bank: ReferenceBank, coverage: Double = 1,
        seed: Int
    ) {
        guard arm != .none, let chosen = bank.references(arm, of: target, on: prompts, seed: seed) else { return nil }
        self.bank = bank
        self.coverage = coverage
        self.seed = seed
        var places: [Int: Int] = [:]
        for (place, policy) in chosen.enumerated() { places[policy] = place }
        self.places = places
        names = chosen.map { bank.policies[$0] }
        if case .inverted = arm { inverted = chosen.count - 1 } else { inverted = nil }
        if case .shuffled = arm {
            exchanged = chosen.indices.map { Self.exchange(chosen[$0], of: bank, seed: seed &* 97 &+ $0) }
        } else {
            exchanged = []
        }
    }

    /// Names of the references.
    public var policies: [Policy] { names }

    /// What the parts of side information mean.
    public var schema: SideSchema { SideSchema(references: names.map { .init(name: "\($0)") }) }

    /// The context's rows with their side information, and the queries' side information.
    ///
    /// The pool has the rows first, then other texts of the bank by rising digest; rows and queries that are in it have
    /// their place in it. Cost: a look-up for each text of the bank, until the pool is full.
    public func joined(
        _ rows: [ContextSet.Row], digests: [Digest], queries: [Prompt]
    ) -> (context: ContextSet?, queries: [SideInformation]) {
        var pool = PoolBuilder()
        let sides = digests.map { side(of: $0) }
        for (row, side) in zip(rows, sides) { pool.add(row.text, side) }
        for (digest, text) in bank.texts where !pool.isFull { pool.add(text, side(of: digest)) }
        let joined = zip(rows, sides).map { row, side in
            ContextSet.Row(text: row.text, outcome: row.outcome, side: pool.placed(side, of: row.text))
        }
        return (
            ContextSet(joined, schema: schema, pool: pool.rows),
            queries.map { pool.placed(side(of: $0.digest), of: $0.text) }
        )
    }

    private func side(of digest: Digest) -> SideInformation {
        guard isCovered(digest) else { return .none }
        var found: [SideInformation.ReferenceOutcome] = []
        for entry in bank.outcomes(on: digest) {
            guard let place = places[entry.policy] else { continue }
            var outcome = exchanged.isEmpty ? entry.outcome : exchanged[place][digest] ?? entry.outcome
            if place == inverted { outcome = Outcome(reward: 1 - outcome.reward, n: outcome.n) ?? outcome }
            found.append(.init(reference: place, outcome: outcome))
        }
        return SideInformation(references: found)
    }

    private func isCovered(_ digest: Digest) -> Bool {
        guard coverage < 1 else { return true }
        return Double(DrawKey(digest).rank(seed: seed &+ 40_009)) < coverage * 0x1p64
    }

    /// A policy's outcomes, exchanged at random among its texts.
    private static func exchange(_ policy: Int, of bank: ReferenceBank, seed: Int) -> [Digest: Outcome] {
        var digests: [Digest] = []
        var outcomes: [Outcome] = []
        for (digest, _) in bank.texts {
            guard let entry = bank.outcomes(on: digest).first(where: { $0.policy == policy }) else { continue }
            digests.append(digest)
            outcomes.append(entry.outcome)
        }
        var generator = SeededGenerator(seed: UInt64(bitPattern: Int64(seed)))
        outcomes.shuffle(using: &generator)
        return Dictionary(zip(digests, outcomes)) { first, _ in first }
    }
}
