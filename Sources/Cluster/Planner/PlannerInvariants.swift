import DequeModule
import OrderedCollections
import Planning
import Scoring
import Wire

// Invariants of the planner's machine, checked by tests and simulation after every event.

extension PlannerState {
    /// Invariants of a planner (Sources/README.md, "Invariants") that do not hold, a sentence each; empty when
    /// all do. Cost: linear in plans, groups and leases; for tests and simulation.
    public var brokenInvariants: [String] {
        var broken: [String] = []
        let queued = Set(queue)
        let plans = sessions.all
        for session in plans {
            let (name, opening) = (session.name, sessions.openings[session.name])
            let queued = Set(queued.filter { $0.plan == name && $0.opening == opening }.map(\.index))
            broken += Self.broken(in: session, name, queued: queued, rollouts.sessions)
        }
        broken += histories.brokenInvariants
        broken +=
            sessions.brokenInvariants + preparing.brokenInvariants + predictions.brokenInvariants
            + brokenRanks(plans)
        for (plan, opening) in settling where sessions.openings[plan] != opening || sessions[plan]?.end != nil {
            broken.append("\(plan) is settled, and it has ended or is another one")
        }
        if staleKeys > queue.count { broken.append("\(staleKeys) keys are stale, the queue has \(queue.count)") }
        broken += rollouts.brokenInvariants + brokenBounds
        for name in preparing.names where sessions[name] != nil { broken.append("\(name) is prepared and open") }
        for (incarnation, rollout) in rollouts.sessions {
            let sum = rollout.leases.leases.values.reduce(0) { $0 + $1.tokens }
            if sum != rollout.leases.tokens {
                broken.append(
                    "rollout worker \(incarnation): \(rollout.leases.tokens) rollouts counted, it holds \(sum)")
            }
            if rollouts.isDead(incarnation) { broken.append("rollout worker \(incarnation) is alive and dead") }
            for name in rollout.leases.leases.keys {
                let lease = sessions[name.plan].flatMap { session in
                    session.groups.indices.contains(name.index) ? session.groups[name.index].lease : nil
                }
                if lease != PlanGroup.Lease(incarnation: incarnation, attempt: name.attempt) {
                    broken.append(
                        "\(name) is leased to \(incarnation), its group has \(String(describing: lease))")
                }
            }
        }
        return broken
    }

    /// What is kept of trainers and deadlines, against what is there.
    private var brokenBounds: [String] {
        var broken: [String] = []
        let heard = trainers.values.filter { !$0.isLocal }.map(\.lastReceived).min()
        if let heard, trainersHeardFrom.map({ $0 > heard }) ?? true {
            broken.append("a trainer was heard at \(heard), the bound is later")
        }
        broken += deadlines.brokenInvariants
        let due = (deadlines.all.map(\.rank) + requests.values.map(\.deadline)).min()
        if let due, dueFrom.map({ $0 > due }) ?? true { broken.append("a plan is due at \(due), the bound is later") }
        for (peer, trainer) in trainers {
            let follows = listeners.filter { $0.value.contains(peer) }.keys
            if trainer.follows != Set(follows) {
                broken.append("\(trainer.name) follows \(trainer.follows), it gets messages of \(Array(follows))")
            }
        }
        for (peer, trainer) in trainers {
            let awaits = preparing.names.filter { preparing[$0]?.listeners.contains(peer) == true }
            if trainer.awaits != Set(awaits) {
                broken.append("\(trainer.name) waits for \(trainer.awaits), it is a listener of \(Array(awaits))")
            }
        }
        for (incarnation, session) in rollouts.sessions where !rollouts.grown.contains(incarnation) {
            guard let unfit, session.canAccept(rollouts: max(1, unfit)) else { continue }
            broken.append("rollout worker \(incarnation) accepts \(unfit) rollouts, which none should")
        }
        return broken
    }

    private static func broken(
        in session: PlanSession, _ name: PlanName, queued: Set<Int>,
        _ rollouts: OrderedDictionary<UInt64, RolloutSession>
    ) -> [String] {
        var broken: [String] = []
        let request = session.request
        let sum = session.budgets.reduce(0) { $0 + ($1 ?? 0) }
        if sum != session.spent { broken.append("\(name): budgets sum to \(sum), \(session.spent) are counted") }
        if sum > request.total { broken.append("\(name): \(sum) rollouts of \(request.total) are in budgets") }
        if let end = session.end {
            if sum + end.surplus != request.total || end.total != sum || end.surplus < 0 {
                broken.append("\(name): \(sum) rollouts and a surplus of \(end.surplus) are not \(request.total)")
            }
            if session.budgets.contains(nil) { broken.append("\(name) ended with a prompt that has no budget") }
            if PlanEnd.digest(of: session.budgets.map { $0 ?? 0 }).bytes != end.digest {
                broken.append("\(name): the digest is of other budgets")
            }
        }
        let drawn = session.groups.reduce(0) { $0 + $1.drawn }
        if drawn + session.reserve.left != max(0, request.reserve) {
            broken.append("\(name): \(drawn) drawn and \(session.reserve.left) left of a reserve of \(request.reserve)")
        }
        for (index, group) in session.groups.enumerated() {
            let place = "\(name)#\(index)"
            if group.planned != session.budgets[index] ?? 0 {
                broken.append("\(place): another budget than the plan's")
            }
            if let lease = group.lease {
                let holders = rollouts[lease.incarnation]?.leases.leases.keys.count {
                    $0.plan == name && $0.index == index && $0.attempt == lease.attempt
                }
                if holders != 1 { broken.append("\(place): leased to \(lease.incarnation), which does not have it") }
                if group.isQueued { broken.append("\(place) is both leased and queued") }
            } else if request.delivery == .workers, group.outstanding > 0 {
                if !group.isQueued || !queued.contains(index) {
                    broken.append("\(place) wants \(group.outstanding) rollouts and is not queued")
                }
            }
            if group.isDone, request.delivery == .workers, group.rewards.count + group.failed != group.wanted {
                broken.append("\(place) is done with \(group.rewards.count) + \(group.failed) of \(group.wanted)")
            }
        }
        if session.predicted != session.beliefs.count(where: { $0 != nil }) {
            broken.append("\(name): \(session.predicted) beliefs are counted")
        }
        let missing = session.groups.count { $0.outstanding > 0 }
        let unfinished = session.groups.count { !$0.isDone && $0.wanted > 0 }
        if (missing, unfinished) != (session.groupsOutstanding, session.groupsUnfinished) {
            broken.append(
                "\(name): \(session.groupsOutstanding) groups want rollouts and \(session.groupsUnfinished) are not done, "
                    + "by count \(missing) and \(unfinished)")
        }
        for (index, group) in session.groups.enumerated()
        where group.isDone != (session.done(of: index)?.index == index) {
            broken.append("\(name)#\(index) is done, or not, and not found among the groups done")
        }
        let numbers = session.done.map(\.number)
        if numbers != Array(numbers.indices) || Set(session.done.map(\.index)).count != numbers.count {
            broken.append("\(name): groups done are numbered \(numbers)")
        }
        return broken
    }
}
