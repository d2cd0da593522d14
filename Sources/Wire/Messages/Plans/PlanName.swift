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
