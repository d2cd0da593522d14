import Foundation

/// The rate at which rollouts end without a reward: a lost worker, a timeout, an answer that cannot be graded.
///
/// It affects budgets in two ways. A group that must have a number of rewards needs more rollouts, so floors grow by
/// 1/(1 − rate). And if a trainer drops a whole group for one failed rollout, as some do, large groups are lost more
/// often than small ones, so budgets need a cap.
public struct RolloutFailureRate: Hashable, Sendable {
    /// Share of rollouts that failed, in [0, 1].
    public let value: Double

    /// A known rate. Throws `settingOutOfRange` unless it is in [0, 1].
    public init(_ value: Double) throws(PlanningError) {
        guard value >= 0, value <= 1 else {
            throw .settingOutOfRange(name: "failure rate", value: value, range: 0...1)
        }
        self.value = value
    }

    /// The observed rate; 0 if no rollout was started. Throws `settingOutOfRange` unless 0 ≤ failed ≤ started.
    public init(failed: Int, started: Int) throws(PlanningError) {
        guard failed >= 0, failed <= started else {
            throw .settingOutOfRange(name: "failed rollouts", value: Double(failed), range: 0...Double(max(0, started)))
        }
        try self.init(started > 0 ? Double(failed) / Double(started) : 0)
    }

    /// Rollouts to start so that `rewards` rewards are expected, at most `cap`: ⌈rewards/(1 − rate)⌉.
    public func inflated(_ rewards: Int, cap: Int) -> Int {
        guard value < 1 else { return rewards > 0 ? cap : 0 }
        // Slightly less, so that rounding errors do not turn 9/(1 − 0.1) = 10 into 11.
        let needed = (Double(rewards) / (1 - value) - 1e-9).rounded(.up)
        return needed < Double(cap) ? Int(needed) : cap
    }

    /// Largest group, from 1 to `cap`, whose rollouts all succeed in returning a reward with a probability of at least
    /// `survival`.
    public func largestGroup(survival: Double, cap: Int) -> Int {
        guard value > 0, survival > 0 else { return cap }
        guard value < 1, survival < 1 else { return 1 }
        let largest = (log(survival) / log1p(-value) + 1e-9).rounded(.down)
        return max(1, largest < Double(cap) ? Int(largest) : cap)
    }
}
