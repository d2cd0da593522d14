/// A kind of visits.
///
/// Prompts on their first, second and later visit are planned separately, so that each kind is compared at equal cost.
public struct ReplayStratum: Hashable, Codable, Sendable, Comparable {
    /// 1-based number of the policy's visit of the prompt, 3 for all later ones; `nil` for all visits.
    public let visit: Int?
    /// Whether it contains only held-out prompts. Other prompts may have been trained on.
    public let isHeldOut: Bool

    /// A kind by the number of the visit.
    package init(visit: Int?, isHeldOut: Bool) {
        self.visit = visit
        self.isHeldOut = isHeldOut
    }

    /// For example "third visit on, held-out prompts".
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
