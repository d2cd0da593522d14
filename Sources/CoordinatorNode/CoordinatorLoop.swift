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
    private var counts = CoordinatorCounts()
    private let clock = ContinuousClock()
    private let start: ContinuousClock.Instant
    private let logger: Logger
    private let reportInterval: Duration
    private var nextReport: Cluster.Instant

    /// Messages taken in one turn at most, so that sending is never starved by receiving.
    private static let turnMessagesMax = 512

    init(_ configuration: CoordinatorNode.Configuration, wakeup: Wakeup, logger: Logger) throws(CoordinatorError) {
        let journal = try CoordinatorJournal(path: configuration.journalPath)
        let state = CoordinatorState(configuration.state, replaying: try journal.entries())
        let socket: Socket
        var bound: [Endpoint] = []
        do {
            socket = try Self.bind(configuration.endpoints, &bound)
        } catch {
            throw .socket(error)
        }
        self.journal = journal
        self.state = state
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
        try carryOut(state.handle(.started, at: now))
        while !stop.isRaised {
            do {
                let wait = state.nextDeadline.map { max(.zero, $0 - now) } ?? .milliseconds(500)
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
        var actions: [CoordinatorState.Action] = []
        receiving: for _ in 0..<Self.turnMessagesMax {
            switch try socket.receive() {
            case .nothing: break receiving
            case .refused(_, let frames, let bytes):
                counts.refused += 1
                logger.warning("message over the limits", metadata: ["frames": "\(frames)", "bytes": "\(bytes)"])
            case .message(let message):
                counts.received += 1
                guard let (envelope, peer) = decode(message) else { continue }
                actions += state.handle(.received(envelope, from: peer), at: now)
            }
        }
        let now = self.now
        if let deadline = state.nextDeadline, deadline <= now { actions += state.handle(.tick, at: now) }
        try carryOut(actions)
        if now >= nextReport { report(at: now) }
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

    /// Journal first, then everything that may be said only once it is durable; a peer that is gone makes new actions.
    private mutating func carryOut(_ actions: [CoordinatorState.Action]) throws(CoordinatorError) {
        var actions = actions
        while !actions.isEmpty {
            try journal.commit(
                actions.compactMap { action in
                    if case .journal(let entry) = action { entry } else { nil }
                })
            var gone: [Peer] = []
            for action in actions {
                switch action {
                case .journal(let entry): counts.note(entry)
                case .note(let note): log(note)
                case .send(let envelope, let peer):
                    if try !send(envelope, to: peer), !gone.contains(peer) { gone.append(peer) }
                }
            }
            actions = []
            for peer in gone { actions += state.handle(.unroutable(peer), at: now) }
        }
    }

    /// `false` when the peer is gone, or reads so little that it must be taken for gone.
    private mutating func send(_ envelope: Envelope, to peer: Peer) throws(CoordinatorError) -> Bool {
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

    private mutating func report(at now: Cluster.Instant) {
        nextReport = now + reportInterval
        let status = state.status
        guard status.workers > 0 || status.shardsPending > 0 else { return }
        var facts = counts.metadata
        facts["workers"] = "\(status.workers)"
        facts["shards_pending"] = "\(status.shardsPending)"
        facts["shards_leased"] = "\(status.shardsLeased)"
        logger.info("coordinator", metadata: facts)
    }

    private func log(_ note: CoordinatorState.Note) {
        switch note {
        case .workerJoined(let name, let incarnation):
            logger.info("worker joined", metadata: ["worker": "\(name)", "incarnation": "\(incarnation)"])
        case .workerLeft(let name, _):
            logger.info("worker left", metadata: ["worker": "\(name)"])
        case .workerLost(let name, _, let reason, let pieces):
            logger.warning(
                "worker lost", metadata: ["worker": "\(name)", "reason": "\(reason)", "pieces": "\(pieces)"])
        case .workerRefused(let name, let reason):
            logger.error("worker refused", metadata: ["worker": "\(name)", "reason": "\(reason)"])
        case .clientJoined(let name):
            logger.info("client joined", metadata: ["client": "\(name)"])
        case .clientLost(let job):
            logger.warning("client lost", metadata: ["job": "\(job)"])
        case .jobOpened(let job, let policy, let rows):
            logger.info("job opened", metadata: ["job": "\(job)", "policy": "\(policy)", "context_rows": "\(rows)"])
        case .jobRefused(let job, let reason):
            logger.error("job refused", metadata: ["job": "\(job)", "reason": "\(reason)"])
        case .jobClosed(let job):
            logger.info("job closed", metadata: ["job": "\(job)"])
        case .leaseExpired(let piece, let worker):
            logger.warning("lease expired", metadata: ["shard": "\(piece.shard)", "worker": "\(worker)"])
        case .rowCondemned(let piece):
            logger.error("row condemned", metadata: ["shard": "\(piece.shard)", "row": "\(piece.firstRow)"])
        }
    }
}
