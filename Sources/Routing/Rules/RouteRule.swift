/// How one of several candidates is chosen. Pure: equal candidates give equal decisions on every machine.
public enum RouteRule: Hashable, Sendable {
    /// `β·p + (1 − β)·(1 − c̃)`, the largest. β = 1 asks for success alone, β = 0 for cheapness alone.
    case weighted(Double)
    /// The cheapest candidate with p at least this; where there is none, the one of the largest p.
    case target(Double)
    /// The paper's: contexts are labelled with `β·r + (1 − β)·(1 − c̃)` before the model sees them, and the largest
    /// prediction wins (V0, arXiv 2602.03584). Each β is a preparation of its own.
    case costAware(Double)

    /// For logs and files.
    public var name: String {
        switch self {
        case .weighted: "weighted"
        case .target: "target"
        case .costAware: "cost_aware"
        }
    }

    /// β, or the target; in [0, 1].
    public var parameter: Double {
        switch self {
        case .weighted(let value), .target(let value), .costAware(let value): value
        }
    }

    /// A rule by its name; `nil` for an unknown name or a parameter that is not a number in [0, 1].
    public init?(name: String, parameter: Double) {
        guard parameter >= 0, parameter <= 1 else { return nil }
        switch name {
        case "weighted": self = .weighted(parameter)
        case "target": self = .target(parameter)
        case "cost_aware": self = .costAware(parameter)
        default: return nil
        }
    }

    /// Chooses. `fallback` is the index of the fleet's default, for when nobody has evidence.
    ///
    /// Candidates must stand in the fleet's order, one each; ties go to the cheaper, then to the earlier one.
    public func decide(_ candidates: [RouteCandidate], fallback: Int) -> RouteDecision {
        let able = candidates.filter { $0.exclusion == nil }
        let ranking: [RouteCandidate]
        let reason: RouteDecision.Reason
        switch self {
        case .weighted(let beta):
            ranking = Self.ranked(able) { beta * $0.p + (1 - beta) * (1 - $0.relativeCost) }
            reason = .bestScore
        case .costAware:
            ranking = Self.ranked(able) { $0.costAwareScore ?? $0.p }
            reason = .bestScore
        case .target(let target):
            // As precise as predictions are: 0.7 as a Float is a little less than 0.7 as a Double.
            let reaches = { (candidate: RouteCandidate) in Float(candidate.p) >= Float(target) }
            let reaching = able.filter(reaches)
            // Behind the cheapest that reach it stand those that come nearest, for when endpoints fail.
            let short = Self.ranked(able.filter { !reaches($0) }) { $0.p }
            ranking = Self.ranked(reaching) { -$0.cost } + short
            reason = reaching.isEmpty ? .belowTarget : .cheapestReachingTarget
        }
        guard let first = ranking.first else { return Self.withoutEvidence(candidates, fallback: fallback) }
        return RouteDecision(model: first.model, reason: reason, ranking: ranking.map(\.model))
    }

    /// Nobody can be decided for. What is left is the default, if it can take the prompt, else the cheapest that can.
    private static func withoutEvidence(_ candidates: [RouteCandidate], fallback: Int) -> RouteDecision {
        let takers = candidates.filter { $0.exclusion == .insufficientEvidence }
        let order = takers.filter { $0.model == fallback } + ranked(takers.filter { $0.model != fallback }) { -$0.cost }
        if let first = order.first {
            return RouteDecision(model: first.model, reason: .insufficientEvidence, ranking: order.map(\.model))
        }
        let tooLong = !candidates.isEmpty && candidates.allSatisfy { $0.exclusion == .promptTooLong }
        return RouteDecision(model: nil, reason: tooLong ? .promptTooLong : .noneAvailable, ranking: [])
    }

    private static func ranked(
        _ candidates: [RouteCandidate], by score: (RouteCandidate) -> Double
    ) -> [RouteCandidate] {
        candidates.map { ($0, score($0)) }.sorted { left, right in
            if left.1 != right.1 { return left.1 > right.1 }
            if left.0.cost != right.0.cost { return left.0.cost < right.0.cost }
            return left.0.model < right.0.model
        }.map(\.0)
    }
}
