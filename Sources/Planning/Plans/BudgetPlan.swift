import Scoring

/// Why a prompt got the budget it got.
public enum BudgetReason: String, Codable, Sendable {
    /// The smallest size it may have.
    case floor
    /// The largest size it may have.
    case cap
    /// Between the two, where the solver found it best.
    case optimal
    /// No rollout at all: the sizes begin with 0.
    case excluded
    /// A turn at exploration although it is predicted to fail always.
    case exploreHopeless = "explore_hopeless"
    /// A turn at exploration although it is predicted to succeed always.
    case exploreSolved = "explore_solved"
    /// Handed out at the price of the moment, before all predictions were there.
    case price
    /// Handed out, and raised when all predictions were there.
    case toppedUp = "topped_up"
    /// An even share, because planning expects no gain from anything else.
    case noGain = "no_gain"
    /// An even share, because predictions were not there in time.
    case deadline
    /// An even share, because there is nobody who plans.
    case noCoordinator = "no_coordinator"
    /// An even share, because there is no model or it failed.
    case noModel = "no_model"
    /// An even share, because plans are only watched.
    case shadow

    /// The even share of a uniform plan.
    init(_ reason: UniformReason) {
        switch reason {
        case .noExpectedGain: self = .noGain
        case .deadline: self = .deadline
        case .noCoordinator: self = .noCoordinator
        case .noModel: self = .noModel
        case .shadow: self = .shadow
        }
    }

    /// What a solver's budget is, between the limits of its prompt.
    init(_ n: Int, floor: Int, cap: Int) {
        self = n == 0 ? .excluded : n == floor ? .floor : n == cap ? .cap : .optimal
    }
}

/// Why a plan is the uniform plan.
public enum UniformReason: String, Codable, Sendable {
    /// The solver's budgets are expected to be worth no more than equal ones.
    case noExpectedGain = "no_expected_gain"
    /// Predictions were not there in time.
    case deadline
    /// There is nobody who plans.
    case noCoordinator = "no_coordinator"
    /// There is no model, or it failed.
    case noModel = "no_model"
    /// Plans are made and watched, but not followed.
    case shadow
}

/// A budget for each prompt of a step, and what is expected of it.
public struct BudgetPlan: Hashable, Sendable {
    /// One prompt's budget.
    public struct Budget: Hashable, Sendable {
        /// The prompt.
        public let promptID: String
        /// Rollouts.
        public let n: Int
        /// Expected success probability; `nil` where nothing is known.
        public let p: Double?
        /// Concentration of the belief; infinity for a point estimate, `nil` where nothing is known.
        public let kappa: Double?
        /// Where the belief comes from, or what stands in its place.
        public let source: BudgetSource
        /// Why this many.
        public let reason: BudgetReason
    }

    /// What was found for a problem, by rank.
    struct Outcome {
        var budgets: [Int]
        /// Ranks whose floors were raised for exploration.
        var explored: [Int]
        var uniformReason: UniformReason?
        var utility: Double
        var uniformUtility: Double
        var upperBound: Double
        var price: Double?
        /// By rank, where a reason is known that the numbers do not tell.
        var reasons: [Int: BudgetReason] = [:]
    }

    /// The same request for the same beliefs has the same id: 16 hexadecimal digits of a SHA-256 over both and the
    /// budgets, in the order of prompt ids.
    public let id: String
    /// Budgets in the order of the request.
    public let budgets: [Budget]
    /// What was asked.
    public let request: BudgetRequest
    /// Rollouts of the request that no prompt had room for; the budgets' sum is `request.total − surplus`.
    public let surplus: Int
    /// Why this is the uniform plan; `nil` if it is the solver's.
    public let uniformReason: UniformReason?
    /// Expected utility of the budgets under the beliefs.
    public let utility: Double
    /// Expected utility of the uniform plan under the same beliefs.
    public let uniformUtility: Double
    /// Expected utility that no plan for this request exceeds.
    public let upperBound: Double
    /// λ, what the next rollout would be worth; the next step's streamed plan may begin with it. `nil` from solvers
    /// that have none.
    public let price: Double?
    /// Expected number of prompts whose group will be all success or all failure, so without advantage.
    public let zeroGroups: Double

    /// Rollouts planned.
    public var total: Int { request.total - surplus }
    /// How far from the best plan this one is at most: (upperBound − utility)/upperBound, in [0, 1].
    public var gap: Double { upperBound > 0 ? (upperBound - utility) / upperBound : 0 }
    /// Expected gain over the uniform plan, (utility − uniformUtility)/uniformUtility; `nil` if that expects nothing.
    public var expectedGain: Double? { uniformUtility > 0 ? utility / uniformUtility - 1 : nil }

    /// Puts together what a request has found; `problem` and `outcome` are by rank.
    init(
        request: BudgetRequest, candidates: [BudgetCandidate], order: PromptOrder, problem: AllocationProblem,
        outcome: Outcome
    ) {
        self.request = request
        uniformReason = outcome.uniformReason
        utility = outcome.utility
        uniformUtility = outcome.uniformUtility
        // Bound and utility are sums in different orders, and may cross by a rounding error.
        upperBound = max(outcome.upperBound, outcome.utility)
        price = outcome.price
        surplus = request.total - problem.total
        zeroGroups = max(
            0, Double(candidates.count) - problem.utility(of: outcome.budgets, objective: .mixedGroupProbability))
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
                // More than the raised floor is not exploration: the solver wanted it.
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
        id = Self.identify(request, candidates, order.rows, outcome.budgets)
    }

    private static func identify(
        _ request: BudgetRequest, _ candidates: [BudgetCandidate], _ rows: [Int], _ ranked: [Int]
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
        for (rank, row) in rows.enumerated() {
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
