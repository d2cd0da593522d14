import Wire

/// The plans that a planner keeps, with what they have together and what each policy has of them: a message looks at no plan but
/// those of its policy, of which few are kept. Cost of a look-up: constant.
struct PlanTable: Sendable {
    /// What plans have together.
    struct Sums: Hashable, Sendable {
        /// Bytes of the requests, about.
        var bytes = 0
        var candidates = 0
        /// Plans that have not ended.
        var underWay = 0
        /// Plans that have ended, and no rollout worker has work of them left.
        var over = 0

        init() {}

        init(_ session: PlanSession?) {
            guard let session else { return }
            (bytes, candidates) = (session.bytes, session.groups.count)
            (underWay, over) = (session.end == nil ? 1 : 0, session.isOver ? 1 : 0)
        }

        mutating func replace(_ before: Sums, by after: Sums) {
            bytes += after.bytes - before.bytes
            candidates += after.candidates - before.candidates
            underWay += after.underWay - before.underWay
            over += after.over - before.over
        }
    }

    /// The plans of one policy.
    struct OfPolicy: Sendable {
        /// In the order in which they were made.
        var names: [PlanName] = []
        var sums = Sums()
    }

    private var sessions: [PlanName: PlanSession] = [:]
    private var policies: [String: OfPolicy] = [:]
    /// Which opening of its step a plan is. Groups of an earlier one may still be in the queue.
    private(set) var openings: [PlanName: UInt64] = [:]
    private var openingNumber: UInt64 = 0
    private(set) var sums = Sums()
    /// Policies whose sums may be others than when `takeChanged` was called last.
    private var changed: Set<String> = []

    var count: Int { sessions.count }
    var isEmpty: Bool { sessions.isEmpty }

    /// A plan; it is changed in place. `keep` and `remove` are the only ways in and out.
    subscript(name: PlanName) -> PlanSession? {
        get { sessions[name] }
        _modify {
            let before = Sums(sessions[name])
            defer { note(before, Sums(sessions[name]), of: name.policyID) }
            yield &sessions[name]
        }
    }

    /// Adds a plan, or replaces the one of its step: it is the latest one then.
    mutating func keep(_ session: PlanSession) {
        remove(session.name)
        openingNumber += 1
        openings[session.name] = openingNumber
        sessions[session.name] = session
        policies[session.name.policyID, default: OfPolicy()].names.append(session.name)
        note(Sums(), Sums(session), of: session.name.policyID)
    }

    /// Removes a plan. Cost: a look at the names of its policy's plans.
    @discardableResult
    mutating func remove(_ name: PlanName) -> PlanSession? {
        guard let session = sessions.removeValue(forKey: name) else { return nil }
        openings[name] = nil
        note(Sums(session), Sums(), of: name.policyID)
        if let place = policies[name.policyID]?.names.firstIndex(of: name) {
            policies[name.policyID]?.names.remove(at: place)
        }
        if policies[name.policyID]?.names.isEmpty == true { policies[name.policyID] = nil }
        return session
    }

    /// The plans of a policy, with what they have together.
    func plans(of policyID: String) -> OfPolicy { policies[policyID] ?? OfPolicy() }

    /// Removes and returns the policies whose sums may have changed.
    mutating func takeChanged() -> Set<String> {
        guard !changed.isEmpty else { return [] }
        defer { changed = [] }
        return changed
    }

    /// All plans, in the order in which they were made. Cost: a sort; not for messages of peers.
    var all: [PlanSession] { names.compactMap { sessions[$0] } }

    /// Their names, in the same order, at the same cost.
    var names: [PlanName] { openings.sorted { $0.value < $1.value }.map(\.key) }

    private mutating func note(_ before: Sums, _ after: Sums, of policyID: String) {
        guard before != after else { return }
        sums.replace(before, by: after)
        policies[policyID]?.sums.replace(before, by: after)
        changed.insert(policyID)
    }

    /// What is wrong with the sums and the names by policy; for tests and simulation.
    var brokenInvariants: [String] {
        var (counted, own) = (Sums(), [String: Sums]())
        for (name, session) in sessions {
            counted.replace(Sums(), by: Sums(session))
            own[name.policyID, default: Sums()].replace(Sums(), by: Sums(session))
        }
        var broken = counted == sums ? [] : ["\(sums) of plans are kept, there are \(counted)"]
        if Set(openings.keys) != Set(sessions.keys) { broken.append("openings of other plans than those kept") }
        if own != policies.mapValues(\.sums) {
            broken.append("plans of policies: \(policies.mapValues(\.sums)), not \(own)")
        }
        let byPolicy = Dictionary(grouping: names, by: \.policyID)
        if byPolicy != policies.mapValues(\.names) {
            broken.append("names of plans by policy are not those of the plans kept")
        }
        return broken
    }
}
