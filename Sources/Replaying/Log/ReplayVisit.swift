package import Planning
package import Scoring

/// One visit of a prompt by one policy version: the record before it, and the outcomes that define its truth.
package struct ReplayVisit {
    /// Index of the log's row.
    package let row: Int
    /// 1-based index of this visit among those of the same policy and prompt in the log.
    package let number: Int
    /// The policy's earlier outcomes on the prompt.
    package let record: PromptRecord
    /// The outcomes from which the truth is computed.
    package let outcomes: [Outcome]
    /// The source of its rollouts' outcomes.
    package var truth: ReplayTruth
    /// Kinds of visits that it counts among in the report, the narrowest first.
    package let strata: [ReplayStratum]

    /// Visits of one kind are planned together.
    package var kind: ReplayStratum { strata[0] }
}

extension ReplayVisit {
    /// Rollouts behind the truth.
    package var rollouts: Int { outcomes.reduce(0) { $0 + $1.n } }
    /// Their share of successes.
    package var rate: Double { min(1, outcomes.reduce(0) { $0 + $1.successes } / Double(rollouts)) }
    /// Number of successes; `nil` where rewards are fractional.
    package var successes: Int? { Self.successes(outcomes) }

    /// Number of successes of some outcomes; `nil` where rewards are fractional.
    static func successes(_ outcomes: [Outcome]) -> Int? {
        guard outcomes.allSatisfy({ abs($0.successes - $0.successes.rounded()) < 1e-6 }) else { return nil }
        return Int(outcomes.reduce(0) { $0 + $1.successes }.rounded())
    }
}

extension ReplayTruth {
    /// All groups of one prompt as one record; their mean rate where rewards are fractional and cannot be drawn.
    static func urn(_ outcomes: [Outcome]) -> ReplayTruth {
        let rollouts = outcomes.reduce(0) { $0 + $1.n }
        guard let successes = ReplayVisit.successes(outcomes) else {
            return .rate(min(1, outcomes.reduce(0) { $0 + $1.successes } / Double(rollouts)))
        }
        return .record(successes: successes, rollouts: rollouts)
    }
}
