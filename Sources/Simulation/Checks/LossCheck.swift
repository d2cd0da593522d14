import Cluster
import Wire

/// An observer of one life of the coordinator: an assignment that was lost on its way must be lent again soon, not only when
/// its lease ends.
///
/// After a heartbeat of a rollout worker the coordinator may count as lent to it what the heartbeat names, and what was lent
/// less than the liveness time ago. What an earlier generation lent counts as lent when a heartbeat names it first. What the
/// coordinator counts, an operator can read.
struct LossCheck {
    private static let livenessTime = Duration.seconds(5)

    /// Rollout workers that the coordinator has, by incarnation: their names.
    private var names: [UInt64: String] = [:]
    /// When assignments were lent to them.
    private var lentAt: [UInt64: [Instant]] = [:]
    /// Assignments that were lent, or named, in this life.
    private var seen: Set<Seen> = []
    /// Tenants' assignments may have the same names.
    private struct Seen: Hashable {
        let tenant: String?
        let name: AssignmentName
    }

    private var incarnations: [Peer: UInt64] = [:]
    private(set) var broken: [String] = []

    /// Sees a message that arrived, what followed from it, and the coordinator after it.
    mutating func follow(
        _ message: Message, from peer: Peer, _ actions: [CoordinatorMachines.Action],
        _ state: inout CoordinatorMachines, at now: Instant
    ) {
        follow(actions, at: now)
        if case .heartbeat(let heartbeat) = message, incarnations[peer] == heartbeat.incarnation {
            check(heartbeat, of: peer.tenant, &state, at: now)
        }
    }

    /// Sees what followed from another event.
    mutating func follow(_ actions: [CoordinatorMachines.Action], at now: Instant) {
        for action in actions {
            switch action {
            case .logPlan(.rolloutJoined(let name, let incarnation), _): names[incarnation] = name
            case .logPlan(.rolloutLost(_, let incarnation, _, _), _), .logPlan(.rolloutLeft(_, let incarnation), _):
                names[incarnation] = nil
                lentAt[incarnation] = nil
            case .send(let envelope, let peer): follow(envelope.message, to: peer, at: now)
            default: break
            }
        }
    }

    private mutating func follow(_ message: Message, to peer: Peer, at now: Instant) {
        switch message {
        case .welcome(let welcome): incarnations[peer] = welcome.incarnation
        case .assignment(let assignment):
            guard let incarnation = incarnations[peer] else { return }
            seen.insert(Seen(tenant: peer.tenant, name: assignment.name))
            lend(to: incarnation, at: now)
        default: break
        }
    }

    private mutating func lend(to incarnation: UInt64, at now: Instant) {
        lentAt[incarnation, default: []].removeAll { now - $0 >= Self.livenessTime }
        lentAt[incarnation]?.append(now)
    }

    private mutating func check(
        _ heartbeat: Heartbeat, of tenant: String?, _ state: inout CoordinatorMachines, at now: Instant
    ) {
        guard let name = names[heartbeat.incarnation],
            case .details(let details) = state.handle(.details, at: now).answer
        else { return }
        let found = details.workers.filter { $0.role == "rollout" && $0.name == name }
        // A former life of the process may not be known as dead yet: then it is not clear whose number it is.
        guard found.count == 1, let leases = found.first?.leases else { return }
        for name in heartbeat.assignments where seen.insert(Seen(tenant: tenant, name: name)).inserted {
            lend(to: heartbeat.incarnation, at: now)
        }
        let young = (lentAt[heartbeat.incarnation] ?? []).count { now - $0 < Self.livenessTime }
        if leases > heartbeat.assignments.count + young {
            broken.append(
                "\(name) names \(heartbeat.assignments.count) assignments, \(young) more were lent to it lately, "
                    + "but the coordinator counts \(leases)")
        }
    }
}
