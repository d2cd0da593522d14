import Scoring

/// Budgets of a step whose answers have a limit of tokens, beside or instead of a total of rollouts.
///
/// Unlike a plan with a total alone, it need not spend all of it: a rollout more may not fit any more. Where it expects no
/// gain over the uniform plan for the same tokens, also under doubt (`DoubtedGain`), it is that plan.
public struct TokenPlan: Hashable, Sendable {
    /// The plan. Its surplus are rollouts of the total that did not fit.
    public let plan: BudgetPlan
    /// Expected tokens of all answers, and those of answers in groups without a gradient.
    public let tokens: ExpectedTokens

    /// By candidate, in the order of the request: rollouts.
    public var budgets: [Int] { plan.budgets.map(\.n) }
    /// Expected utility of the budgets.
    public var utility: Double { plan.utility }
    /// Expected utility of the uniform plan within the same limits.
    public var uniformUtility: Double { plan.uniformUtility }
    /// Upper bound of the utility of any plan within the limits.
    public var upperBound: Double { plan.upperBound }

    /// Plans. `request.total` limits rollouts; the largest number that the caps allow is no limit.
    ///
    /// Throws `countMismatch`, `tokensTooFew` where the smallest budgets cost more than the limit, and the errors of
    /// `BudgetRequest.plan`. Exploration and solvers of the request are not used. Cost: a curve for each prompt, and a
    /// sort of their segments.
    public init(
        _ request: BudgetRequest, _ candidates: [BudgetCandidate], within limit: TokenLimit
    ) throws(PlanningError) {
        guard limit.lengths.count == candidates.count else {
            throw .countMismatch(what: "expected tokens", expected: candidates.count, found: limit.lengths.count)
        }
        let order = try PromptOrder(candidates.map(\.promptID))
        let sizes = try request.sizes()
        var places: [ClosedRange<Int>] = []
        for row in order.rows {
            let candidate = candidates[row]
            places.append(
                try sizes.places(floor: candidate.floor, cap: candidate.cap, promptID: candidate.promptID))
        }
        let bounds = AllocationProblem.bounds(sizes, places, count: places.count)
        let total = min(request.total, bounds.upperBound)
        // Only for its curves; the sum of the floors is always a total.
        let problem = try AllocationProblem(
            beliefs: order.rows.map { candidates[$0].belief }, objective: request.objective, total: bounds.lowerBound,
            sizes: sizes, places: places)
        guard total >= bounds.lowerBound else {
            throw .totalTooSmall(total: total, prompts: places.count, least: bounds.lowerBound)
        }
        let lengths = order.rows.map { limit.lengths[$0] }
        let ranked = try TokenLimit(lengths: lengths, total: limit.total)
        let least = ranked.tokens(of: problem.floors)
        guard least <= limit.total else {
            throw .tokensTooFew(tokens: limit.total, prompts: places.count, least: least)
        }
        let market = Self.market(problem, places, ranked, rollouts: total)
        let purchase = TokenPurchase(market)
        let even = try Self.even(sizes, places, ranked, total: total)
        let evenUtility = problem.utility(of: even)
        let isUniform = !DoubtedGain(problem, candidates, rows: order.rows, even: even)
            .isPositive(purchase.budgets, utility: purchase.utility, uniform: evenUtility, least: request.gainMin)
        let utility = isUniform ? evenUtility : purchase.utility
        let more = try TokenLimit(lengths: lengths, total: min(1e300, limit.total * 1.1))
        let gain =
            isUniform
            ? problem.utility(of: try Self.even(sizes, places, more, total: total)) - evenUtility
            : TokenPurchase(Self.market(problem, places, more, rollouts: total)).upperBound - purchase.upperBound
        // Beyond all caps, more buys nothing.
        let isAdvised = gain > 1e-9 * utility
        plan = BudgetPlan(
            request: request, candidates: candidates, order: order, problem: problem,
            outcome: .init(
                budgets: isUniform ? even : purchase.budgets, explored: [],
                uniformReason: isUniform ? .noExpectedGain : nil, utility: utility, uniformUtility: evenUtility,
                upperBound: purchase.upperBound, price: nil),
            within: limit, advice: isAdvised ? BudgetAdvice(total: more.total, utility: gain) : nil)
        tokens = ExpectedTokens(
            budgets: plan.budgets.map(\.n), lengths: limit.lengths, beliefs: candidates.map(\.belief))
    }

    /// Equal budgets, as nearly as sizes and caps allow, within both limits: the largest that fit.
    static func even(
        _ sizes: GroupSizes, _ places: [ClosedRange<Int>], _ limit: TokenLimit, total: Int
    ) throws(PlanningError) -> [Int] {
        let bounds = AllocationProblem.bounds(sizes, places, count: places.count)
        var best = places.map { sizes.values[$0.lowerBound] }
        var (low, high) = (bounds.lowerBound, min(total, bounds.upperBound))
        while low < high {
            let middle = low + (high - low + 1) / 2
            guard let (reached, budgets) = try uniform(sizes, places, middle) else {
                high = middle - 1
                continue
            }
            if limit.tokens(of: budgets) <= limit.total {
                best = budgets
                low = middle
            } else {
                high = reached - 1
            }
        }
        return best
    }

    /// Equal budgets for a total, or for the next smaller one that the sizes reach.
    private static func uniform(
        _ sizes: GroupSizes, _ places: [ClosedRange<Int>], _ total: Int
    ) throws(PlanningError) -> (total: Int, budgets: [Int])? {
        var total = total
        while true {
            do throws(PlanningError) {
                return (total, try UniformBudgets(sizes, places: places, count: places.count, total: total).budgets)
            } catch .totalUnreachable(_, let below, _) {
                guard let below else { return nil }
                total = below
            }
        }
    }

    private static func market(
        _ problem: AllocationProblem, _ places: [ClosedRange<Int>], _ limit: TokenLimit, rollouts: Int
    ) -> TokenPurchase.Market {
        let sizes = problem.sizes.values
        let values = problem.values(of: Array(places.indices))
        return TokenPurchase.Market(
            sizes: sizes, places: places, values: values, lengths: limit.lengths,
            tokens: min(limit.total, 1e300), rollouts: max(1, rollouts),
            segments: TokenPurchase.segments(sizes: sizes, places: places, values: values))
    }
}

extension TokenPlan {
    /// Equal budgets within a limit of tokens and the total, in the order of the prompts: without beliefs.
    ///
    /// Throws the errors of `BudgetRequest.fallback`. Where even the smallest cost too many tokens, it is those.
    public static func even(
        _ request: BudgetRequest, _ prompts: [(promptID: String, floor: Int?, cap: Int?)], within limit: TokenLimit
    ) throws(PlanningError) -> [Int] {
        let order = try PromptOrder(prompts.map(\.promptID)).rows
        let sizes = try request.sizes()
        var places: [ClosedRange<Int>] = []
        for row in order {
            places.append(
                try sizes.places(floor: prompts[row].floor, cap: prompts[row].cap, promptID: prompts[row].promptID))
        }
        let ranked = try TokenLimit(lengths: order.map { limit.lengths[$0] }, total: limit.total)
        let found = try even(sizes, places, ranked, total: request.total)
        var budgets = [Int](repeating: 0, count: prompts.count)
        for (rank, row) in order.enumerated() { budgets[row] = found[rank] }
        return budgets
    }
}
