import DequeModule
import OrderedCollections
import Wire

/// A plan that is prepared on another thread.
struct PlanInPreparation {
    let identity: [UInt8]
    var listeners: OrderedSet<Peer>
    let deadline: Instant
}

/// Plans that are prepared now, and not opened yet; also by policy.
struct PlansInPreparation {
    private var plans: [PlanName: PlanInPreparation] = [:]
    private var policies: [String: Deque<PlanName>] = [:]
    /// Policies of which one was added or removed since `takeChanged` was called last.
    private var changed: Set<String> = []

    /// All of them, in no order; for tests and simulation.
    var names: some Collection<PlanName> { plans.keys }

    /// A plan, whose listeners are changed in place. `begin` and `end` are the only ways in and out.
    subscript(name: PlanName) -> PlanInPreparation? {
        get { plans[name] }
        _modify { yield &plans[name] }
    }

    mutating func begin(_ name: PlanName, _ plan: PlanInPreparation) {
        if plans.updateValue(plan, forKey: name) == nil { policies[name.policyID, default: []].append(name) }
        changed.insert(name.policyID)
    }

    /// Removes a plan. Cost: a look at the names of its policy's that were begun before.
    mutating func end(_ name: PlanName) -> PlanInPreparation? {
        guard let plan = plans.removeValue(forKey: name) else { return nil }
        if let place = policies[name.policyID]?.firstIndex(of: name) { policies[name.policyID]?.remove(at: place) }
        if policies[name.policyID]?.isEmpty == true { policies[name.policyID] = nil }
        changed.insert(name.policyID)
        return plan
    }

    /// Those of a policy, in the order in which they were begun.
    func names(of policyID: String) -> [PlanName] { policies[policyID].map(Array.init) ?? [] }

    /// Removes and returns the policies of which one was added or removed.
    mutating func takeChanged() -> Set<String> {
        guard !changed.isEmpty else { return [] }
        defer { changed = [] }
        return changed
    }

    /// What is wrong with the names by policy; for tests and simulation.
    var brokenInvariants: [String] {
        let kept = policies.values.flatMap { $0 }
        return kept.count == plans.count && Set(kept) == Set(plans.keys)
            ? [] : ["\(plans.count) plans are prepared, \(kept.count) by policy"]
    }
}
