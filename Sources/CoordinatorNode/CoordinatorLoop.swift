import Cluster
import Foundation
import Logging
import Scoring
import Threads
import Wire
import ZeroMQ

/// The coordinator's turn: poll, receive, decide, journal, send. Lives on its socket's thread.
struct CoordinatorLoop: ~Copyable {
    let endpoints: [Endpoint]
    private let socket: Socket
    private let poller: Poller
    private let journal: CoordinatorJournal
    private var machines: CoordinatorMachines
    private let local: LocalPeers
    private var counts = CoordinatorCounts()
    private let clock = ContinuousClock()
    private let start: ContinuousClock.Instant
    private let logger: Logger
    private let reportInterval: Duration
    private var nextReport: Cluster.Instant
    /// When the machines wanted to be woken, as they said before the turn.
    private var deadline: Cluster.Instant?

    /// Messages taken in one turn at most, so that sending is never starved by receiving.
    private static let turnMessagesMax = 512

    init(
        _ configuration: CoordinatorNode.Configuration, local: LocalPeers, wakeup: Wakeup, logger: Logger
    ) throws(CoordinatorError) {
        let journal = try CoordinatorJournal(
            path: configuration.journalPath, outcomesMax: configuration.planner.outcomesMax)
        let machines = CoordinatorMachines(
            configuration.state, planner: configuration.planner, replaying: try journal.entries(),
            try journal.plannerEntries())
        let socket: Socket
        var bound: [Endpoint] = []
        do {
            socket = try Self.bind(configuration.endpoints, &bound)
        } catch {
            throw .socket(error)
        }
        self.journal = journal
        self.machines = machines
        self.local = local
        self.socket = socket
        endpoints = bound
        poller = Poller(wakeup: wakeup)
        start = clock.now
        self.logger = logger
        reportInterval = configuration.reportInterval
        nextReport = Cluster.Instant(configuration.reportInterval)
    }

    private static func bind(_ endpoints: [Endpoint], _ bound: inout [Endpoint]) throws(ZeroMQError) -> Socket {
        var options = SocketOptions()
        options.frameBytesMax = Limits.messageBytesMax
        options.framesMax = Limits.framesMax + 1
        // Credit bounds what is under way to a worker, the window what is under way to a client; this is far above both.
        options.sendHighWater = 20_000
        options.receiveHighWater = 20_000
        let socket = try Socket(.router, in: try Context(), options: options)
        for endpoint in endpoints { bound.append(try socket.bind(endpoint)) }
        return socket
    }

    private var now: Cluster.Instant { Cluster.Instant(clock.now - start) }

    mutating func run(until stop: StopFlag) throws(CoordinatorError) {
        logger.info(
            "coordinator started",
            metadata: ["endpoints": "\(endpoints.map(\.description))", "generation": "\(machines.planner.generation)"])
        try carryOut(machines.handle(.started, at: now))
        defer { local.close() }
        while !stop.isRaised {
            do {
                deadline = machines.nextDeadline
                let wait = deadline.map { max(.zero, $0 - now) } ?? .milliseconds(500)
                _ = try poller.wait(socket, timeout: min(wait, .milliseconds(500)))
                try turn()
            } catch let error as ZeroMQError {
                throw .socket(error)
            } catch let error as CoordinatorError {
                throw error
            } catch {
                preconditionFailure("the loop throws socket and journal errors only, not \(error)")
            }
        }
        logger.info("coordinator stopped", metadata: counts.metadata)
    }

    private mutating func turn() throws {
        var actions: [CoordinatorMachines.Action] = []
        receiving: for _ in 0..<Self.turnMessagesMax {
            switch try socket.receive() {
            case .nothing: break receiving
            case .refused(_, let frames, let bytes):
                counts.refused += 1
                logger.warning("message over the limits", metadata: ["frames": "\(frames)", "bytes": "\(bytes)"])
            case .message(let message):
                counts.received += 1
                guard let (envelope, peer) = decode(message) else { continue }
                actions += machines.handle(.received(envelope, from: peer), at: now)
            }
        }
        for ask in local.take() { actions += hear(ask) }
        let now = self.now
        // What this turn has made due before its end waits for the next one, which comes at once.
        if let deadline, deadline <= now { actions += machines.handle(.tick, at: now) }
        try carryOut(actions)
        if now >= nextReport { logReport(at: now) }
    }

    private mutating func hear(_ ask: LocalPeers.Ask) -> [CoordinatorMachines.Action] {
        switch ask {
        case .said(let message, let peer):
            let envelope = Envelope(generation: machines.coordinator.generation, message)
            return machines.handle(.joinedLocally(peer), at: now)
                + machines.handle(.received(envelope, from: peer), at: now)
        case .left(let peer): return machines.handle(.leftLocally(peer), at: now)
        case .report(let continuation):
            continuation.resume(returning: report)
            return []
        }
    }

    private mutating func decode(_ message: ZeroMQ.Message) -> (Envelope, Peer)? {
        let peer = Peer(message.frames[0].copyBytes())
        // A peer may choose its own routing id: not one that stands for somebody in this process.
        guard peer != PlannerState.asClient, !LocalPeers.isLocal(peer) else {
            counts.refused += 1
            logger.warning("message refused", metadata: ["reason": "its routing id is the coordinator's own"])
            return nil
        }
        do {
            return (try Envelope(rawFrames: message.frames.dropFirst().map(RawFrame.init)), peer)
        } catch {
            // The world's doing: counted, told and forgotten.
            counts.refused += 1
            logger.warning("message refused", metadata: ["reason": "\(error)"])
            return nil
        }
    }

    /// Journal first, then everything that may be said only once it is durable; a peer that is gone makes new actions.
    private mutating func carryOut(_ actions: [CoordinatorMachines.Action]) throws(CoordinatorError) {
        var actions = actions
        while !actions.isEmpty {
            try journal.commit(
                actions.compactMap { if case .journal(let entry) = $0 { entry } else { nil } },
                actions.compactMap { if case .journalPlan(let entry) = $0 { entry } else { nil } })
            var gone: [Peer] = []
            for action in actions {
                switch action {
                case .journal(let entry): counts.note(entry)
                case .journalPlan: break
                case .log(let event): logger.log(event)
                case .logPlan(let event): logger.log(event)
                case .send(let envelope, let peer):
                    if try !send(envelope, to: peer), !gone.contains(peer) { gone.append(peer) }
                }
            }
            actions = []
            for peer in gone { actions += machines.handle(.unroutable(peer), at: now) }
        }
    }

    /// `false` when the peer is gone, or reads so little that it must be taken for gone.
    private mutating func send(_ envelope: Envelope, to peer: Peer) throws(CoordinatorError) -> Bool {
        guard !LocalPeers.isLocal(peer) else { return local.answer(envelope.message, to: peer) }
        do {
            let frames = [Frame(peer.bytes)] + envelope.rawFrames.map(Frame.init)
            switch try socket.send(ZeroMQ.Message(frames)) {
            case .sent:
                counts.sent += 1
                return true
            case .unroutable, .wouldBlock:
                counts.unroutable += 1
                return false
            }
        } catch {
            throw .socket(error)
        }
    }

    private mutating func logReport(at now: Cluster.Instant) {
        nextReport = now + reportInterval
        let report = self.report
        guard report.workers > 0 || report.shardsPending > 0 || report.rolloutWorkers > 0 else { return }
        var facts = counts.metadata
        facts["workers"] = "\(report.workers)"
        facts["shards_pending"] = "\(report.shardsPending)"
        facts["shards_leased"] = "\(report.shardsLeased)"
        facts["rollout_workers"] = "\(report.rolloutWorkers)"
        facts["plans"] = "\(report.plansKept)"
        logger.info("coordinator", metadata: facts)
    }

    /// How the machines and the socket are doing.
    private var report: CoordinatorReport {
        var report = CoordinatorReport()
        report.uptimeSeconds = Double((clock.now - start).components.seconds)
        report.messagesReceived = counts.received
        report.messagesSent = counts.sent
        report.messagesRefused = counts.refused
        report.messagesUnroutable = counts.unroutable
        report.rowsAnswered = counts.rowsAnswered
        report.rowErrors = counts.rowErrors
        machines.fill(&report)
        return report
    }
}
