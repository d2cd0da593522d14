import Scoring

/// A budget for each prompt of a step, with expected values.
public struct BudgetPlan: Hashable, Sendable {
    /// One prompt's budget.
    public struct Budget: Hashable, Sendable {
        /// The prompt.
        public let promptID: String
        /// Rollouts.
        public let n: Int
        /// Expected success probability; `nil` where it is unknown.
        public let p: Double?
        /// Concentration of the belief; infinity for a point estimate, `nil` where it is unknown.
        public let kappa: Double?
        /// Source of the belief, or what replaced it.
        public let source: BudgetSource
        /// Why the prompt has this budget.
        public let reason: BudgetReason
    }

    /// The budgets found for a problem, by rank, with their values.
    struct Outcome {
        var budgets: [Int]
        /// Ranks whose floors were raised for exploration.
        var explored: [Int]
        var uniformReason: UniformReason?
        var utility: Double
        var uniformUtility: Double
        var upperBound: Double
        var price: Double?
        /// The problem without what was handed out early; `nil` where it is the same.
        var free: AllocationProblem?
        /// By rank: reasons that do not follow from the numbers.
        var reasons: [Int: BudgetReason] = [:]
    }

    /// 16 hexadecimal digits of a SHA-256 over request, beliefs and budgets, in the order of prompt ids. The same
    /// request for the same beliefs has the same id.
    public let id: String
    /// Budgets in the order of the request.
    public let budgets: [Budget]
    /// The request.
    public let request: BudgetRequest
    /// Rollouts of the request that the prompts' caps do not allow; the budgets' sum is `request.total − surplus`.
    public let surplus: Int
    /// Why the plan is uniform; `nil` if it is the solver's.
    public let uniformReason: UniformReason?
    /// Expected utility of the budgets under the beliefs.
    public let utility: Double
    /// Expected utility of the uniform plan under the same beliefs.
    public let uniformUtility: Double
    /// Upper bound of the expected utility of any plan for this request.
    public let upperBound: Double
    /// λ, the value of one more rollout. The next step's streamed plan can start with it. `nil` from solvers that have
    /// none.
    public let price: Double?
    /// Expected number of groups of only successes or only failures, which have no advantage.
    public let zeroGroups: Double
    /// What a tenth more rollouts would buy; `nil` where every prompt has its largest budget.
    public let advice: BudgetAdvice?

    /// Planned rollouts.
    public var total: Int { request.total - surplus }
    /// Largest possible distance from the optimum: (upperBound − utility)/upperBound, in [0, 1].
    public var gap: Double { upperBound > 0 ? (upperBound - utility) / upperBound : 0 }
    /// Expected gain over the uniform plan, (utility − uniformUtility)/uniformUtility; `nil` if that has no value.
    public var expectedGain: Double? { uniformUtility > 0 ? utility / uniformUtility - 1 : nil }

    /// Builds a plan; `problem` and `outcome` are by rank. A plan within a limit of tokens spends what its budgets add up to.
    init(
        request: BudgetRequest, candidates: [BudgetCandidate], order: PromptOrder, problem: AllocationProblem,
        outcome: Outcome, within limit: TokenLimit? = nil, advice: BudgetAdvice? = nil
    ) {
        self.request = request
        uniformReason = outcome.uniformReason
        utility = outcome.utility
        uniformUtility = outcome.uniformUtility
        // Bound and utility are summed in different orders, so a rounding error may put the bound below the utility.
        upperBound = max(outcome.upperBound, outcome.utility)
        price = outcome.price
        surplus = request.total - (limit == nil ? problem.total : outcome.budgets.reduce(0, +))
        zeroGroups = max(
            0, Double(candidates.count) - problem.utility(of: outcome.budgets, objective: .mixedGroupProbability))
        self.advice =
            limit == nil
            ? BudgetAdvice(
                outcome.free ?? problem, multipleOf: request.multipleOf, isUniform: outcome.uniformReason != nil)
            : advice
        let explored = Set(outcome.explored)
        let sizes = problem.sizes.values
        var ranks = [Int](repeating: 0, count: candidates.count)
        for (rank, row) in order.rows.enumerated() { ranks[row] = rank }
        budgets = zip(candidates, ranks).map { candidate, rank in
            let n = outcome.budgets[rank]
            let places = problem.places(of: rank)
            var source = candidate.source
            var reason = BudgetReason(n, floor: sizes[places.lowerBound], cap: sizes[places.upperBound])
            if let uniform = outcome.uniformReason {
                source = .uniform
                reason = BudgetReason(uniform)
            } else if explored.contains(rank), n == sizes[places.lowerBound] {
                // A budget above the raised floor is the solver's choice, not exploration.
                source = .explore
                reason = candidate.belief.mean < 0.5 ? .exploreHopeless : .exploreSolved
            } else if let known = outcome.reasons[rank] {
                reason = known
                if known == .noGain { source = .uniform }
            }
            return Budget(
                promptID: candidate.promptID, n: n, p: candidate.belief.mean, kappa: candidate.belief.kappa,
                source: source, reason: reason)
        }
        id = Self.identify(request, candidates, order.rows, outcome.budgets, limit)
    }

    private static func identify(
        _ request: BudgetRequest, _ candidates: [BudgetCandidate], _ rows: [Int], _ ranked: [Int], _ limit: TokenLimit?
    ) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(64 * rows.count)
        func append(_ number: UInt64) {
            for shift in stride(from: UInt64(0), to: 64, by: 8) {
                bytes.append(UInt8(truncatingIfNeeded: number >> shift))
            }
        }
        func append(_ text: String) {
            append(UInt64(text.utf8.count))
            bytes.append(contentsOf: text.utf8)
        }
        append("plan/2")
        append(request.objective.rawValue)
        append(request.solver.rawValue)
        for number in [request.total, request.minimum, request.maximum, request.multipleOf] { append(UInt64(number)) }
        append(UInt64(request.groupSizes?.count ?? 0))
        for size in (request.groupSizes ?? []).sorted() { append(UInt64(size)) }
        append(request.gainMin.bitPattern)
        if let exploration = request.exploration {
            for number in [exploration.share, exploration.hopelessBelow, exploration.solvedAbove] {
                append(number.bitPattern)
            }
            append(exploration.seed)
        }
        if let limit { append(limit.total.bitPattern) }
        for (rank, row) in rows.enumerated() {
            if let limit { append(limit.lengths[row].bitPattern) }
            append(candidates[row].promptID)
            append(candidates[row].belief.mean.bitPattern)
            append(candidates[row].belief.kappa.bitPattern)
            append(UInt64(truncatingIfNeeded: candidates[row].floor ?? -1))
            append(UInt64(truncatingIfNeeded: candidates[row].cap ?? -1))
            append(UInt64(ranked[rank]))
        }
        return String(Digest(of: bytes).hex.prefix(16))
    }
}
