/// A rule that chooses one of several candidates. Equal candidates give equal decisions on every machine.
public enum RouteRule: Hashable, Sendable {
    /// The candidate with the largest `β·p + (1 − β)·(1 − c̃)`. β = 1 considers only success, β = 0 only cost.
    case weighted(Double)
    /// The cheapest candidate with p of at least this value; if there is none, the one with the largest p.
    case target(Double)
    /// The paper's rule: contexts are labelled with `β·r + (1 − β)·(1 − c̃)` before the value model uses them, and the
    /// candidate with the largest prediction is chosen (V0, arXiv 2602.03584). Each β needs its own preparation.
    case costAware(Double)
    /// As `weighted`, with the lower confidence bound of p instead of p: a model with few rows, or an unusual prompt, has to
    /// be good for certain. The bound is the lower end of the belief's central 80 %.
    case lowerBound(Double)

    /// The names, in the order of messages.
    public static let names = ["weighted", "target", "cost_aware", "lcb"]

    /// Name in logs and files.
    public var name: String {
        switch self {
        case .weighted: "weighted"
        case .target: "target"
        case .costAware: "cost_aware"
        case .lowerBound: "lcb"
        }
    }

    /// β, or the target; in [0, 1].
    public var parameter: Double {
        switch self {
        case .weighted(let value), .target(let value), .costAware(let value), .lowerBound(let value): value
        }
    }

    /// A rule by its name; `nil` for an unknown name or a parameter that is not a number in [0, 1].
    public init?(name: String, parameter: Double) {
        guard parameter >= 0, parameter <= 1 else { return nil }
        switch name {
        case "weighted": self = .weighted(parameter)
        case "target": self = .target(parameter)
        case "cost_aware": self = .costAware(parameter)
        case "lcb": self = .lowerBound(parameter)
        default: return nil
        }
    }

    /// Chooses a candidate. `fallback` is the index of the fleet's default, which is used if no model has enough
    /// history.
    ///
    /// Candidates must be in the fleet's order, one per model. Ties go to the cheaper one, then to the earlier one.
    public func decide(_ candidates: [RouteCandidate], fallback: Int) -> RouteDecision {
        let available = candidates.filter { $0.exclusion == nil }
        let ranking: [RouteCandidate]
        let reason: RouteDecision.Reason
        switch self {
        case .weighted, .costAware, .lowerBound:
            ranking = Self.ranked(available, by: score)
            reason = .bestScore
        case .target(let target):
            // Compared with the precision of predictions: 0.7 as a Float is slightly less than 0.7 as a Double.
            let reaches = { (candidate: RouteCandidate) in Float(candidate.p) >= Float(target) }
            let reaching = available.filter(reaches)
            // If endpoints fail, the candidates below the target follow, the nearest first.
            let below = Self.ranked(available.filter { !reaches($0) }) { $0.p }
            ranking = Self.ranked(reaching) { -$0.cost } + below
            reason = reaching.isEmpty ? .belowTarget : .cheapestReachingTarget
        }
        guard let first = ranking.first else { return Self.withoutEvidence(candidates, fallback: fallback) }
        return RouteDecision(model: first.model, reason: reason, ranking: ranking.map(\.model))
    }

    /// A candidate's score under this rule; larger is better. Under `target` it is p, which ranks those below the target.
    public func score(_ candidate: RouteCandidate) -> Double {
        switch self {
        case .weighted(let beta): beta * candidate.p + (1 - beta) * (1 - candidate.relativeCost)
        case .lowerBound(let beta): beta * candidate.pLow + (1 - beta) * (1 - candidate.relativeCost)
        case .costAware: candidate.costAwareScore ?? candidate.p
        case .target: candidate.p
        }
    }

    /// No candidate has enough history. Chooses the default if it can answer the prompt, otherwise the cheapest that
    /// can.
    private static func withoutEvidence(_ candidates: [RouteCandidate], fallback: Int) -> RouteDecision {
        let possible = candidates.filter { $0.exclusion == .insufficientEvidence }
        let order =
            possible.filter { $0.model == fallback } + ranked(possible.filter { $0.model != fallback }) { -$0.cost }
        if let first = order.first {
            return RouteDecision(model: first.model, reason: .insufficientEvidence, ranking: order.map(\.model))
        }
        let never = candidates.filter { $0.exclusion == .promptTooLong || $0.exclusion == .unsupported }
        guard !candidates.isEmpty, never.count == candidates.count else {
            return RouteDecision(model: nil, reason: .noneAvailable, ranking: [])
        }
        let accepted = never.contains { $0.exclusion == .promptTooLong }
        return RouteDecision(model: nil, reason: accepted ? .promptTooLong : .unsupported, ranking: [])
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
