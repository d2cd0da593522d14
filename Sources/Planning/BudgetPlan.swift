import Scoring

/// Why a prompt got the budget it got.
public enum BudgetReason: String, Codable, Sendable {
    /// The range's lower end.
    case floor
    /// The range's upper end.
    case cap
    /// Between the two, where the solver found it best.
    case optimal
    /// No rollout at all: the range begins at 0.
    case excluded
    /// An even share, because planning expects no gain from anything else.
    case noGain = "no_gain"
}

/// Why a plan is the uniform plan.
public enum UniformReason: String, Codable, Sendable {
    /// The solver's budgets are expected to be worth no more than equal ones.
    case noExpectedGain = "no_expected_gain"
}

/// A budget for each prompt of a step, and what is expected of it.
public struct BudgetPlan: Hashable, Sendable {
    /// One prompt's budget.
    public struct Budget: Hashable, Sendable {
        /// The prompt.
        public let promptID: String
        /// Rollouts.
        public let n: Int
        /// Expected success probability.
        public let p: Double
        /// Concentration of the belief; infinity for a point estimate.
        public let kappa: Double
        /// Where the belief comes from, or `uniform`.
        public let source: BudgetSource
        /// Why this many.
        public let reason: BudgetReason
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
    /// Expected number of prompts whose group will be all success or all failure, so without advantage.
    public let zeroGroups: Double

    /// Rollouts planned.
    public var total: Int { request.total - surplus }
    /// How far from the best plan this one is at most: (upperBound − utility)/upperBound, in [0, 1].
    public var gap: Double { upperBound > 0 ? (upperBound - utility) / upperBound : 0 }
    /// Expected gain over the uniform plan, (utility − uniformUtility)/uniformUtility; `nil` if that expects nothing.
    public var expectedGain: Double? { uniformUtility > 0 ? utility / uniformUtility - 1 : nil }

    /// Puts together what a request has found; `problem` and `ranked` are by rank, `rows[rank]` is the candidate.
    init(
        request: BudgetRequest, candidates: [BudgetCandidate], rows: [Int], problem: AllocationProblem,
        budgets ranked: [Int], uniformReason: UniformReason?, utility: Double, uniformUtility: Double,
        upperBound: Double
    ) {
        self.request = request
        self.uniformReason = uniformReason
        self.utility = utility
        self.uniformUtility = uniformUtility
        // Bound and utility are sums in different orders, and may cross by a rounding error.
        self.upperBound = max(upperBound, utility)
        surplus = request.total - problem.total
        zeroGroups = max(
            0, Double(rows.count) - problem.utility(of: ranked, objective: .mixedGroupProbability))
        var n = [Int](repeating: 0, count: rows.count)
        for (rank, row) in rows.enumerated() { n[row] = ranked[rank] }
        budgets = candidates.enumerated().map { row, candidate in
            Budget(
                promptID: candidate.promptID, n: n[row], p: candidate.belief.mean, kappa: candidate.belief.kappa,
                source: uniformReason == nil ? candidate.source : .uniform,
                reason: uniformReason == nil ? Self.reason(n[row], in: request) : .noGain)
        }
        id = Self.identify(request, candidates, rows, ranked)
    }

    private static func reason(_ n: Int, in request: BudgetRequest) -> BudgetReason {
        n == 0 ? .excluded : n == request.minimum ? .floor : n == request.maximum ? .cap : .optimal
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
        append("plan/1")
        append(request.objective.rawValue)
        append(request.solver.rawValue)
        for number in [request.total, request.minimum, request.maximum] { append(UInt64(number)) }
        for (rank, row) in rows.enumerated() {
            append(candidates[row].promptID)
            append(candidates[row].belief.mean.bitPattern)
            append(candidates[row].belief.kappa.bitPattern)
            append(UInt64(ranked[rank]))
        }
        return String(Digest(of: bytes).hex.prefix(16))
    }
}
