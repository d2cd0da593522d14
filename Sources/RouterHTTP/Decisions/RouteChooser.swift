import Routing
import Scoring

/// From what a value model says of a prompt to a decision written down: what `route serve` and `route decide` share.
struct RouteChooser: Sendable {
    private let fleet: Fleet

    /// Chooses among a fleet.
    init(_ fleet: Fleet) {
        self.fleet = fleet
    }

    /// What is known of one prompt.
    struct Prompt {
        var id: String?
        var digest: String?
        var inputTokens: Int
        var outputTokensMax: Int?
    }

    /// The candidates of a prompt, in the fleet's order. `unavailable` says which endpoints cannot be asked now.
    func candidates(
        _ prompt: Prompt, estimates: [ModelEstimate], unavailable: (Int) -> RouteCandidate.Exclusion? = { _ in nil }
    ) -> [RouteCandidate] {
        fleet.models.indices.map { index in
            let estimate = estimates[index]
            let cost = fleet.expectedCost(
                of: index, inputTokens: prompt.inputTokens, outputTokensMax: prompt.outputTokensMax)
            return RouteCandidate(
                model: index, prediction: estimate.prediction, historyRows: estimate.rows, cost: cost,
                relativeCost: fleet.relativeCost(cost), costAwareScore: estimate.costAwareScore,
                exclusion: exclusion(index, prompt, estimate) ?? unavailable(index)
                    ?? (hasEvidence(estimate) ? nil : .insufficientEvidence))
        }
    }

    /// Decides by a rule.
    func decide(_ candidates: [RouteCandidate], rule: RouteRule? = nil) -> RouteDecision {
        (rule ?? fleet.rule).decide(candidates, fallback: fleet.defaultIndex)
    }

    /// The longest prompt with its answer that some model takes, in tokens; `nil` where one takes any.
    var longest: Int? {
        fleet.models.contains { $0.contextLength == nil } ? nil : fleet.models.compactMap(\.contextLength).max()
    }

    private func exclusion(
        _ index: Int, _ prompt: Prompt, _ estimate: ModelEstimate
    ) -> RouteCandidate.Exclusion? {
        guard let most = fleet.models[index].contextLength else { return nil }
        // Without a bound on the answer it takes one token at least.
        return prompt.inputTokens + (prompt.outputTokensMax ?? 1) > most ? .promptTooLong : nil
    }

    private func hasEvidence(_ estimate: ModelEstimate) -> Bool {
        guard let prediction = estimate.prediction else { return false }
        return estimate.rows >= fleet.evidenceRows && !prediction.flags.contains(.baseRate)
    }
}
