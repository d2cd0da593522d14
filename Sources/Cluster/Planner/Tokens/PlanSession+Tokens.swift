import Planning
import Scoring
import Wire

// A plan's answers in tokens: what budgets are expected to cost, and budgets within a limit of tokens.

extension PlanSession {
    /// Expected tokens of an answer to a candidate; `nil` where nothing is known.
    func length(of index: Int) -> Double? {
        guard opening.lengths.indices.contains(index), opening.lengths[index] > 0 else { return nil }
        return opening.lengths[index]
    }

    /// The limit of expected tokens; `nil` where there is none, or no length is known.
    var tokenLimit: TokenLimit? {
        guard let total = request.totalTokens, !opening.lengths.isEmpty else { return nil }
        return try? TokenLimit(lengths: opening.lengths, total: Double(total))
    }

    /// Throws `tokensTooFew` where the smallest budgets already cost more tokens than the request allows.
    static func checkTokens(_ opening: PlanOpening, _ sizes: GroupSizes) throws(PlanningError) {
        guard let total = opening.request.totalTokens, !opening.lengths.isEmpty else { return }
        var least = 0.0
        for (candidate, length) in zip(opening.request.candidates, opening.lengths) {
            let places = try sizes.places(
                floor: candidate.minimum, cap: candidate.maximum, promptID: candidate.promptID)
            least += Double(sizes.values[places.lowerBound]) * length
        }
        guard least <= Double(total) else {
            throw .tokensTooFew(tokens: Double(total), prompts: opening.request.candidates.count, least: least)
        }
    }

    /// What the budgets are expected to cost; `nil` where no length is known. Prompts without a belief waste nothing.
    var expectedTokens: ExpectedTokens? {
        guard !opening.lengths.isEmpty else { return nil }
        return ExpectedTokens(
            budgets: budgets.map { $0 ?? 0 }, lengths: opening.lengths,
            beliefs: beliefs.map { $0 ?? Belief.unknownMixture })
    }

    /// All predictions are there: the best budgets within the limit of tokens.
    func plan(within limit: TokenLimit) throws(PlanningError) -> BudgetPlan {
        var candidates: [BudgetCandidate] = []
        for (index, candidate) in request.candidates.enumerated() {
            guard let belief = beliefs[index] else { preconditionFailure("plan \(name) ends without all beliefs") }
            candidates.append(
                BudgetCandidate(
                    promptID: candidate.promptID, belief: belief, source: sources[index] ?? .model,
                    floor: candidate.minimum, cap: candidate.maximum))
        }
        return try TokenPlan(budgetRequest, candidates, within: limit).plan
    }

    /// Equal budgets within the limit of tokens, by candidate.
    func evenWithinTokens() throws(PlanningError) -> [Int] {
        guard let limit = tokenLimit else { return [] }
        return try TokenPlan.even(
            budgetRequest, request.candidates.map { ($0.promptID, $0.minimum, $0.maximum) }, within: limit)
    }
}

extension Belief {
    /// Every group has a gradient: what is not known is not counted as waste.
    fileprivate static var unknownMixture: Belief { Belief(uncheckedMean: 0.5, kappa: .infinity) }
}
