import DequeModule
import OrderedCollections
public import Scoring
public import Wire

/// The coordinator's decisions: which peers are alive, which worker has which piece, what is answered.
///
/// A value without clock, socket, file or randomness: `handle(event, at: now)` returns what the driver must do, in
/// order. A `journal` action must be durable before the actions after it are carried out.
///
/// The rules, with the reasons in proto/PROTOCOL.md: work is lent against credit; a lease is renewed by progress; a
/// silent or stuck incarnation is dead for ever; a result counts if its piece is still wanted; a death counts only
/// against the piece that the worker was running.
///
/// Each subject has a file: `+Members` who joins and dies, `+Workers` results and returned pieces, `+Clients` jobs and
/// shards, `+Lending` who gets which piece.
public struct CoordinatorState: Sendable {
    // MARK: State

    let configuration: Configuration
    /// Numbers this run of the coordinator.
    public private(set) var generation: UInt64
    /// The model all work is done by, once known.
    public internal(set) var fingerprint: ModelFingerprint?
    var jobs: OrderedDictionary<JobID, Job> = [:]
    var workers = Membership<WorkerSession>()
    var clients: OrderedDictionary<Peer, ClientSession> = [:]
    /// Identities of workers that others contradict, the latest last: they get no work.
    var quarantined: OrderedSet<String> = []
    /// Those of them that work for one tenant alone.
    var quarantineTenants: [String: String] = [:]
    /// Tenants that share the bounds, the cluster itself among them.
    var shares = 1
    /// By tenant; under `nil` the cluster's own.
    var tenantRows: [String?: TenantRows] = [:]
    var verification = VerificationCounts()
    /// Which tenant is served next.
    var turns: TenantTurns
    /// Pieces lent so far; numbers them.
    var lends = 0
    /// To whom something can be lent after this event that could not be lent before it.
    var lending = LendingScope.everyone
    /// The last message of no client is older: a lower bound.
    var clientsHeardFrom: Instant?

    /// A client that has sent Hello.
    struct ClientSession {
        let incarnation: UInt64
        var lastReceived: Instant
        var jobs: [JobID] = []
    }

    /// Starts from the state that the journal's entries give; there are none in the first generation.
    public init(_ configuration: Configuration = Configuration(), replaying entries: [JournalEntry] = []) {
        self.configuration = configuration
        self.fingerprint = configuration.fingerprint
        turns = TenantTurns(lagMax: configuration.lagTokensMax)
        generation = 0
        for entry in entries { replay(entry) }
    }

    private mutating func replay(_ entry: JournalEntry) {
        switch entry {
        case .generationStarted(let started): generation = started
        case .fingerprintAdopted(let adopted): fingerprint = configuration.fingerprint ?? adopted
        case .jobOpened(let id, let tenant):
            guard jobs[id] == nil else { return }
            jobs[id] = Job()
            jobs[id]?.tenant = tenant
        case .jobOwned(let id, let owner): jobs[id]?.owner = owner
        case .shardAnswered(let answer): jobs[answer.job]?.keep(answer)
        case .confirmed(let id, let below): _ = jobs[id]?.confirm(below: below)
        case .answersWithdrawn(let id, let shards): jobs[id]?.forgetAnswers(shards)
        case .jobClosed(let id): jobs[id] = nil
        case .workerQuarantined(let identity, let tenant):
            quarantined.append(identity)
            quarantineTenants[identity] = tenant
            if quarantined.count > Limits.quarantinedMax { quarantineTenants[quarantined.removeFirst()] = nil }
        case .quarantineLifted:
            quarantined = []
            quarantineTenants = [:]
        }
    }

    // MARK: Events

    /// Decides. Cost: constant for a heartbeat; for a result, a few pieces are examined.
    public mutating func handle(_ event: Event, at now: Instant) -> [Action] {
        var actions: [Action] = []
        lending = .everyone
        switch event {
        case .started:
            generation += 1
            actions.append(.journal(.generationStarted(generation)))
            liftQuarantine(&actions)
        case .received(let envelope, let peer):
            receive(envelope, from: peer, at: now, &actions)
        case .unroutable(let peer):
            disconnect(peer, &actions)
        case .cancelled(let id):
            cancel(id, &actions)
        case .tick:
            expire(at: now, readUntil: now, &actions)
        case .tickBehind(let readUntil):
            expire(at: now, readUntil: readUntil, &actions)
        }
        dispatch(at: now, &actions)
        return actions
    }

    /// When `tick` is due next, or earlier: nothing expires before. `nil` when nothing can expire. Cost: a look at each
    /// job, at no worker or client; it is called at every turn of the driver.
    public var nextDeadline: Instant? {
        let livenessTime = configuration.timing.livenessTime
        var next = workers.nextExpiry(livenessTime: livenessTime)
        if let heard = clientsHeardFrom { next = min(next ?? heard + livenessTime * 3, heard + livenessTime * 3) }
        if let settled = nextVerification { next = min(next ?? settled, settled) }
        return next
    }

    /// Counts for a progress line. Cost: a look at each job.
    public var status: ClusterStatus {
        ClusterStatus(
            workers: workers.count, shardsPending: jobs.values.indices.reduce(0) { $0 + jobs.values[$1].pendingCount },
            shardsLeased: workers.levels.leases, rangeWorkers: workers.levels.rangeReaders)
    }

    private mutating func receive(_ envelope: Envelope, from peer: Peer, at now: Instant, _ actions: inout [Action]) {
        if case .hello(let hello) = envelope.message {
            return welcome(hello, from: peer, at: now, &actions)
        }
        if let incarnation = workers.incarnation(at: peer) {
            workers.heard(incarnation, at: now)
            return receive(envelope.message, fromWorker: incarnation, at: now, &actions)
        }
        if clients[peer] != nil {
            clients[peer]?.lastReceived = now
            return receive(envelope.message, fromClient: peer, at: now, &actions)
        }
        lending = .nobody
        send(workers.answer(toStranger: envelope.message), to: peer, &actions)
    }

    // MARK: Time

    private mutating func expire(at now: Instant, readUntil: Instant, _ actions: inout [Action]) {
        guard let next = nextDeadline, next <= now else {
            lending = .nobody
            return
        }
        let timing = configuration.timing
        for (incarnation, worker) in workers.sessions {
            if readUntil - worker.lastReceived >= timing.livenessTime {
                markDead(incarnation, reason: "silent for \(readUntil - worker.lastReceived)", &actions)
                continue
            }
            guard let expired = worker.leases.leases.values.first(where: { $0.expires <= now }) else { continue }
            if expired.isNamed {
                send(.dismissed(incarnation: incarnation), to: worker.peer, &actions)
                markDead(incarnation, reason: "no progress for \(timing.leaseTime)", &actions)
            } else {
                for (piece, lease) in worker.leases.leases where lease.expires <= now {
                    workers.change(incarnation) { _ = $0.leases.release(piece) }
                    actions.append(.log(.leaseExpired(piece, worker: worker.name)))
                    takeBack(piece, event: "the lease of \(worker.name) ran out", &actions)
                }
            }
        }
        for (peer, client) in clients where readUntil - client.lastReceived >= timing.livenessTime * 3 {
            detach(peer, &actions)
        }
        settleOverdue(at: now, &actions)
        workers.correctBounds()
        clientsHeardFrom = clients.values.lazy.map(\.lastReceived).min()
    }

    func send(_ message: Message, to peer: Peer, _ actions: inout [Action]) {
        actions.append(.send(Envelope(generation: generation, message), to: peer))
    }
}
