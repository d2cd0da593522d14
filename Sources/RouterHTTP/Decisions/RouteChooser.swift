import Routing
import Scoring

/// Turns the value model's estimates of a prompt into a decision; used by `route serve` and `route decide`.
struct RouteChooser: Sendable {
    private let fleet: Fleet

    /// Chooses among a fleet.
    init(_ fleet: Fleet) {
        self.fleet = fleet
    }

    /// The facts of one prompt.
    struct Prompt {
        var id: String?
        var digest: String?
        var inputTokens: Int
        var outputTokensMax: Int?
    }

    /// The candidates of a prompt, in the fleet's order. `unavailable` excludes endpoints that cannot be used now.
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

    /// Tokens of the longest prompt and answer that some model accepts; `nil` where one accepts any length.
    var longest: Int? {
        fleet.models.contains { $0.contextLength == nil } ? nil : fleet.models.compactMap(\.contextLength).max()
    }

    private func exclusion(
        _ index: Int, _ prompt: Prompt, _ estimate: ModelEstimate
    ) -> RouteCandidate.Exclusion? {
        guard let most = fleet.models[index].contextLength else { return nil }
        // Without a bound, the answer has one token at least.
        return prompt.inputTokens + (prompt.outputTokensMax ?? 1) > most ? .promptTooLong : nil
    }

    private func hasEvidence(_ estimate: ModelEstimate) -> Bool {
        guard let prediction = estimate.prediction else { return false }
        return estimate.rows >= fleet.evidenceRows && !prediction.flags.contains(.baseRate)
    }
}
