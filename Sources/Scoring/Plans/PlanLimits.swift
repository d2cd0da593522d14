/// The bounds of plans, outcomes and their ids, each stated once.
///
/// The HTTP readers, the planner, the wire and the planning arithmetic read them here; a test compares them with
/// `proto/openapi.yaml` and the Python client. They are checked when a request arrives. What a journal holds is read
/// without them, so a bound may become tighter without a stored plan becoming unreadable.
public enum PlanLimits {
    // MARK: Names and texts, in bytes of UTF-8

    /// Id of a policy that has plans, outcomes or scores. A heartbeat names up to a thousand of them in one header.
    public static let policyIDBytes = 1...256
    /// Id of a prompt or an event: the size of a label on the wire.
    public static let idBytes = 1...4096
    /// A prompt's text; empty where the coordinator knows it already.
    public static let textBytes = 0...16 << 20

    // MARK: Numbers of rollouts

    /// Rollouts of one prompt. The objective's curves are computed up to here.
    public static let rollouts = 0...1024
    /// What divides every budget.
    public static let multiples = 1...rollouts.upperBound
    /// Number of allowed group sizes.
    public static let groupSizes = 0...rollouts.upperBound
    /// Rollouts of a step, and of its reserve: every candidate with the largest group.
    public static let totals = 0...candidates.upperBound * rollouts.upperBound
    /// Rewards of one outcome, and rollouts of one group with what look-ahead adds: they return in one message.
    public static let groupRollouts = 0...4096
    /// Rollouts that an outcome counts without listing them, and numbers of groups: a `uint32` on the wire.
    public static let counts = 0...Int(UInt32.max)

    /// Tokens of all answers of a group or a step, up to 2⁵³ − 1; 0 where they are not known or not limited.
    public static let tokens = 0...(1 << 53) - 1
    /// Expected tokens of one answer.
    public static let answerTokens = 1.0...1e9
    /// Steps of a policy that may be unfinished; 0 where only the number of plans kept limits.
    public static let stepsInFlight = 0...64
    /// Number of a trainer's start, as JSON can state it.
    public static let attempts = 0...(1 << 53) - 1

    // MARK: Lengths of lists

    /// Candidates of one plan: what is planned on the coordinator's own thread must be done in milliseconds.
    public static let candidates = 1...65_536
    /// Outcomes of one report or one request for a plan.
    public static let outcomes = 0...65_536
    /// Policies whose outcomes are used, those of items included: a schema's, less one for the policy's own record.
    public static let references = 0...SideSchema.referencesMax - 1
    /// Names of numbers and categories of all items together.
    public static let covariates = 0...SideSchema.covariatesMax
    /// Rows of a context set.
    public static let contextRows = 0...ContextSet.rowsMax

    // MARK: Other numbers

    /// Step of a trainer, and version of a policy, up to 2⁵³ − 1: JSON numbers are exact up to there, and two of them
    /// can be subtracted.
    public static let steps = 0...(1 << 53) - 1
    /// Share of exploration, decay of records, price of look-ahead.
    public static let shares = 0.0...1.0
    /// Chance that all rollouts of a group end well. 1 is out of range: no group reaches it once a rollout has failed.
    public static let groupSurvival = 0.0..<1.0
    /// Deadline of a request in milliseconds, up to one hour, as all durations on the wire.
    public static let deadlineMilliseconds = 1...3_600_000
    /// Ends of the range of rewards, and so every reward. With `rewardWidthMin`: squares of widths, and their sums over
    /// a group, are neither 0 nor infinite.
    public static let rewards = -1e12...1e12
    /// Least width of the range of rewards.
    public static let rewardWidthMin = 1e-12
    /// Seed of a context's draw, as JSON can state it.
    public static let seeds = 0...Int.max
}
