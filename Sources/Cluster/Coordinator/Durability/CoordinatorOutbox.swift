import DequeModule
import OrderedCollections

/// What is decided and not carried out yet: by tenant, in order, each part until its entries are durable.
///
/// Nothing is sent before what it rests on is durable: the entries of its own tenant that were decided before it, and those
/// that concern all. Of other tenants' entries nothing that is sent rests, so no tenant waits for another's: what a worker
/// of all is lent counts as its own work, because another start of the coordinator refuses its answer, and lends it again.
/// Nor does anything rest on a client's confirmation (`JournalEntry.delaysNothing`).
package struct CoordinatorOutbox<Reply> {
    package typealias Action = CoordinatorMachines.Action

    private struct Batch {
        var actions: [Action] = []
        let needs: Needs
    }

    /// Requests that must be durable.
    private struct Needs {
        /// Of one tenant, those up to this number; or of several.
        var requests: [String?: Int]
        var concerningAll: Int

        func isMet(by progress: JournalProgress) -> Bool {
            concerningAll <= progress.concerningAll
                && requests.allSatisfy { $0.value <= progress.requests[$0.key] ?? 0 }
        }
    }

    private var batches: OrderedDictionary<String?, Deque<Batch>> = [:]
    private var replies: Deque<(needs: Needs, reply: Reply)> = []
    /// Requests to the journal since the start.
    private var requests: [String?: Int] = [:]
    /// The number of the last one that later decisions of its tenant wait for.
    private var required: [String?: Int] = [:]
    private var concerningAll = 0

    package init() {}

    /// Adds what was decided; returns the requests to the journal, in order.
    ///
    /// - Parameter tenant: Whose work a log event is about, where that is known.
    package mutating func append(
        _ actions: [Action], tenant: (CoordinatorState.LogEvent) -> String?
    ) -> [JournalRequest] {
        let parts = Self.divide(actions, tenant: tenant)
        let concernsAll = actions.contains { if case .journal(let entry, _) = $0 { entry.concernsAll } else { false } }
        var made: [JournalRequest] = []
        if concernsAll {
            // One request for all: what is decided together with it is durable together with it.
            var request = JournalRequest(tenant: nil, concernsAll: true)
            for part in parts { request.append(part.actions) }
            made = [request]
            concerningAll += 1
        } else {
            for part in parts {
                var request = JournalRequest(tenant: part.tenant)
                request.append(part.actions)
                guard !request.isEmpty else { continue }
                requests[part.tenant, default: 0] += 1
                if !request.delaysNothing { required[part.tenant] = requests[part.tenant] }
                made.append(request)
            }
        }
        for part in parts {
            batches[part.tenant, default: []].append(Batch(actions: part.actions, needs: needs(of: part.tenant)))
        }
        return made
    }

    /// Adds a reply, which is sent after everything that was decided in a scope before it.
    package mutating func append(_ reply: Reply, in scope: Scope) {
        // An operator who is answered may read the file.
        let own = scope == .all ? requests : requests.filter { $0.key == scope.tenant }
        let needs = Needs(requests: own, concerningAll: concerningAll)
        replies.append((needs, reply))
    }

    private func needs(of tenant: String?) -> Needs {
        Needs(requests: required[tenant].map { [tenant: $0] } ?? [:], concerningAll: concerningAll)
    }

    /// Removes and returns actions that may be carried out, in order for each tenant; `nil` where none may.
    package mutating func popFirst(_ progress: JournalProgress) -> [Action]? {
        let ready = batches.keys.first { batches[$0]?.first?.needs.isMet(by: progress) == true }
        guard let ready, let first = batches[ready]?.popFirst() else { return nil }
        if batches[ready]?.isEmpty == true { batches[ready] = nil }
        return first.actions
    }

    /// Removes and returns the replies that may be sent, when `popFirst` has returned `nil`.
    package mutating func popReplies(_ progress: JournalProgress) -> [Reply] {
        guard replies.contains(where: { $0.needs.isMet(by: progress) }) else { return [] }
        let met = replies.filter { $0.needs.isMet(by: progress) }
        replies.removeAll { $0.needs.isMet(by: progress) }
        return met.map(\.reply)
    }

    /// Removes and returns all replies.
    package mutating func removeReplies() -> [Reply] {
        defer { replies = [] }
        return replies.map(\.reply)
    }

    /// How many decisions of a tenant wait.
    package func count(of tenant: String?) -> Int { batches[tenant]?.count ?? 0 }

    // MARK: Dividing

    /// Actions by tenant, in order; the tenants in the order of their first action.
    private static func divide(
        _ actions: [Action], tenant: (CoordinatorState.LogEvent) -> String?
    ) -> [(tenant: String?, actions: [Action])] {
        var owners: [String?] = []
        owners.reserveCapacity(actions.count)
        for action in actions {
            // What is logged without a tenant is about what was decided just before it.
            switch action {
            case .send(_, let peer): owners.append(peer.tenant)
            case .journal(_, let tenant), .journalPlan(_, let tenant), .logPlan(_, let tenant): owners.append(tenant)
            case .work(let work): owners.append(work.tenant)
            case .log(let event): owners.append(tenant(event) ?? owners.last ?? nil)
            }
        }
        guard let first = owners.first else { return [] }
        // Mostly all are of one tenant, and nothing is copied.
        guard owners.contains(where: { $0 != first }) else { return [(first, actions)] }
        var parts: [(tenant: String?, actions: [Action])] = []
        var places: [String?: Int] = [:]
        for (action, owner) in zip(actions, owners) {
            if let place = places[owner] {
                parts[place].actions.append(action)
            } else {
                places[owner] = parts.count
                parts.append((owner, [action]))
            }
        }
        return parts
    }
}
