import Planning
import Scoring
import Wire

// A request's tokens: expected lengths of answers, and what limits of tokens mean for numbers of rollouts. Both follow from
// the request and the policy's history alone, so any thread can compute them.

extension RequestPlan {
    /// By candidate: expected tokens of an answer, as the request says or as reports have shown; empty where no length is
    /// known. A prompt of which nothing is known has the mean of the others. Cost: linear in candidates and their outcomes.
    func answerLengths(_ history: PolicyHistory?) -> [Double] {
        let known = candidates.map { $0.expectedTokens ?? history?.expectedLength(of: $0.text) }
        let stated = known.compactMap { $0 }
        guard !stated.isEmpty else { return [] }
        let mean = stated.reduce(0, +) / Double(stated.count)
        return known.map { $0 ?? mean }
    }

    /// Turns limits of tokens into caps, and a total that is not there into the largest that caps allow. `lengths` are
    /// those of `answerLengths`. Returns warnings; throws what cannot be planned.
    mutating func applyTokens(_ lengths: [Double]) throws(PlanningError) -> [String] {
        var warnings: [String] = []
        if !lengths.isEmpty {
            try capTokens(lengths)
        } else if candidates.contains(where: { $0.tokensMax != nil }) {
            warnings.append("tokens_max is not used, because no length of an answer is known yet")
        }
        guard let tokens = totalTokens else { return warnings }
        guard explore == 0 else { throw .tokensWithExploration }
        if lengths.isEmpty {
            guard total > 0 else { throw .noAnswerLengths(tokens: tokens) }
            warnings.append("total_tokens is not used, because no length of an answer is known yet; total is")
        } else if total == 0 {
            let sizes = try sizes()
            for candidate in candidates {
                total += try sizes.largest(
                    floor: candidate.minimum, cap: candidate.maximum, promptID: candidate.promptID)
            }
        }
        return warnings
    }

    /// Turns the candidates' caps of tokens into caps of rollouts. Each may have its smallest size.
    private mutating func capTokens(_ lengths: [Double]) throws(PlanningError) {
        guard candidates.contains(where: { $0.tokensMax != nil }) else { return }
        let sizes = try sizes()
        for (index, candidate) in candidates.enumerated() {
            guard let most = candidate.tokensMax else { continue }
            let places = try sizes.places(
                floor: candidate.minimum, cap: candidate.maximum, promptID: candidate.promptID)
            let cap = min(Double(sizes.values[places.upperBound]), Double(most) / lengths[index])
            candidates[index].maximum = max(sizes.values[places.lowerBound], Int(cap))
        }
    }

    /// The sizes that budgets may have.
    func sizes() throws(PlanningError) -> GroupSizes {
        try GroupSizes(
            minimum: minimum, maximum: maximum, multipleOf: multipleOf, allowed: groupSizes.isEmpty ? nil : groupSizes)
    }
}
