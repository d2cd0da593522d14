import Wire

/// Which policy is forgotten, or loses a plan, first: each order has some of the policies, those that are idle for the longest time
/// first. They are kept, because a planner may have a thousand policies and as many plans again for each.
struct PolicyRanks: Sendable {
    typealias Order = RankedKeys<String, UInt64>

    /// Policies with a history, and without a plan that is prepared or under way.
    var idle = Order()
    /// Policies with a plan that is over.
    var over = Order()
    /// Policies with a plan that has ended.
    var ended = Order()

    /// What is wrong with the orders; for tests and simulation.
    var brokenInvariants: [String] { [idle, over, ended].flatMap(\.brokenInvariants) }
}

extension PlannerState {
    /// Makes the orders of policies those of now. Cost: logarithmic for each policy that has changed since the last time, which
    /// is at most one event ago.
    mutating func updateRanks() {
        for changed in [sessions.takeChanged(), preparing.takeChanged(), histories.takeChanged()] {
            for policyID in changed { rank(policyID) }
        }
    }

    private mutating func rank(_ policyID: String) {
        let (use, plans) = (histories.lastUse(of: policyID), sessions.plans(of: policyID))
        let isBusy = plans.sums.underWay > 0 || !preparing.names(of: policyID).isEmpty
        ranks.idle[policyID] = isBusy ? nil : use
        ranks.over[policyID] = plans.sums.over > 0 ? use ?? 0 : nil
        ranks.ended[policyID] = plans.names.count > plans.sums.underWay ? use ?? 0 : nil
    }

    /// What is wrong with the orders, compared with plans and histories as they are; for tests and simulation.
    func brokenRanks(_ plans: [PlanSession]) -> [String] {
        func use(of policyID: String) -> UInt64? { histories.lastUse(of: policyID) }
        var idle = histories.all.mapValues(\.lastUse)
        var (over, ended): ([String: UInt64], [String: UInt64]) = ([:], [:])
        for name in preparing.names { idle[name.policyID] = nil }
        for plan in plans {
            let policyID = plan.name.policyID
            if plan.end == nil { idle[policyID] = nil } else { ended[policyID] = use(of: policyID) ?? 0 }
            if plan.isOver { over[policyID] = use(of: policyID) ?? 0 }
        }
        let kept = [ranks.idle, ranks.over, ranks.ended].map { order in
            Dictionary(uniqueKeysWithValues: order.all.map { ($0.key, $0.rank) })
        }
        return ranks.brokenInvariants
            + (kept == [idle, over, ended] ? [] : ["policies are ranked by \(kept), not by \([idle, over, ended])"])
    }
}
