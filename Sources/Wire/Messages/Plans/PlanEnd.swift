public import Scoring

/// The end of a plan, sent when all of its budgets were.
public struct PlanEnd: Hashable, Sendable, Codable {
    /// Whether predictions were there for all prompts, for some, or for none.
    public enum Status: String, CaseIterable, Hashable, Sendable, Codable { case ok, degraded, fallback }
    /// 16 hexadecimal digits; equal plans have equal ids.
    public var planID: String
    /// What predictions it was made of.
    public var status: Status
    /// Prompts.
    public var prompts: Int
    /// The sum of their budgets.
    public var total: Int
    /// Rollouts beyond the caps of all prompts.
    public var surplus: Int
    /// Rollouts kept for look-ahead.
    public var reserve: Int
    /// Expected utility under the beliefs; of a plan that is only logged, as if it were used.
    public var utility: Double
    /// The uniform plan's, under the same beliefs.
    public var uniformUtility: Double
    /// Upper bound of the utility of any plan.
    public var upperBound: Double
    /// λ, what the next rollout would be worth; `nil` where there was no price.
    public var price: Double?
    /// Expected groups without a gradient.
    public var zeroGroups: Double
    /// SHA-256 over the budgets in the order of candidates: shows that none is missing.
    public var digest: [UInt8]
    /// Rows of all context sets of the plan together.
    public var contextRows: Int
    /// Steps since the newest outcome of the context; −1 without any.
    public var staleness: Int
    /// Why this is the uniform plan; empty if it is not.
    public var uniformReason: String
    /// For people: what may be wrong.
    public var warnings: [String]
    /// Steps by which the newest outcome of the context is later than the weights that roll out; 0 if it is not.
    public var contextAhead = 0
    /// The request's attempt.
    public var attempt: UInt64 = 0
    /// The request's limit of expected tokens; `nil` without one.
    public var totalTokens: Int?
    /// Expected tokens of all answers; `nil` where no length is known.
    public var expectedTokens: Double?
    /// Expected tokens of answers in groups without a gradient; `nil` where no length is known.
    public var expectedWaste: Double?
    /// A tenth more of the total, or of the limit of tokens where there is one; `nil` where caps allow no more.
    public var adviceTotal: Int?
    /// What the utility would be with it; `nil` without.
    public var adviceUtility: Double?
    /// Rollouts that only exploration has caused.
    public var explored = 0
    /// Rollouts that exploration leaves to later steps; below 0 if it has spent more than its share.
    public var exploreSaved = 0.0

    /// Ends a plan.
    public init(
        planID: String, status: Status, prompts: Int, total: Int, surplus: Int, reserve: Int, utility: Double,
        uniformUtility: Double, upperBound: Double, price: Double?, zeroGroups: Double, digest: [UInt8],
        contextRows: Int, staleness: Int, uniformReason: String, warnings: [String]
    ) {
        self.planID = planID
        self.status = status
        self.prompts = prompts
        self.total = total
        self.surplus = surplus
        self.reserve = reserve
        self.utility = utility
        self.uniformUtility = uniformUtility
        self.upperBound = upperBound
        self.price = price
        self.zeroGroups = zeroGroups
        self.digest = digest
        self.contextRows = contextRows
        self.staleness = staleness
        self.uniformReason = uniformReason
        self.warnings = warnings
    }

    /// The digest of budgets by candidate: their numbers as little-endian uint32, in order.
    public static func digest(of budgets: [Int]) -> Digest {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(4 * budgets.count)
        for n in budgets { LittleEndian.append(UInt32(clamping: n), to: &bytes) }
        return Digest(of: bytes)
    }
}
