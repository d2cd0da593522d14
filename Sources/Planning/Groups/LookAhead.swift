/// Decides whether a group is done or needs more rollouts (V0.5, arXiv 2603.10848), looking one step ahead.
///
/// One more rollout is worth its price if it lowers the baseline's estimated error by more than `threshold`:
/// MSE(k) − MSE(k+1) > c. If the data agree with the prediction, the error does not fall with more rollouts, and the
/// group is done at once. If they contradict it, more rollouts are drawn. The step keeps a reserve for them, which all
/// groups share and which is never overdrawn.
public struct LookAhead: Hashable, Sendable {
    /// The decision on a group.
    public enum Decision: Hashable, Sendable {
        /// The group is done: train on it.
        case done(baseline: ShrinkageBaseline, advantages: [Double], reason: Reason)
        /// Draw this many more rollouts; they are already subtracted from the reserve.
        case draw(Int)
    }

    /// Why a group is done.
    public enum Reason: String, Codable, Sendable {
        /// One more rollout would lower the error by no more than the threshold.
        case settled
        /// It has the largest allowed number of rollouts.
        case atMost = "at_most"
        /// More are needed, but the reserve is empty.
        case reserveEmpty = "reserve_empty"
    }

    /// k₀: a group with fewer rollouts always needs more.
    public let rolloutsMin: Int
    /// Most rollouts of a group.
    public let rolloutsMax: Int
    /// c, the price of one rollout in squared error, in units of the largest variance of a reward.
    public let threshold: Double
    /// Most rollouts drawn at once; with 1 every rollout is decided separately, as in the paper.
    public let drawsMax: Int

    /// The defaults are the paper's settings: 4 to 16 rollouts, c = 1/256, one at a time.
    ///
    /// Throws `rangeInvalid` unless 1 ≤ k₀ ≤ most, `settingOutOfRange` for a threshold below 0 or `drawsMax` below 1.
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

    /// Decides on a group from all of its rewards so far; drawn rollouts are subtracted from the reserve.
    ///
    /// Throws `rewardOutOfRange` or `probabilityOutOfRange`, naming the prompt; then the reserve is unchanged.
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

    /// Rollouts that a group with this baseline needs, at most `drawsMax` beyond the first `rolloutsMin`.
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
