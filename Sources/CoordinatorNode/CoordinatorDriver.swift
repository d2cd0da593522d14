import Cluster
import Logging
import Threads
import Transport
import Wire
import ZeroMQ

/// Runs the coordinator's state machines on the channel's thread. One turn: wait, receive, decide, journal, send.
struct CoordinatorDriver: ~Copyable {
    private let channel: MessageChannel
    private let journal: CoordinatorJournal
    private let local: LocalPeers
    private let logger: Logger
    private let clock = ContinuousClock()
    private let start: ContinuousClock.Instant
    private let reportInterval: Duration
    private var machines: CoordinatorMachines
    private var counts = CoordinatorCounts()
    private var turns = DurationHistogram()
    private var nextReport: Instant
    /// The machines' deadline before this turn.
    private var deadline: Instant?
    /// All messages that had arrived by then are handled. Silence is judged by it, so a long turn makes nobody silent.
    private var readUntil: Instant = .zero

    /// Most messages received in one turn, so that receiving never starves sending.
    private static let turnMessagesMax = 512
    /// Credit bounds the messages on their way to a worker, the window those on their way to a client: both are far
    /// fewer.
    private static let channelOptions = ChannelOptions(sendHighWater: 20_000, receiveHighWater: 20_000, outboxMax: 0)

    /// Opens the journal, replays it and listens.
    init(
        _ configuration: CoordinatorNode.Configuration, local: LocalPeers, wakeup: Wakeup, logger: Logger
    ) throws(CoordinatorError) {
        let journal = try CoordinatorJournal(
            path: configuration.journalPath, outcomesMax: configuration.planner.outcomesMax)
        let machines = CoordinatorMachines(
            configuration.state, planner: configuration.planner, replaying: try journal.entries(),
            try journal.plannerEntries())
        channel = try Self.listen(at: configuration.endpoints, wakeup: wakeup)
        self.journal = journal
        self.machines = machines
        self.local = local
        self.logger = logger
        start = clock.now
        reportInterval = configuration.reportInterval
        nextReport = Instant(configuration.reportInterval)
    }

    private static func listen(at endpoints: [Endpoint], wakeup: Wakeup) throws(CoordinatorError) -> MessageChannel {
        do {
            return try MessageChannel(listeningAt: endpoints, options: channelOptions, wakeup: wakeup)
        } catch {
            throw .socket(error)
        }
    }

    /// Where the coordinator listens, with the ports that the system has chosen.
    var endpoints: [Endpoint] { channel.endpoints }

    private var now: Instant { Instant(clock.now - start) }

    /// Runs until `stop` is raised. Throws what the socket or the journal throws.
    mutating func run(until stop: StopFlag) throws(CoordinatorError) {
        logger.info(
            "coordinator started",
            metadata: ["endpoints": "\(endpoints.map(\.description))", "generation": "\(machines.planner.generation)"])
        try carryOut(machines.handle(.started, at: now))
        defer { local.close() }
        while !stop.isRaised {
            deadline = machines.nextDeadline
            let rest = deadline.map { max(.zero, $0 - now) } ?? .milliseconds(500)
            do {
                try channel.wait(for: min(rest, .milliseconds(500)))
            } catch {
                throw .socket(error)
            }
            let begin = clock.now
            try turn()
            turns.record(clock.now - begin)
        }
        logger.info("coordinator stopped", metadata: counts.metadata)
    }

    private mutating func turn() throws(CoordinatorError) {
        var actions: [CoordinatorMachines.Action] = []
        for _ in 0..<Self.turnMessagesMax {
            let before = self.now
            guard let arrival = try receive() else {
                readUntil = before
                break
            }
            actions += handle(arrival)
        }
        for request in local.drain() { actions += handle(request) }
        let now = self.now
        // A deadline that this turn sets is handled in the next turn, which follows at once.
        if let deadline, deadline <= now { actions += machines.handle(.tickBehind(readUntil: readUntil), at: now) }
        try carryOut(actions)
        if now >= nextReport { logReport(at: now) }
    }

    private func receive() throws(CoordinatorError) -> MessageChannel.Arrival? {
        do {
            return try channel.receive()
        } catch {
            throw .socket(error)
        }
    }

    private mutating func handle(_ arrival: MessageChannel.Arrival) -> [CoordinatorMachines.Action] {
        switch arrival {
        case .refused(let refusal):
            if case .malformed = refusal { counts.received += 1 }
            counts.refused += 1
            logger.log(refusal)
            return []
        case .message(let envelope, let sender):
            counts.received += 1
            let peer = Peer(sender)
            // A peer may choose its routing id, but not one that means a peer of this process.
            guard peer != PlannerState.asClient, !LocalPeers.contains(peer) else {
                counts.refused += 1
                logger.warning("message refused", metadata: ["reason": "its routing id is the coordinator's own"])
                return []
            }
            return machines.handle(.received(envelope, from: peer), at: now)
        }
    }

    private mutating func handle(_ request: LocalPeers.Request) -> [CoordinatorMachines.Action] {
        switch request {
        case .message(let message, let peer):
            let envelope = Envelope(generation: machines.coordinator.generation, message)
            return machines.handle(.joinedLocally(peer), at: now)
                + machines.handle(.received(envelope, from: peer), at: now)
        case .left(let peer): return machines.handle(.leftLocally(peer), at: now)
        case .report(let continuation):
            continuation.resume(returning: report)
            return []
        case .operate(let request, let continuation):
            let (answer, actions) = machines.handle(request, at: now)
            continuation.resume(returning: answer)
            return actions
        }
    }

    /// Commits to the journal, then sends: nothing is acknowledged before it is durable. A lost peer causes new
    /// actions.
    private mutating func carryOut(_ actions: [CoordinatorMachines.Action]) throws(CoordinatorError) {
        var actions = actions
        while !actions.isEmpty {
            try journal.commit(
                actions.compactMap { if case .journal(let entry) = $0 { entry } else { nil } },
                actions.compactMap { if case .journalPlan(let entry) = $0 { entry } else { nil } })
            var lost: [Peer] = []
            for action in actions {
                switch action {
                case .journal(let entry): counts.add(entry)
                case .journalPlan: break
                case .log(let event): logger.log(event)
                case .logPlan(let event): logger.log(event)
                case .send(let envelope, let peer):
                    if try !send(envelope, to: peer), !lost.contains(peer) { lost.append(peer) }
                }
            }
            actions = []
            for peer in lost { actions += machines.handle(.unroutable(peer), at: now) }
        }
    }

    /// Returns `false` when the peer has left, or reads so slowly that it counts as lost.
    private mutating func send(_ envelope: Envelope, to peer: Peer) throws(CoordinatorError) -> Bool {
        guard !LocalPeers.contains(peer) else { return local.answer(envelope.message, to: peer) }
        let isSent: Bool
        do {
            isSent = try channel.send(envelope, to: peer.bytes)
        } catch {
            throw .socket(error)
        }
        if isSent { counts.sent += 1 } else { counts.unroutable += 1 }
        return isSent
    }

    private mutating func logReport(at now: Instant) {
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

    /// Counts and levels of the machines and the channel.
    private var report: CoordinatorReport {
        var report = CoordinatorReport()
        report.uptimeSeconds = Double((clock.now - start).components.seconds)
        report.messagesReceived = counts.received
        report.messagesSent = counts.sent
        report.messagesRefused = counts.refused
        report.messagesUnroutable = counts.unroutable
        report.rowsAnswered = counts.rowsAnswered
        report.rowErrors = counts.rowErrors
        report.turns = turns
        machines.fill(&report)
        return report
    }
}
