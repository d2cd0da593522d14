import Corpora
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
    struct Prompt: Sendable {
        var id: String?
        var digest: String?
        var inputTokens: Int
        var outputTokensMax: Int?
        var needs: Set<ChatNeed> = []
        /// The model that the prompt's session used, and what its endpoint has cached.
        var known: SessionTable.Known?
        /// US dollars that may be spent; `nil` without a limit.
        var dollarsLeft: Double?

        /// The facts of a row of a corpus.
        init(id: String?, digest: String?, inputTokens: Int) {
            self.id = id
            self.digest = digest
            self.inputTokens = inputTokens
        }

        /// The facts of a request.
        init(_ request: ChatRequest, known: SessionTable.Known?, dollarsLeft: Double?) {
            digest = request.text.map { Digest(of: $0).hex }
            inputTokens = request.inputTokens
            outputTokensMax = request.outputTokensMax
            needs = request.needs
            self.known = known
            self.dollarsLeft = dollarsLeft
        }

        /// Tokens of the prompt in the prompt cache of a model's endpoint.
        func cachedTokens(_ index: Int) -> Int { known.map { $0.model == index ? $0.cachedTokens : 0 } ?? 0 }
    }

    /// The candidates of a prompt, in the fleet's order. `unavailable` excludes endpoints that cannot be used now.
    func candidates(
        _ prompt: Prompt, estimates: [ModelEstimate], unavailable: (Int) -> RouteCandidate.Exclusion? = { _ in nil }
    ) -> [RouteCandidate] {
        fleet.models.indices.map { index in
            let estimate = estimates[index]
            let cost = cost(of: index, prompt)
            let isTooExpensive = prompt.dollarsLeft.map { reservation(for: index, prompt) > $0 } ?? false
            return RouteCandidate(
                model: index, prediction: estimate.prediction, historyRows: estimate.rows,
                references: estimate.references,
                cost: cost,
                relativeCost: fleet.relativeCost(cost), costAwareScore: estimate.costAwareScore,
                exclusion: exclusion(index, prompt) ?? unavailable(index) ?? (isTooExpensive ? .spendLimit : nil)
                    ?? (hasEvidence(estimate) ? nil : .insufficientEvidence))
        }
    }

    /// Decides by a rule.
    func decide(_ candidates: [RouteCandidate], rule: RouteRule? = nil) -> RouteDecision {
        (rule ?? fleet.rule).decide(candidates, fallback: fleet.defaultIndex)
    }

    /// Expected cost of a prompt, in US dollars.
    func cost(of index: Int, _ prompt: Prompt) -> Double {
        fleet.expectedCost(
            of: index, inputTokens: prompt.inputTokens, outputTokensMax: prompt.outputTokensMax,
            cachedTokens: prompt.cachedTokens(index))
    }

    /// What a request reserves of a spend limit: its cost with the longest answer that it allows, without a prompt cache.
    func reservation(for index: Int, _ prompt: Prompt) -> Double {
        let output = prompt.outputTokensMax ?? fleet.expectedOutputTokens(of: index)
        return fleet.models[index].cost(inputTokens: prompt.inputTokens, outputTokens: output, cachedTokens: 0)
    }

    /// Cost of an answer in US dollars: by what it says of its length, or by its events, or by the expected length.
    func dollars(for index: Int, _ prompt: Prompt, _ answer: UpstreamAnswer) -> Double {
        if answer.isClientError { return 0 }
        let expected = fleet.expectedOutputTokens(of: index, atMost: prompt.outputTokensMax)
        let output = answer.isStream ? answer.events : expected
        return dollars(
            for: index, answer.usage ?? AnswerUsage(inputTokens: prompt.inputTokens, outputTokens: output))
    }

    /// Cost of a number of tokens; what an answer claims beyond the model's context length does not count.
    func dollars(for index: Int, _ usage: AnswerUsage) -> Double {
        let usage = usage.atMost(fleet.models[index].contextLength)
        return fleet.models[index].cost(
            inputTokens: usage.inputTokens, outputTokens: usage.outputTokens, cachedTokens: usage.cachedTokens)
    }

    /// Tokens of the longest prompt and answer that some model accepts, of those that support the request; `nil` where one
    /// accepts any length.
    func longest(_ exclusions: [RouteCandidate.Exclusion?]) -> Int? {
        let supporting = zip(fleet.models, exclusions).filter { $0.1 != .unsupported }.map(\.0)
        return supporting.contains { $0.contextLength == nil } ? nil : supporting.compactMap(\.contextLength).max()
    }

    private func exclusion(_ index: Int, _ prompt: Prompt) -> RouteCandidate.Exclusion? {
        let model = fleet.models[index]
        if !model.lacks(prompt.needs).isEmpty { return .unsupported }
        guard let most = model.contextLength else { return nil }
        // Without a bound, the answer has one token at least.
        let (tokens, isOver) = prompt.inputTokens.addingReportingOverflow(prompt.outputTokensMax ?? 1)
        return isOver || tokens > most ? .promptTooLong : nil
    }

    private func hasEvidence(_ estimate: ModelEstimate) -> Bool {
        guard let prediction = estimate.prediction else { return false }
        return estimate.rows >= fleet.evidenceRows && !prediction.flags.contains(.baseRate)
    }
}
