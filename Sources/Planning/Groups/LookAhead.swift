/// Whether a group is done or wants more rollouts (V0.5, arXiv 2603.10848): one step ahead, and never without end.
///
/// A rollout more is worth its price while it lowers the baseline's estimated error by more than `threshold`:
/// MSE(k) − MSE(k+1) > c. Where the prediction stands, the error does not fall with more rollouts, and the group is done
/// at once; where the data contradict it, more are drawn until they are heard. The step keeps a reserve for that, which
/// is shared by all groups and never overdrawn.
public struct LookAhead: Hashable, Sendable {
    /// What to do with a group.
    public enum Decision: Hashable, Sendable {
        /// Train on it.
        case done(baseline: ShrinkageBaseline, advantages: [Double], reason: Reason)
        /// Draw so many more rollouts; they have been taken from the reserve.
        case draw(Int)
    }

    /// Why a group is done.
    public enum Reason: String, Codable, Sendable {
        /// One more rollout would lower the error by no more than the threshold.
        case settled
        /// It has as many rollouts as a group may have.
        case atMost = "at_most"
        /// More are wanted, and the reserve is empty.
        case reserveEmpty = "reserve_empty"
    }

    /// k₀: below this a group is not judged.
    public let rolloutsMin: Int
    /// No group gets more.
    public let rolloutsMax: Int
    /// c, in units of the largest variance of a reward: one rollout's price in squared error.
    public let threshold: Double
    /// Most rollouts asked for at once; with 1 every rollout is decided on its own, as in the paper.
    public let drawsMax: Int

    /// The paper's settings by default: from 4 to 16 rollouts, c = 1/256, one at a time.
    ///
    /// Throws `rangeInvalid` unless 1 ≤ k₀ ≤ most, `settingOutOfRange` for a threshold below 0 or no draws.
    public init(
        rolloutsMin: Int = 4, rolloutsMax: Int = 16, threshold: Double = 1.0 / 256, drawsMax: Int = 1
    ) throws(PlanningError) {
        guard rolloutsMin >= 1, rolloutsMin <= rolloutsMax, rolloutsMax <= BudgetRequest.rolloutsMax else {
            throw .rangeInvalid(minimum: rolloutsMin, maximum: rolloutsMax)
        }
        guard threshold >= 0, threshold.isFinite else {
            throw .settingOutOfRange(
                name: "look-ahead threshold", value: threshold, range: 0...Double.greatestFiniteMagnitude)
        }
        guard drawsMax >= 1 else {
            throw .settingOutOfRange(
                name: "rollouts drawn at once", value: Double(drawsMax), range: 1...Double(BudgetRequest.rolloutsMax))
        }
        self.rolloutsMin = rolloutsMin
        self.rolloutsMax = rolloutsMax
        self.threshold = threshold
        self.drawsMax = drawsMax
    }

    /// Decides on a group by all of its rewards so far; what is drawn is taken from the reserve.
    ///
    /// Throws `rewardOutOfRange` or `probabilityOutOfRange`, naming the prompt; then nothing is taken.
    public func decide(
        rewards: [Double], p: Double, range: RewardRange = .unit, promptID: String, reserve: inout RolloutReserve
    ) throws(PlanningError) -> Decision {
        let baseline = try ShrinkageBaseline(rewards: rewards, p: p, range: range, promptID: promptID)
        let wanted = wanted(baseline)
        let drawn = reserve.take(wanted)
        guard drawn == 0 else { return .draw(drawn) }
        let reason: Reason = wanted > 0 ? .reserveEmpty : rewards.count >= rolloutsMax ? .atMost : .settled
        return .done(baseline: baseline, advantages: rewards.map { $0 - baseline.value }, reason: reason)
    }

    /// Rollouts that a group with this baseline wants, at most `drawsMax` beyond the first `rolloutsMin`.
    func wanted(_ baseline: ShrinkageBaseline) -> Int {
        let k = baseline.rollouts
        guard k >= rolloutsMin else { return rolloutsMin - k }
        var more = 0
        while more < drawsMax, k + more < rolloutsMax,
            baseline.risk(after: k + more) - baseline.risk(after: k + more + 1) > threshold
        {
            more += 1
        }
        return more
    }
}

/// Rollouts of a step that are kept for groups that turn out to need more.
public struct RolloutReserve: Hashable, Sendable {
    /// Rollouts left, never below 0.
    public private(set) var left: Int

    /// So many; a number below 0 is none.
    public init(_ rollouts: Int) { left = max(0, rollouts) }

    /// Takes as many of the wanted rollouts as there are.
    public mutating func take(_ wanted: Int) -> Int {
        let taken = min(max(0, wanted), left)
        left -= taken
        return taken
    }
}
