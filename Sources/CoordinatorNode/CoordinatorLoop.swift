import Cluster
import Foundation
import Logging
import Scoring
import Wire
import ZeroMQ

/// The coordinator's turn: poll, receive, decide, journal, send. Lives on its socket's thread.
struct CoordinatorLoop: ~Copyable {
    let endpoints: [Endpoint]
    private let socket: Socket
    private let poller: Poller
    private let journal: CoordinatorJournal
    private var state: CoordinatorState
    private var planner: PlannerState
    private let local: LocalPeers
    private var counts = CoordinatorCounts()
    private let clock = ContinuousClock()
    private let start: ContinuousClock.Instant
    private let logger: Logger
    private let reportInterval: Duration
    private var nextReport: Cluster.Instant

    /// Messages taken in one turn at most, so that sending is never starved by receiving.
    private static let turnMessagesMax = 512

    init(
        _ configuration: CoordinatorNode.Configuration, local: LocalPeers, wakeup: Wakeup, logger: Logger
    ) throws(CoordinatorError) {
        let journal = try CoordinatorJournal(
            path: configuration.journalPath, outcomesMax: configuration.planner.outcomesMax)
        let state = CoordinatorState(configuration.state, replaying: try journal.entries())
        let planner = PlannerState(
            configuration.planner, generation: state.generation + 1, replaying: try journal.plannerEntries())
        let socket: Socket
        var bound: [Endpoint] = []
        do {
            socket = try Self.bind(configuration.endpoints, &bound)
        } catch {
            throw .socket(error)
        }
        self.journal = journal
        self.state = state
        self.planner = planner
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

    mutating func run(until stop: Stop) throws(CoordinatorError) {
        logger.info(
            "coordinator started",
            metadata: ["endpoints": "\(endpoints.map(\.description))", "generation": "\(state.generation + 1)"])
        try carryOut(state.handle(.started, at: now).map(Step.coordinator))
        defer { local.close() }
        while !stop.isRaised {
            do {
                let wait = nextDeadline.map { max(.zero, $0 - now) } ?? .milliseconds(500)
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

    private var nextDeadline: Cluster.Instant? {
        [state.nextDeadline, planner.nextDeadline].compactMap(\.self).min()
    }

    /// What one of the two machines has decided.
    private enum Step {
        case coordinator(CoordinatorState.Action)
        case planner(PlannerState.Action)
    }

    private mutating func turn() throws {
        var steps: [Step] = []
        receiving: for _ in 0..<Self.turnMessagesMax {
            switch try socket.receive() {
            case .nothing: break receiving
            case .refused(_, let frames, let bytes):
                counts.refused += 1
                logger.warning("message over the limits", metadata: ["frames": "\(frames)", "bytes": "\(bytes)"])
            case .message(let message):
                counts.received += 1
                guard let (envelope, peer) = decode(message) else { continue }
                steps += hear(envelope, from: peer)
            }
        }
        for ask in local.take() { steps += hear(ask) }
        let now = self.now
        if let deadline = state.nextDeadline, deadline <= now {
            steps += state.handle(.tick, at: now).map(Step.coordinator)
        }
        if let deadline = planner.nextDeadline, deadline <= now {
            steps += planner.handle(.tick, at: now).map(Step.planner)
        }
        try carryOut(steps)
        if now >= nextReport { logReport(at: now) }
    }

    /// A message goes to the machine whose peer has sent it.
    private mutating func hear(_ envelope: Envelope, from peer: Peer) -> [Step] {
        planner.isAddressee(of: envelope.message, from: peer)
            ? planner.handle(.received(envelope, from: peer), at: now).map(Step.planner)
            : state.handle(.received(envelope, from: peer), at: now).map(Step.coordinator)
    }

    private mutating func hear(_ ask: LocalPeers.Ask) -> [Step] {
        switch ask {
        case .said(let message, let peer):
            let joined = planner.handle(.joinedLocally(peer), at: now)
            let envelope = Envelope(generation: state.generation, message)
            return (joined + planner.handle(.received(envelope, from: peer), at: now)).map(Step.planner)
        case .left(let peer): return planner.handle(.leftLocally(peer), at: now).map(Step.planner)
        case .report(let continuation):
            continuation.resume(returning: report)
            return []
        }
    }

    private mutating func decode(_ message: ZeroMQ.Message) -> (Envelope, Peer)? {
        let peer = Peer(message.frames[0].copyBytes())
        do {
            return (try Envelope(frames: message.frames.dropFirst().map { $0.copyBytes() }), peer)
        } catch {
            // The world's doing: counted, told and forgotten.
            counts.refused += 1
            logger.warning("message refused", metadata: ["reason": "\(error)"])
            return nil
        }
    }

    /// Journal first, then everything that may be said only once it is durable; a peer that is gone makes new steps.
    private mutating func carryOut(_ steps: [Step]) throws(CoordinatorError) {
        var steps = settle(steps)
        while !steps.isEmpty {
            try journal.commit(
                steps.compactMap { if case .coordinator(.journal(let entry)) = $0 { entry } else { nil } },
                steps.compactMap { if case .planner(.journal(let entry)) = $0 { entry } else { nil } })
            var gone: [Peer] = []
            for step in steps {
                switch step {
                case .coordinator(.journal(let entry)): counts.note(entry)
                case .coordinator(.note(let note)): logger.log(note)
                case .planner(.note(let note)): logger.log(note)
                case .coordinator(.send(let envelope, let peer)), .planner(.send(let envelope, let peer)):
                    if try !send(envelope, to: peer), !gone.contains(peer) { gone.append(peer) }
                case .planner(.journal), .planner(.toCoordinator): break
                }
            }
            steps = []
            for peer in gone {
                steps +=
                    planner.knows(peer)
                    ? planner.handle(.unroutable(peer), at: now).map(Step.planner)
                    : state.handle(.unroutable(peer), at: now).map(Step.coordinator)
            }
            steps = settle(steps)
        }
    }

    /// Lets the two machines talk until neither has anything to say to the other; what is left is for the world.
    private mutating func settle(_ steps: [Step]) -> [Step] {
        var settled: [Step] = []
        var open = steps[...]
        while let step = open.popFirst() {
            switch step {
            case .planner(.toCoordinator(let message)):
                let envelope = Envelope(generation: state.generation, message)
                open = ArraySlice(
                    state.handle(.received(envelope, from: PlannerState.asClient), at: now).map(Step.coordinator)) + open
            case .coordinator(.send(let envelope, to: PlannerState.asClient)):
                open = ArraySlice(
                    planner.handle(.fromCoordinator(envelope.message), at: now).map(Step.planner)) + open
            default: settled.append(step)
            }
        }
        return settled
    }

    /// `false` when the peer is gone, or reads so little that it must be taken for gone.
    private mutating func send(_ envelope: Envelope, to peer: Peer) throws(CoordinatorError) -> Bool {
        guard !LocalPeers.isLocal(peer) else { return local.answer(envelope.message, to: peer) }
        do {
            let frames = [Frame(peer.bytes)] + envelope.frames.map { Frame($0) }
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

    /// How both machines and the socket are doing.
    private var report: CoordinatorReport {
        var report = CoordinatorReport()
        report.generation = state.generation
        report.uptimeSeconds = Double((clock.now - start).components.seconds)
        report.model = state.fingerprint?.name ?? ""
        report.fingerprint = state.fingerprint?.digest.hex ?? ""
        let status = state.status
        report.workers = status.workers
        report.shardsPending = status.shardsPending
        report.shardsLeased = status.shardsLeased
        report.jobs = state.jobCount
        report.messagesReceived = counts.received
        report.messagesSent = counts.sent
        report.messagesRefused = counts.refused
        report.messagesUnroutable = counts.unroutable
        report.rowsAnswered = counts.rowsAnswered
        report.rowErrors = counts.rowErrors
        planner.fill(&report)
        return report
    }
}
