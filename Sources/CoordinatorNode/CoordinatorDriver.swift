import Cluster
import Foundation
import Keys
import Logging
import Threads
import Traces
import Transport
import Wire
import ZeroMQ

/// Runs the coordinator's state machines on the channel's thread. One turn: wait, receive, decide, journal, send.
///
/// No turn is long: the journal commits on a thread of its own, and so does the work that reads many texts. A turn that
/// has lasted `turnMax` leaves the rest to the next one. Silence is judged by what had arrived, so a long turn makes
/// nobody silent. Nothing of a tenant waits for the disk, or for that work, because of another tenant.
struct CoordinatorDriver: ~Copyable {
    let channel: MessageChannel
    let gate: PeerGate
    let journal: JournalThread
    let worker: WorkThread
    let local: LocalPeers
    let audit: AuditLog
    let logger: Logger
    let clock = ContinuousClock()
    let start: ContinuousClock.Instant
    private let reportInterval: Duration
    var machines: CoordinatorMachines
    var counts = CoordinatorTally()
    /// Which reading of the keys the machines know the tenants of.
    private var tenantsReading = 0
    private var turns = DurationHistogram()
    private var nextReport: Instant
    /// The machines' deadline before this turn.
    private var deadline: Instant?
    /// When the journal must commit requests that delay nothing, if nothing else makes it commit before; `nil` without one.
    private var journalWake: Instant?
    /// All messages that had arrived by then are handled.
    private var readUntil: Instant = .zero
    /// What the work thread has done, in order for each tenant.
    private var inbox = TurnQueue<String?, (done: WorkThread.Done, tenant: String?)>()
    /// What is decided and not carried out yet.
    var outbox = CoordinatorOutbox<LocalPeers.Reply>()
    /// What the work thread decodes.
    var decoding = DecodingMessages()
    /// What waits until its tenant is not behind any more.
    var held = HeldMessages()
    let bytesWaitingMax: Int
    /// `nil` where nothing is traced.
    var traces: CoordinatorTraces?

    /// Most messages received in one turn, so that receiving never starves sending.
    private static let turnMessagesMax = 512
    /// After that the turn ends, and what is left is handled in the next one. A plan needs some ten turns, so while a peer
    /// floods the coordinator every other waits for so many.
    private static let turnMax: Duration = .microseconds(500)
    /// Decisions of a tenant that wait for the journal; beyond it what the tenant sends waits.
    private static let outboxMax = 1024
    /// How long the thread waits at least while nothing is received, unless another thread ends the wait.
    private static let behindRest: Duration = .milliseconds(10)
    /// Requests that delay nothing wait so long for the journal's next commit.
    private static let journalRest: Duration = .milliseconds(20)
    /// Bytes that the work thread decodes; beyond its share, what a tenant sends waits.
    private static let undecodedBytesMax = 8 << 20
    /// Bytes that wait. Without tenants nothing is received beyond it, and the bounds of connections apply. A tenant's are
    /// dropped beyond its share as if they were lost, because nobody else may wait with it.
    static let heldBytesMax = 8 << 20

    /// Listens, opens the journal and replays it.
    init(
        _ configuration: CoordinatorNode.Configuration, local: LocalPeers, wakeup: Wakeup, audit: AuditLog,
        logger: Logger
    ) throws(CoordinatorError) {
        let gate = try PeerGate(configuration.keys)
        // First, so that an endpoint in use ends this before the other threads are started.
        let channel = try Self.listen(at: configuration.endpoints, gate, wakeup: wakeup)
        let (journal, worker) = try Self.startThreads(configuration, wakeup)
        let replay = journal.takeReplay()
        for damage in replay.damage { logger.error("journal damaged", metadata: ["what": "\(damage)"]) }
        var state = configuration.state
        var random = SystemRandomNumberGenerator()
        state.sampleKey = SampleKey(using: &random)
        var planner = configuration.planner
        planner.secret = (0..<32).map { _ in UInt8.random(in: .min ... .max, using: &random) }
        machines = CoordinatorMachines(
            state, planner: planner, replaying: replay.entries, replay.plannerEntries, tenants: replay.tenants)
        self.channel = channel
        self.gate = gate
        self.worker = worker
        self.journal = journal
        self.local = local
        self.audit = audit
        self.logger = logger
        traces = configuration.tracer.map { CoordinatorTraces($0) }
        start = clock.now
        reportInterval = configuration.reportInterval
        bytesWaitingMax = configuration.journalBytesWaitingMax
        nextReport = Instant(configuration.reportInterval)
    }

    /// Where the coordinator listens, with the ports that the system has chosen.
    var endpoints: [Endpoint] { channel.endpoints }

    var now: Instant { Instant(clock.now - start) }

    // MARK: Turns

    /// Runs until `stop` is raised. Throws what the socket or the journal throws.
    mutating func run(until stop: StopFlag) throws(CoordinatorError) {
        logger.info(
            "coordinator started",
            metadata: ["endpoints": "\(endpoints.map(\.description))", "generation": "\(machines.planner.generation)"])
        defer {
            local.close()
            worker.finish()
            audit.end()
            for reply in outbox.removeReplies() { reply.refuse() }
        }
        add(machines.handle(.started, at: now))
        do throws(CoordinatorError) {
            while !stop.isRaised { try waitAndTurn() }
        } catch {
            try journal.finish()
            throw error
        }
        try journal.finish()
        try carryOut()
        traces?.stop()
        logger.info("coordinator stopped", metadata: report(of: .all).counts)
    }

    /// Whether so much of a tenant waits for the disk, or for the work thread, that what it sends waits too.
    func isBehind(_ tenant: String?) -> Bool {
        outbox.count(of: tenant) >= Self.outboxMax
            || journal.bytesWaiting(of: tenant) > bytesWaitingMax / machines.shares
            || decoding.bytes(of: tenant) >= Self.undecodedBytesMax / machines.shares
    }

    /// Whether nothing more is received: nobody but its sender waits for that.
    private var isFull: Bool { machines.shares == 1 && held.bytes(of: nil) >= Self.heldBytesMax }

    private mutating func waitAndTurn() throws(CoordinatorError) {
        deadline = machines.nextDeadline
        let hasMore =
            !inbox.isEmpty || held.next(unless: { isBehind($0) }) != nil || local.hasMore(unless: { isBehind($0) })
        let next = [deadline, journalWake].compactMap(\.self).min()
        var rest = hasMore ? .zero : next.map { max(.zero, $0 - now) } ?? .milliseconds(500)
        // What waits at the sockets, and silence that is judged once it is read, must not end the wait.
        let isFull = isFull
        if isFull, !hasMore { rest = max(rest, Self.behindRest) }
        do {
            try channel.wait(for: min(rest, .milliseconds(500)), isReceiving: !isFull)
        } catch {
            throw .socket(error)
        }
        let begin = clock.now
        try turn(until: begin + Self.turnMax)
        turns.record(clock.now - begin)
        logger.log(channel.connections?.takeCuts() ?? [])
        audit.writeDue()
        if now >= nextReport {
            nextReport = now + reportInterval
            logger.log(report(of: .all))
        }
    }

    private mutating func turn(until end: ContinuousClock.Instant) throws(CoordinatorError) {
        if journal.hasEnded { try journal.finish() }
        var actions = learnTenants()
        release(until: end, &actions)
        if !isFull { try receiveAll(until: end, &actions) }
        for (done, tenant) in worker.drain() { inbox.append((done, tenant), of: tenant) }
        // One of each at least, however much arrives from peers.
        while let (done, tenant) = inbox.popFirst() {
            handle(done, of: tenant, &actions)
            if clock.now >= end { break }
        }
        while let request = local.popFirst(unless: { isBehind($0) }) {
            handle(request, &actions)
            if clock.now >= end { break }
        }
        let now = self.now
        if let journalWake, journalWake <= now { wakeJournal() }
        // A deadline that this turn sets is handled in the next turn, which follows at once.
        if let deadline, deadline <= now { actions += machines.handle(.tickBehind(readUntil: readUntil), at: now) }
        add(actions)
        try carryOut()
    }

    /// Tells the machines which tenants are admitted, where the keys were read again: tenants share the bounds.
    private mutating func learnTenants() -> [CoordinatorMachines.Action] {
        guard let tenants = gate.tenants, tenants.reading != tenantsReading else { return [] }
        tenantsReading = tenants.reading
        return machines.handle(.tenantsAdmitted(tenants.names), at: now)
    }

    private mutating func receiveAll(
        until end: ContinuousClock.Instant, _ actions: inout [CoordinatorMachines.Action]
    ) throws(CoordinatorError) {
        for _ in 0..<Self.turnMessagesMax {
            let before = clock.now
            guard let arrival = try receive() else {
                readUntil = Instant(before - start)
                return
            }
            actions += handle(arrival)
            if before >= end { return }
        }
    }

    private func receive() throws(CoordinatorError) -> MessageChannel.Arrival? {
        do { return try channel.receive() } catch { throw .socket(error) }
    }

    // MARK: Actions

    /// Adds a reply behind everything that is decided so far.
    mutating func reply(
        _ reply: LocalPeers.Reply, in scope: Scope, _ actions: inout [CoordinatorMachines.Action]
    ) {
        add(actions)
        actions = []
        outbox.append(reply, in: scope)
        if journalWake != nil { wakeJournal() }
    }

    private mutating func wakeJournal() {
        journalWake = nil
        journal.wake()
    }

    /// Adds actions behind those that wait, sends their entries to the journal, and their work to the work thread.
    private mutating func add(_ actions: [CoordinatorMachines.Action]) {
        guard !actions.isEmpty else { return }
        // What waits for the disk must not hold the work: it reads histories that change meanwhile.
        var rest = actions
        if actions.contains(where: { if case .work = $0 { true } else { false } }) {
            rest.removeAll {
                guard case .work(let work) = $0 else { return false }
                worker.send(.planner(work), of: work.tenant)
                return true
            }
        }
        let state = machines.coordinator
        for request in outbox.append(rest, tenant: { state.tenant(of: $0) }) {
            journal.commit(request)
            journalWake = request.delaysNothing ? journalWake ?? now + Self.journalRest : nil
        }
    }

    /// Carries out what is durable, in order: nothing is acknowledged before it is. A lost peer causes new actions.
    private mutating func carryOut() throws(CoordinatorError) {
        let durable = journal.durable
        while let actions = outbox.popFirst(durable) {
            var lost: Set<Peer> = []
            for action in actions {
                switch action {
                case .journal, .journalPlan, .work: break
                case .log(let event):
                    Span.$current.withValue(traces?.span(of: event)) { logger.log(event) }
                    traces?.logged(event)
                case .logPlan(let event, let tenant):
                    Span.$current.withValue(traces?.span(of: event, tenant)) { logger.log(event, of: tenant) }
                    traces?.logged(event, of: tenant)
                case .send(let envelope, let peer):
                    if lost.isEmpty || !lost.contains(peer), try !send(envelope, to: peer) { lost.insert(peer) }
                }
            }
            for peer in lost {
                traces?.left(peer)
                add(machines.handle(.unroutable(peer), at: now))
            }
        }
        for reply in outbox.popReplies(durable) { reply.send() }
    }

    /// Returns `false` when the peer has left, or reads so slowly that it counts as lost.
    private mutating func send(_ envelope: Envelope, to peer: Peer) throws(CoordinatorError) -> Bool {
        var envelope = envelope
        traces?.sending(&envelope, to: peer, machines)
        guard !LocalPeers.contains(peer) else { return local.answer(envelope.message, to: peer) }
        let isSent: Bool
        do {
            isSent = try channel.send(envelope, to: peer.bytes)
        } catch {
            throw .socket(error)
        }
        if isSent { counts.countSent(to: peer.tenant) } else { counts.all.unroutable += 1 }
        return isSent
    }

    // MARK: Reports

    /// Counts and levels of a scope: for operators of the whole process, for a tenant of what is its own.
    func report(of scope: Scope) -> CoordinatorReport {
        var report = CoordinatorReport()
        report.uptimeSeconds = Double((clock.now - start).components.seconds)
        counts.fill(&report, in: scope)
        machines.fill(&report, in: scope)
        guard scope == .all else { return report }
        report.connectionsCut = channel.connections?.cutCount ?? 0
        report.unreadBytes = channel.connections?.unreadBytes ?? 0
        report.unsentBytes = channel.connections?.unsentBytes ?? 0
        report.turns = turns
        report.commits = journal.commits
        return report
    }
}
