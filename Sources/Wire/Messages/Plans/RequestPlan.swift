public import Scoring

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
    /// Number of the trainer's start. A larger one than the policy's present one drops the plans from this step on.
    public var attempt: UInt64 = 0
    /// Whether another plan for this step, and the plans of later steps, are dropped.
    public var replaces = false
    /// Whether outcomes of what is dropped stay in the history.
    public var keepsOutcomes = false
    /// Steps of the policy that may be unfinished, this one included; 0 where only the number of plans kept limits.
    public var inFlightMax = 0
    /// Expected tokens of all answers are not more than this; `nil` where only rollouts are limited.
    public var totalTokens: Int?
    /// Steps without rollouts after which a prompt is due, paid from `explore`; 0 is never.
    public var revisitAfter = 0

    /// A step's request, everything else at its default.
    public init(plan: PlanName, total: Int, candidates: [PlanCandidate]) {
        self.plan = plan
        self.total = total
        self.candidates = candidates
    }

    /// Digest of everything but the deadline and what is done about other plans: two requests for one step are the
    /// same if it is.
    public var identity: Digest {
        var same = self
        same.deadline = .seconds(1)
        same.replaces = false
        same.keepsOutcomes = false
        same.inFlightMax = 0
        return Digest(ofParts: Envelope(generation: 0, .requestPlan(same)).frames)
    }
}
