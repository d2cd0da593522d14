import Planning
import Scoring
import Wire

/// Sums over groups that are done: how many were predicted to have no gradient, and how many have none.
///
/// A group is silent where all of its rewards are equal: its advantages are zero, and its rollouts teach nothing.
public struct GroupTally: Hashable, Sendable {
    /// Groups that are done, with at least one reward.
    public private(set) var groups = 0
    /// Their rewards.
    public private(set) var rollouts = 0
    /// Rollouts that ended without a reward.
    public private(set) var failed = 0
    /// Groups whose rewards are all equal.
    public private(set) var silentGroups = 0
    /// Rewards of the silent groups.
    public private(set) var silentRollouts = 0
    /// Groups with a prediction. The sums below are over these.
    public private(set) var predicted = 0
    /// Sum of p.
    public private(set) var sumP = 0.0
    /// Sum of the mean rewards, scaled to [0, 1].
    public private(set) var sumReward = 0.0
    /// Sum of (p − mean reward)².
    public private(set) var sumSquares = 0.0
    /// Expected number of silent groups, for rewards of 0 and 1.
    public private(set) var silentExpected = 0.0
    /// How many of the groups with a prediction are silent.
    public private(set) var silentPredicted = 0

    /// Nothing is known.
    public init() {}

    /// Adds a group; `belief` is that before its rollouts. Returns its prediction and its mean reward.
    mutating func add(
        _ group: GroupDone, rewards range: ClosedRange<Double>, belief: Belief?
    ) -> (p: Double, reward: Double)? {
        failed += group.failed
        guard let first = group.rewards.first else { return nil }
        let count = group.rewards.count
        let isSilent = group.rewards.allSatisfy { $0 == first }
        groups += 1
        rollouts += count
        if isSilent {
            silentGroups += 1
            silentRollouts += count
        }
        guard let belief else { return nil }
        let mean = group.rewards.reduce(0, +) / Double(count)
        let width = range.upperBound - range.lowerBound
        let reward = width > 0 ? ((mean - range.lowerBound) / width).clamped(to: 0...1) : 0
        predicted += 1
        sumP += belief.mean
        sumReward += reward
        sumSquares += (belief.mean - reward) * (belief.mean - reward)
        silentExpected += Self.silentProbability(of: count, under: belief)
        if isSilent { silentPredicted += 1 }
        return (belief.mean, reward)
    }

    /// Probability that so many rollouts all have the same reward. Cost: O(rollouts), at most `rolloutsMax` steps.
    static func silentProbability(of rollouts: Int, under belief: Belief) -> Double {
        1
            - BudgetObjective.mixedGroupProbability.expectedValue(
                of: rollouts.clamped(to: 0...rolloutsMax), under: belief)
    }

    /// A larger group is silent about as often as one of this size.
    private static let rolloutsMax = 512
}
