import Cluster
import DequeModule
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
/// nobody silent.
struct CoordinatorDriver: ~Copyable {
    private let channel: MessageChannel
    private let gate: PeerGate
    private let journal: JournalThread
    private let worker: WorkThread
    private let local: LocalPeers
    private let audit: AuditLog
    private let logger: Logger
    private let clock = ContinuousClock()
    private let start: ContinuousClock.Instant
    private let reportInterval: Duration
    private var machines: CoordinatorMachines
    private var counts = CoordinatorTally()
    /// Which reading of the keys the machines know the tenants of.
    private var tenantsReading = 0
    private var turns = DurationHistogram()
    private var nextReport: Instant
    /// The machines' deadline before this turn.
    private var deadline: Instant?
    /// All messages that had arrived by then are handled.
    private var readUntil: Instant = .zero
    /// What this process asks, and what the work thread has done, in order.
    private var inbox: Deque<Input> = []
    /// What is decided and not carried out yet, in order.
    private var outbox: Deque<CoordinatorBatch> = []
    /// Batches sent to the journal.
    private var commits = 0
    /// What the work thread decodes.
    private var decoding = DecodingMessages()
    /// `nil` where nothing is traced.
    private var traces: CoordinatorTraces?

    private enum Input {
        case local(LocalPeers.Request)
        case done(WorkThread.Done)
    }

    /// Most messages received in one turn, so that receiving never starves sending.
    private static let turnMessagesMax = 512
    /// After that the turn ends, and what is left is handled in the next one. A plan needs some ten turns, so while a peer
    /// floods the coordinator every other waits for so many.
    private static let turnMax: Duration = .milliseconds(2)
    /// Batches that wait for the journal; beyond it nothing more is received, of sockets and of this process.
    private static let outboxMax = 1024
    /// How long the thread waits at least while nothing is received, unless another thread ends the wait.
    private static let behindRest: Duration = .milliseconds(10)
    /// Beyond it, nothing more is received until some are decoded: the bounds of connections apply to what waits.
    private static let undecodedBytesMax = 8 << 20
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
        nextReport = Instant(configuration.reportInterval)
    }

    /// Where the coordinator listens, with the ports that the system has chosen.
    var endpoints: [Endpoint] { channel.endpoints }

    private var now: Instant { Instant(clock.now - start) }

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
            for case .local(let request) in inbox { request.refuse() }
            for reply in outbox.flatMap(\.replies) { reply.refuse() }
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
        logger.info("coordinator stopped", metadata: counts.all.metadata)
    }

    /// Whether so much waits for the disk, or for the work thread, that nothing more is received.
    private var isBehind: Bool {
        outbox.count >= Self.outboxMax || journal.isBehind || decoding.bytes >= Self.undecodedBytesMax
    }

    private mutating func waitAndTurn() throws(CoordinatorError) {
        deadline = machines.nextDeadline
        var rest = inbox.isEmpty ? deadline.map { max(.zero, $0 - now) } ?? .milliseconds(500) : .zero
        // What waits at the sockets, and silence that is judged once it is read, must not end the wait.
        let isBehind = isBehind
        if isBehind, inbox.isEmpty { rest = max(rest, Self.behindRest) }
        do {
            try channel.wait(for: min(rest, .milliseconds(500)), isReceiving: !isBehind)
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
            logger.log(report(of: .all), counts.all)
        }
    }

    private mutating func turn(until end: ContinuousClock.Instant) throws(CoordinatorError) {
        if journal.hasEnded { try journal.finish() }
        var actions = learnTenants()
        let isBehind = isBehind
        if !isBehind { try receiveAll(until: end, &actions) }
        for request in local.take(isBehind ? .readsOnly : .all) { inbox.append(.local(request)) }
        for done in worker.drain() { inbox.append(.done(done)) }
        var replies: [LocalPeers.Reply] = []
        while let input = inbox.popFirst() {
            handle(input, &actions, &replies)
            if clock.now >= end { break }
        }
        let now = self.now
        // A deadline that this turn sets is handled in the next turn, which follows at once.
        if let deadline, deadline <= now { actions += machines.handle(.tickBehind(readUntil: readUntil), at: now) }
        add(actions, replies)
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

    // MARK: Inputs

    private mutating func handle(_ arrival: MessageChannel.Arrival) -> [CoordinatorMachines.Action] {
        switch arrival {
        case .refused(let refusal):
            refuse(refusal)
            return []
        case .message(let envelope, let sender):
            guard let peer = peer(sender) else { return [] }
            guard decoding.contains(peer) else { return handle(envelope, from: sender, arrived: now) }
            decode(envelope.rawFrames, from: sender)
            return []
        case .undecoded(let frames, let sender):
            guard peer(sender) != nil else { return [] }
            decode(frames, from: sender)
            return []
        }
    }

    /// Handles a message that is decoded. Its sender's key is checked here, also where another thread has decoded it.
    private mutating func handle(
        _ envelope: Envelope, from sender: MessageChannel.Sender, arrived: Instant
    ) -> [CoordinatorMachines.Action] {
        let grant = gate.grant(of: sender.key)
        let peer = Peer(sender.routingID, owner: grant?.name, tenant: grant?.terms.tenant)
        counts.countReceived(of: peer.tenant)
        if let refusal = gate.refusal(of: envelope.message, by: grant) {
            counts.countRefused(of: peer.tenant)
            return refuse(refusal, envelope.message, from: peer)
        }
        guard !gate.dropsExcess(envelope.message, by: grant, at: arrived, logger) else {
            counts.countRefused(of: peer.tenant)
            return []
        }
        audit.record(envelope.message, from: peer)
        traces?.received(envelope.message, envelope.trace, from: peer)
        return machines.handle(.receivedEarlier(envelope, from: peer, arrived: arrived), at: now)
    }

    /// A refused Hello is answered, because its sender may then say why; other messages are logged alone.
    private func refuse(
        _ refusal: PeerGate.Refusal, _ message: Wire.Message, from peer: Peer
    ) -> [CoordinatorMachines.Action] {
        logger.warning(
            "message refused", metadata: ["reason": "\(refusal)", "key": "\(refusal.name)", "kind": "\(refusal.kind)"])
        guard case .hello = message else { return [] }
        let answer = Wire.Message.refused(.permission, message: "\(refusal)")
        return [.send(Envelope(generation: machines.coordinator.generation, answer), to: peer)]
    }

    private mutating func refuse(_ refusal: MessageRefusal) {
        if case .malformed = refusal { counts.all.received += 1 }
        counts.all.refused += 1
        logger.log(refusal)
    }

    /// The sender of a message; `nil` where its routing id is one of this process, which a peer may not choose.
    private mutating func peer(_ sender: MessageChannel.Sender) -> Peer? {
        counts.all.received += 1
        let peer = Peer(sender.routingID)
        guard !PlannerState.isClient(peer), !LocalPeers.contains(peer) else {
            counts.all.refused += 1
            logger.warning("message refused", metadata: ["reason": "its routing id is the coordinator's own"])
            return nil
        }
        return peer
    }

    private mutating func decode(_ frames: [RawFrame], from sender: MessageChannel.Sender) {
        decoding.append(bytes: frames.reduce(0) { $0 + $1.count }, from: Peer(sender.routingID))
        let tenant = gate.grant(of: sender.key)?.terms.tenant
        worker.send(.decode(frames, from: sender, arrived: now), of: tenant)
    }

    private mutating func handle(
        _ input: Input, _ actions: inout [CoordinatorMachines.Action], _ replies: inout [LocalPeers.Reply]
    ) {
        switch input {
        case .local(.message(let message, let trace, let peer, let sent)):
            guard machines.knows(tenant: peer.tenant) else {
                _ = local.answer(.requestRefused(.unknownTenant(peer.tenant)), to: peer)
                return
            }
            traces?.received(message, trace, from: peer)
            let envelope = Envelope(generation: machines.coordinator.generation, message)
            let arrived = max(.zero, Instant(sent - start))
            actions += machines.handle(.joinedLocally(peer), at: now)
            actions += machines.handle(.receivedEarlier(envelope, from: peer, arrived: arrived), at: now)
        case .local(.left(let peer)):
            traces?.left(peer)
            actions += machines.handle(.leftLocally(peer), at: now)
        case .local(.report(let scope, let continuation)): continuation.resume(returning: report(of: scope))
        case .local(.query(let query, let scope, let continuation)):
            let answer = machines.answer(query, in: scope)
            if case .forget(let policyID) = query {
                actions += machines.handle(.forgetPolicy(policyID, of: scope.tenant), at: now)
            }
            replies.append(.answer(answer, continuation))
        case .local(.operate(let request, let scope, let continuation)):
            let (answer, more) = machines.handle(request, in: scope, at: now)
            guard !more.isEmpty else { return continuation.resume(returning: answer) }
            actions += more
            replies.append(.operated(answer, continuation))
        case .local(.mark(let continuation)): replies.append(.mark(continuation))
        case .done(.planner(let result)): actions += machines.handle(.worked(result), at: now)
        case .done(.decoded(let result, let sender, let arrived)):
            decoding.removeFirst(from: Peer(sender.routingID))
            switch result {
            case .success(let envelope): actions += handle(envelope, from: sender, arrived: arrived)
            case .failure(let error):
                counts.all.refused += 1
                logger.log(MessageRefusal.malformed(error))
            }
        }
    }

    // MARK: Actions

    /// Adds actions and replies behind those that wait, and sends their entries to the journal.
    private mutating func add(_ actions: [CoordinatorMachines.Action], _ replies: [LocalPeers.Reply] = []) {
        guard !actions.isEmpty || !replies.isEmpty else { return }
        let entries = actions.compactMap { if case .journal(let entry) = $0 { entry } else { nil } }
        var plannerEntries: [String?: [PlannerEntry]] = [:]
        for case .journalPlan(let entry, let tenant) in actions { plannerEntries[tenant, default: []].append(entry) }
        // The batch must not hold the work: it waits for the disk, and the work reads histories that change meanwhile.
        var batch = CoordinatorBatch(actions: [], replies: replies)
        for action in actions {
            if case .work(let work) = action {
                worker.send(.planner(work), of: work.tenant)
            } else {
                batch.actions.append(action)
            }
        }
        if !entries.isEmpty || !plannerEntries.isEmpty {
            journal.commit(entries, plannerEntries)
            commits += 1
            batch.commit = commits
        }
        outbox.append(batch)
    }

    /// Carries out what is durable, in order: nothing is acknowledged before it is. A lost peer causes new actions.
    private mutating func carryOut() throws(CoordinatorError) {
        let committed = journal.committed
        while let batch = outbox.first, batch.commit ?? 0 <= committed {
            outbox.removeFirst()
            var lost: [Peer] = []
            for action in batch.actions {
                switch action {
                case .journal(let entry): counts.all.add(entry)
                case .journalPlan, .work: break
                case .log(let event):
                    Span.$current.withValue(traces?.span(of: event)) { logger.log(event) }
                    traces?.logged(event)
                case .logPlan(let event, let tenant):
                    Span.$current.withValue(traces?.span(of: event, tenant)) { logger.log(event, of: tenant) }
                    traces?.logged(event, of: tenant)
                case .send(let envelope, let peer):
                    if try !send(envelope, to: peer), !lost.contains(peer) { lost.append(peer) }
                }
            }
            for reply in batch.replies { reply.send() }
            for peer in lost {
                traces?.left(peer)
                add(machines.handle(.unroutable(peer), at: now))
            }
        }
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
    private func report(of scope: Scope) -> CoordinatorReport {
        var report = CoordinatorReport()
        report.uptimeSeconds = Double((clock.now - start).components.seconds)
        counts.fill(&report, in: scope)
        machines.fill(&report, in: scope)
        guard scope == .all else { return report }
        report.connectionsCut = channel.connections?.cutCount ?? 0
        report.turns = turns
        report.commits = journal.commits
        return report
    }
}
