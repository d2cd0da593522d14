package import Planning
package import Scoring

/// One policy version meeting one prompt: what was known before, and what its rollouts come to.
package struct ReplayVisit {
    /// Index of the log's row.
    package let row: Int
    /// The how-manieth meeting of this policy and prompt in the log, from 1.
    package let number: Int
    /// What the policy did on the prompt before.
    package let record: PromptRecord
    /// The outcomes that tell what its rollouts come to.
    package let outcomes: [Outcome]
    package var truth: ReplayTruth
    /// Kinds of visits that it counts among in the report.
    package let strata: [ReplayStratum]

    /// What is planned together: visits of one kind.
    package var kind: ReplayStratum { strata[0] }
}

/// A kind of visits.
///
/// Prompts on their first, second and later visit are planned apart, so that each kind is compared at equal cost.
public struct ReplayStratum: Hashable, Codable, Sendable, Comparable {
    /// How often the policy had met the prompt, counted to three; `nil` for all visits.
    public let visit: Int?
    /// Only prompts that are for evaluation; other prompts may have been trained on.
    public let isHeldOut: Bool

    /// A kind by how often the policy had met the prompt.
    package init(visit: Int?, isHeldOut: Bool) {
        self.visit = visit
        self.isHeldOut = isHeldOut
    }

    /// As in "third visit on, held-out prompts".
    public var name: String {
        let visits =
            switch visit {
            case nil: "all visits"
            case 1: "first visit"
            case 2: "second visit"
            default: "third visit on"
            }
        return isHeldOut ? "\(visits), held-out prompts" : visits
    }

    /// All visits first, held-out prompts last.
    public static func < (left: ReplayStratum, right: ReplayStratum) -> Bool {
        (left.isHeldOut ? 1 : 0, left.visit ?? 0) < (right.isHeldOut ? 1 : 0, right.visit ?? 0)
    }

    /// Kinds that a visit counts among, the narrowest first.
    static func all(visit: Int?, isHeldOut: Bool) -> [ReplayStratum] {
        let visits = visit.map { [min($0, 3), nil] } ?? [nil]
        return (isHeldOut ? [true, false] : [false]).flatMap { heldOut in
            visits.map { ReplayStratum(visit: $0, isHeldOut: heldOut) }
        }
    }
}

extension ReplayVisit {
    /// Rollouts behind the truth.
    package var rollouts: Int { outcomes.reduce(0) { $0 + $1.n } }
    /// Their share of successes.
    package var rate: Double { min(1, outcomes.reduce(0) { $0 + $1.successes } / Double(rollouts)) }
    /// Successes; `nil` where rewards are partial.
    package var successes: Int? { Self.successes(outcomes) }

    static func successes(_ outcomes: [Outcome]) -> Int? {
        guard outcomes.allSatisfy({ abs($0.successes - $0.successes.rounded()) < 1e-6 }) else { return nil }
        return Int(outcomes.reduce(0) { $0 + $1.successes }.rounded())
    }
}

extension ReplayTruth {
    /// Groups of one prompt as one urn; their mean rate where rewards are partial and cannot be drawn.
    static func urn(_ outcomes: [Outcome]) -> ReplayTruth {
        let rollouts = outcomes.reduce(0) { $0 + $1.n }
        guard let successes = ReplayVisit.successes(outcomes) else {
            return .rate(min(1, outcomes.reduce(0) { $0 + $1.successes } / Double(rollouts)))
        }
        return .record(successes: successes, rollouts: rollouts)
    }
}
