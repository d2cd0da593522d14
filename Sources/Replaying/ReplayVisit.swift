internal import Planning
internal import Scoring

/// One policy version meeting one prompt: what was known before, and what its rollouts come to.
struct ReplayVisit {
    /// Index of the log's row.
    let row: Int
    /// The how-manieth meeting of this policy and prompt in the log, from 1.
    let number: Int
    /// What the policy did on the prompt before.
    let record: PromptRecord
    let truth: ReplayTruth
    /// Kinds of visits that it counts among in the report.
    let strata: [ReplayStratum]

    /// What is planned together: visits of one kind.
    var kind: ReplayStratum { strata[0] }
}

/// A kind of visits.
///
/// Prompts on their first, second and later visit are planned apart, so that each kind is compared at equal cost.
public struct ReplayStratum: Hashable, Codable, Sendable, Comparable {
    /// How often the policy had met the prompt, counted to three; `nil` for all visits.
    public let visit: Int?
    /// Only prompts that are for evaluation; other prompts may have been trained on.
    public let isHeldOut: Bool

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

extension ReplayTruth {
    /// Groups of one prompt as one urn; their mean rate where rewards are partial and cannot be drawn.
    static func pooled(_ outcomes: [Outcome]) -> ReplayTruth {
        let rollouts = outcomes.reduce(0) { $0 + $1.n }
        let successes = outcomes.reduce(0) { $0 + $1.successes }
        let isWhole = outcomes.allSatisfy { abs($0.successes - $0.successes.rounded()) < 1e-6 }
        guard isWhole else { return .rate(min(1, successes / Double(rollouts))) }
        return .record(successes: Int(successes.rounded()), rollouts: rollouts)
    }

    /// Rollouts that are logged; `nil` for a rate, which has no end.
    var rollouts: Int? {
        guard case .record(_, let rollouts) = self else { return nil }
        return rollouts
    }
}
