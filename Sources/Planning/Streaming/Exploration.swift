import Scoring

/// A share of the step for prompts that are predicted hopeless or solved, so that wrong predictions are detected.
///
/// A prompt without rollouts gives no new outcomes, so the present prediction would decide what the next one learns
/// from. Therefore prompts with a mean beyond the thresholds together get at least `share` of the total, or their equal
/// share if that is less. Some of them, chosen by a hash of policy, step and prompt, are raised to the equal share;
/// over the steps every prompt has a turn.
public struct Exploration: Hashable, Sendable {
    /// The prediction about an explored prompt.
    public enum Verdict: Hashable, Sendable {
        /// Its predicted success probability is below `hopelessBelow`.
        case hopeless
        /// Its predicted success probability is above `solvedAbove`.
        case solved
    }

    /// Share of the total, in [0, 1].
    public let share: Double
    /// A prompt with a mean below this is hopeless.
    public let hopelessBelow: Double
    /// A prompt with a mean above this is solved.
    public let solvedAbove: Double
    /// Decides which prompts are explored.
    public let seed: UInt64

    /// Throws `settingOutOfRange` naming a value that is not in [0, 1].
    public init(
        share: Double, hopelessBelow: Double = 0.05, solvedAbove: Double = 0.95, seed: UInt64 = 0
    ) throws(PlanningError) {
        for (name, value) in [
            ("exploration share", share), ("hopeless below", hopelessBelow), ("solved above", solvedAbove),
        ] where !PlanLimits.shares.contains(value) {
            throw .settingOutOfRange(name: name, value: value, range: PlanLimits.shares)
        }
        self.share = share
        self.hopelessBelow = hopelessBelow
        self.solvedAbove = solvedAbove
        self.seed = seed
    }

    /// The seed of a policy's step.
    public static func seed(policyID: String, step: Int) -> UInt64 {
        Digest(of: "explore/1 \(step) \(policyID)").leading
    }

    /// The verdict of a belief; `nil` between the thresholds.
    public func verdict(_ belief: Belief) -> Verdict? {
        belief.mean < hopelessBelow ? .hopeless : belief.mean > solvedAbove ? .solved : nil
    }

    /// A prompt's position in the order of turns: the lowest is explored first.
    func turn(of promptID: String) -> UInt64 { StableHash(of: promptID, seed: seed).mixed }

    /// Rollouts that the prompts beyond the thresholds should have together; `unlikely` is their number.
    func target(total: Int, prompts: Int, unlikely: Int) -> Int {
        let even = Double(total) * Double(unlikely) / Double(prompts)
        return Int(min(share * Double(total), even).rounded(.up))
    }

    /// The size to which an explored prompt is raised: the equal share, or the smallest size that is not 0.
    static func size(_ sizes: GroupSizes, total: Int, prompts: Int) -> Int {
        let even = sizes.place(atMost: total / prompts)
        let least = sizes.place(atLeast: 1)
        return sizes.values[max(0, min(max(even, least), sizes.values.count - 1))]
    }
}
