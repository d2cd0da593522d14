import Planning
import Scoring
import Wire

/// The budgets of a plan, summed up so that they can be drawn: how many rollouts prompts of which p get.
public struct BudgetPicture: Hashable, Sendable {
    /// Prompts whose p is in a twentieth of [0, 1].
    public struct Bin: Hashable, Sendable {
        /// Prompts.
        public private(set) var prompts = 0
        /// Their rollouts together.
        public private(set) var rollouts = 0
        /// The smallest of their budgets.
        public private(set) var least = 0
        /// The largest of their budgets.
        public private(set) var most = 0

        mutating func add(_ n: Int) {
            least = prompts == 0 ? n : min(least, n)
            most = max(most, n)
            prompts += 1
            rollouts += n
        }
    }

    /// By p, `binCount` of them.
    public private(set) var bins = [Bin](repeating: Bin(), count: binCount)
    /// Prompts without a prediction.
    public private(set) var unpredicted = Bin()
    /// Expected share of rollouts in silent groups, under the plan; `nil` without predictions.
    public private(set) var silentShare: Double?
    /// The same if all prompts had equal budgets.
    public private(set) var silentShareEven: Double?

    /// Bins of p.
    public static let binCount = 20
    /// Prompts that the shares are computed of; of larger plans, a regular sample.
    private static let sampleMax = 1024

    /// The bin of a p in [0, 1], of so many bins; a p that is no number is in the first one.
    static func bin(of p: Double, of count: Int = binCount) -> Int {
        guard p > 0 else { return 0 }
        return min(count - 1, Int(min(p, 1) * Double(count)))
    }

    /// Sums up a plan whose budgets are complete. Cost: O(prompts), and O(rollouts) for at most `sampleMax` prompts.
    init(_ session: PlanSession) {
        let count = session.budgets.count
        for (n, belief) in zip(session.budgets, session.beliefs) {
            if let belief { bins[Self.bin(of: belief.mean)].add(n ?? 0) } else { unpredicted.add(n ?? 0) }
        }
        let even = max(1, session.spent / max(1, count))
        var (silent, rollouts, silentEven, rolloutsEven) = (0.0, 0.0, 0.0, 0.0)
        for index in stride(from: 0, to: count, by: max(1, count / Self.sampleMax)) {
            guard let belief = session.beliefs[index], let n = session.budgets[index] else { continue }
            silent += Double(n) * GroupTally.silentProbability(of: n, under: belief)
            rollouts += Double(n)
            silentEven += Double(even) * GroupTally.silentProbability(of: even, under: belief)
            rolloutsEven += Double(even)
        }
        if rollouts > 0 { silentShare = silent / rollouts }
        if rolloutsEven > 0 { silentShareEven = silentEven / rolloutsEven }
    }
}
