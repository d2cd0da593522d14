import Cluster
import Wire

/// An observer of one life of the coordinator: it sees the messages that arrive and the actions that follow, keeps its own
/// account of who holds what, and names every rule of lending that is broken. It shares no code with the machines.
///
/// Its account has never more than the coordinator's: where a lease ends silently it forgets early. So what it names is broken;
/// but it does not see whether one group is lent to two rollout workers.
struct LendingCheck {
    /// A worker or rollout worker.
    private struct Holder {
        let name: String
        var credit: Credit
        var isDraining = false
        var isFull = false
        var isWelcome = false
        /// Rows of pieces.
        var pieces: [PieceName: Int] = [:]
        /// Rollouts of assignments.
        var assignments: [AssignmentName: Int] = [:]
    }

    private var incarnations: [Peer: UInt64] = [:]
    private var holders: [UInt64: Holder] = [:]
    private var gone: Set<UInt64> = []
    /// Workers that others contradict, by name.
    private var quarantined: Set<String>
    private(set) var broken: [String] = []

    /// Begins a life of the coordinator, which knows from its disk who is in quarantine.
    init(quarantined: Set<String> = []) {
        self.quarantined = quarantined
    }

    // MARK: What arrives

    mutating func receive(_ message: Message, from peer: Peer) {
        // A dead incarnation's Hello may arrive after that of the next one: nothing may be lent to it any more.
        if case .hello(let hello) = message, !gone.contains(hello.incarnation) {
            switch hello.role {
            case .worker(_, let credit), .rollout(let credit):
                incarnations[peer] = hello.incarnation
                holders[hello.incarnation, default: Holder(name: hello.name, credit: credit)].credit = credit
            case .client, .trainer: break
            }
        }
        guard let incarnation = incarnations[peer] else { return }
        receive(message, of: incarnation)
    }

    private mutating func receive(_ message: Message, of incarnation: UInt64) {
        switch message {
        case .heartbeat(let heartbeat) where heartbeat.incarnation == incarnation:
            grant(heartbeat.credit, to: incarnation)
            let named = Set(heartbeat.assignments)
            let kept = holders[incarnation]?.assignments.filter { named.contains($0.key) }
            holders[incarnation]?.assignments = kept ?? [:]
        case .shardResult(let result):
            grant(result.credit, to: incarnation)
            end { $0.job == result.piece.job && $0.shard == result.piece.shard && $0.rows.overlaps(result.piece.rows) }
        case .shardReturned(let piece, let reason):
            if reason == .overCredit, holders[incarnation]?.pieces[piece] != nil { holders[incarnation]?.isFull = true }
            holders[incarnation]?.pieces[piece] = nil
        case .rewards(let rewards):
            endAssignments { $0.plan == rewards.name.plan && $0.index == rewards.name.index }
        case .assignmentReturned(let name, _): holders[incarnation]?.assignments[name] = nil
        case .drain: holders[incarnation]?.isDraining = true
        case .bye: forget(incarnation)
        default: break
        }
    }

    private mutating func grant(_ credit: Credit, to incarnation: UInt64) {
        holders[incarnation]?.credit = credit
        holders[incarnation]?.isFull = false
    }

    private mutating func end(_ isEnded: (PieceName) -> Bool) {
        for (incarnation, holder) in holders {
            holders[incarnation]?.pieces = holder.pieces.filter { !isEnded($0.key) }
        }
    }

    private mutating func endAssignments(_ isEnded: (AssignmentName) -> Bool) {
        for (incarnation, holder) in holders {
            holders[incarnation]?.assignments = holder.assignments.filter { !isEnded($0.key) }
        }
    }

    private mutating func forget(_ incarnation: UInt64) {
        holders[incarnation] = nil
        gone.insert(incarnation)
    }

    // MARK: What follows

    mutating func follow(_ actions: [CoordinatorMachines.Action]) {
        for action in actions {
            switch action {
            case .log(.workerLost(_, let incarnation, _, _)), .log(.workerLeft(_, let incarnation)),
                .logPlan(.rolloutLost(_, let incarnation, _, _), _), .logPlan(.rolloutLeft(_, let incarnation), _):
                forget(incarnation)
            case .log(.leaseExpired(let piece, _)): end { $0 == piece }
            case .log(.jobClosed(let job)): end { $0.job == job }
            case .log(.quarantineLifted): quarantined = []
            case .log(.workerQuarantined(let name, _, _, _)):
                quarantined.insert(name)
                for (incarnation, holder) in holders where holder.name == name { holders[incarnation]?.pieces = [:] }
            case .logPlan(.planForgotten(let plan), _): endAssignments { $0.plan == plan }
            case .send(let envelope, let peer): send(envelope.message, to: peer)
            default: break
            }
        }
    }

    private mutating func send(_ message: Message, to peer: Peer) {
        if case .welcome(let welcome) = message {
            holders[welcome.incarnation]?.isWelcome = true
            if gone.contains(welcome.incarnation) {
                broken.append("incarnation \(welcome.incarnation) is dead and is welcomed again")
            }
        }
        guard let incarnation = incarnations[peer] else { return }
        // A worker that hears of a new generation drops what it holds.
        if message.isLent, holders[incarnation]?.isWelcome == false {
            broken.append("incarnation \(incarnation) is lent something before it is welcome")
        }
        switch message {
        case .shard(let piece, _, _): lend(piece, to: incarnation)
        case .assignment(let assignment): lend(assignment, to: incarnation)
        default: break
        }
    }

    private mutating func lend(_ piece: PieceName, to incarnation: UInt64) {
        guard let holder = holders[incarnation] else { return }
        check(holder, "piece \(piece)", incarnation)
        if quarantined.contains(holder.name) { broken.append("\(piece) is lent to \(holder.name), in quarantine") }
        let rows = holder.pieces.values.reduce(0, +) + piece.rows.count
        if !holder.pieces.isEmpty, rows > holder.credit.rows || holder.pieces.count >= holder.credit.pieces {
            broken.append(
                "worker \(incarnation) gets \(rows) rows in \(holder.pieces.count + 1) pieces, "
                    + "its credit is \(holder.credit.rows) rows in \(holder.credit.pieces) pieces")
        }
        for (other, holder) in holders {
            for held in holder.pieces.keys
            where held.job == piece.job && held.shard == piece.shard && held.rows.overlaps(piece.rows) {
                broken.append("\(piece) is lent to \(incarnation) while \(other) has \(held)")
            }
        }
        holders[incarnation]?.pieces[piece] = piece.rows.count
    }

    private mutating func lend(_ assignment: Assignment, to incarnation: UInt64) {
        // An earlier lease of the group is taken as ended: no message says when it ends.
        endAssignments { $0.plan == assignment.name.plan && $0.index == assignment.name.index }
        guard let holder = holders[incarnation] else { return }
        check(holder, "assignment \(assignment.name)", incarnation)
        let rollouts = holder.assignments.values.reduce(0, +) + assignment.n
        if !holder.assignments.isEmpty,
            rollouts > holder.credit.tokens || holder.assignments.count >= holder.credit.rows
        {
            broken.append(
                "rollout worker \(incarnation) gets \(rollouts) rollouts in \(holder.assignments.count + 1) assignments, "
                    + "its credit is \(holder.credit.tokens) in \(holder.credit.rows)")
        }
        holders[incarnation]?.assignments[assignment.name] = assignment.n
    }

    private mutating func check(_ holder: Holder, _ work: String, _ incarnation: UInt64) {
        if holder.isDraining { broken.append("\(work) is lent to \(incarnation), which drains") }
        if holder.isFull { broken.append("\(work) is lent to \(incarnation), which is full") }
    }
}

extension Message {
    fileprivate var isLent: Bool {
        switch self {
        case .shard, .assignment: true
        default: false
        }
    }
}
