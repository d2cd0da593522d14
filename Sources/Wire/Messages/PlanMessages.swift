public import Scoring

/// A step of a policy's training, which has at most one plan.
public struct PlanName: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The policy's id.
    public var policyID: String
    /// The trainer's step, at least 0.
    public var step: Int

    /// Names a step.
    public init(policyID: String, step: Int) {
        self.policyID = policyID
        self.step = step
    }

    /// `id/step`.
    public var description: String { "\(policyID)/\(step)" }

    /// By policy, then by step.
    public static func < (left: PlanName, right: PlanName) -> Bool {
        (left.policyID, left.step) < (right.policyID, right.step)
    }
}

/// A trainer's request for a step: budgets for these prompts that add up to the total.
public struct RequestPlan: Hashable, Sendable {
    /// Whether the plan is used, or only made and logged.
    public enum Mode: String, CaseIterable, Hashable, Sendable { case active, shadow }
    /// Who rolls out.
    public enum Delivery: String, CaseIterable, Hashable, Sendable { case trainer, workers }
    /// What happens at the deadline.
    public enum Fallback: String, CaseIterable, Hashable, Sendable { case uniform, refuse }

    /// The step.
    public var plan: PlanName
    /// Version of the weights that roll out; `nil` is the step.
    public var policyVersion: Int?
    /// Rollouts of the step, all prompts together.
    public var total: Int
    /// Rollouts beyond the total, kept for groups that need more.
    public var reserve = 0
    /// Least budget of a prompt.
    public var minimum = 4
    /// Largest budget of a prompt.
    public var maximum = 32
    /// What divides every budget, and the total.
    public var multipleOf = 1
    /// The only sizes allowed; none allows every multiple in the range.
    public var groupSizes: [Int] = []
    /// What a budget is worth.
    public var objective = BudgetObjective.expectedContrast
    /// Share of the total for prompts predicted hopeless or solved, in [0, 1].
    public var explore = 0.0
    /// Time from the request's arrival until the plan must be complete.
    public var deadline: Duration = .seconds(2)
    /// What happens then, if it is not.
    public var fallback = Fallback.uniform
    /// Whether the plan is used.
    public var mode = Mode.active
    /// Who rolls out.
    public var delivery = Delivery.trainer
    /// How the context set is drawn that the policy is predicted by.
    public var context = ContextChoice()
    /// Weight of a prompt's own outcome a policy step later, in [0, 1]; 0 ignores own records.
    public var recordDecay = 0.99
    /// The range of rewards.
    public var rewards: ClosedRange<Double> = 0...1
    /// Raise floors by the share of rollouts that were seen to fail.
    public var raisesFloors = false
    /// Cap groups so that all rollouts of one end well with this chance, in [0, 1); 0 is no cap.
    public var groupSurvival = 0.0
    /// One rollout's price in squared error, in units of the largest variance of a reward; 0 is no look-ahead.
    public var lookAhead = 0.0
    /// No group gets more rollouts than this by look-ahead.
    public var lookAheadMost = 16
    /// The prompts.
    public var candidates: [PlanCandidate]
    /// Outcomes of earlier steps, to be recorded first.
    public var outcomes: [GroupOutcome] = []
    /// Policies whose recorded outcomes on the same prompts are used, by id.
    public var references: [String] = []

    /// A step's request, everything else at its default.
    public init(plan: PlanName, total: Int, candidates: [PlanCandidate]) {
        self.plan = plan
        self.total = total
        self.candidates = candidates
    }

    /// Digest of everything but the deadline: two requests for one step are the same if it is.
    public var identity: Digest {
        var same = self
        same.deadline = .seconds(1)
        return Digest(of: Envelope(generation: 0, .requestPlan(same)).frames.joined())
    }
}

/// How a context set is drawn from a policy's history.
public struct ContextChoice: Hashable, Sendable {
    /// The ways to draw.
    public enum Selection: String, Hashable, Sendable, CaseIterable, Codable {
        case uniform, recent, stratified, prototypes
    }
    /// Rows drawn, at most `ContextSet.rowsMax`; fewer where the history has fewer.
    public var rows = 256
    /// The way.
    public var selection = Selection.recent
    /// Whether a prompt's own outcomes may be in the context it is predicted under.
    public var includesOwn = false
    /// Decides the draw.
    public var seed: UInt64 = 0

    /// The defaults: 256 rows, recent ones, never a prompt's own.
    public init() {}
}

/// A prompt that needs a budget.
public struct PlanCandidate: Hashable, Sendable {
    /// Unique in its plan.
    public var promptID: String
    /// Its text; empty if the coordinator knows it under this id.
    public var text: String
    /// Its own least budget.
    public var minimum: Int?
    /// Its own largest budget.
    public var maximum: Int?
    /// Numbers and categories of it, each name once.
    public var covariates: [Covariate]
    /// Outcomes of other policies on it, each name once.
    public var references: [NamedOutcome]

    /// A prompt.
    public init(
        promptID: String, text: String = "", minimum: Int? = nil, maximum: Int? = nil, covariates: [Covariate] = [],
        references: [NamedOutcome] = []
    ) {
        self.covariates = covariates
        self.references = references
        self.promptID = promptID
        self.text = text
        self.minimum = minimum
        self.maximum = maximum
    }
}

/// The result of a group of rollouts of one prompt.
public struct GroupOutcome: Hashable, Sendable {
    /// An outcome that is reported twice counts once.
    public var eventID: String
    /// The prompt.
    public var promptID: String
    /// Its text; empty if the coordinator knows it under this id.
    public var text: String
    /// Version of the weights that rolled out; `nil` is the step, or the latest.
    public var policyVersion: Int?
    /// Step of the plan that the group belongs to, if to any.
    public var step: Int?
    /// Raw rewards; none where only their mean is known.
    public var rewards: [Double]
    /// Where there are no rewards: their raw mean.
    public var mean: Double
    /// Where there are no rewards: how many they were.
    public var n: Int
    /// Rollouts that ended without a reward.
    public var failed: Int

    /// A group's rewards.
    public init(
        eventID: String, promptID: String, text: String = "", policyVersion: Int? = nil, step: Int? = nil,
        rewards: [Double] = [], mean: Double = 0, n: Int = 0, failed: Int = 0
    ) {
        self.eventID = eventID
        self.promptID = promptID
        self.text = text
        self.policyVersion = policyVersion
        self.step = step
        self.rewards = rewards
        self.mean = mean
        self.n = n
        self.failed = failed
    }
}

/// The coordinator refuses a request.
public struct RequestRefused: Hashable, Sendable {
    /// The kinds of refusal.
    public enum Reason: Hashable, Sendable { case invalid, conflict, capacity, deadline, unknown }
    /// A request, by its plan or its number.
    public enum Subject: Hashable, Sendable {
        case plan(PlanName)
        case request(UInt64)
    }
    /// The request.
    public var subject: Subject
    /// Why not.
    public var reason: Reason
    /// For people: what, where, what to do.
    public var message: String

    /// Refuses.
    public init(_ subject: Subject, _ reason: Reason, message: String) {
        self.subject = subject
        self.reason = reason
        self.message = message
    }
}

/// Rollouts that a prompt gets; a later budget of the same prompt in the same plan tops it up.
public struct PlannedBudget: Hashable, Sendable, Codable {
    /// Of the candidate, in the order of the request.
    public var index: Int
    /// The prompt.
    public var promptID: String
    /// Its rollouts, all together.
    public var n: Int
    /// Expected success probability; `nil` where nothing is known.
    public var p: Double?
    /// Concentration of the belief; `nil` for a point estimate and where nothing is known.
    public var kappa: Double?
    /// The source of the belief, as `Planning.BudgetSource`.
    public var source: String
    /// Why this many, as `Planning.BudgetReason`.
    public var reason: String
    /// What the belief is based on; `nil` where side information was not used.
    public var evidence: Evidence?

    /// A budget.
    public init(
        index: Int, promptID: String, n: Int, p: Double?, kappa: Double?, source: String, reason: String,
        evidence: Evidence? = nil
    ) {
        self.evidence = evidence
        self.index = index
        self.promptID = promptID
        self.n = n
        self.p = p
        self.kappa = kappa
        self.source = source
        self.reason = reason
    }
}

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
