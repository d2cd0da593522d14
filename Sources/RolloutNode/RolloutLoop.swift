import Cluster
import Foundation
import Logging
import Threads
import Wire
import ZeroMQ

/// The rollout worker's turn: poll, receive, decide, send, tell the program.
struct RolloutLoop: ~Copyable {
    private let socket: Socket
    private let poller: Poller
    private let configuration: RolloutNode.Configuration
    private let wishes: Mailbox<RolloutNode.RolloutRequest>
    private let words: Mailbox<ProgramEvent>
    private let tally: RolloutTally
    private let logger: Logger
    private let clock = ContinuousClock()
    private let start: ContinuousClock.Instant
    private var state: RolloutState
    private var program: (any RolloutProgram)?
    /// What libzmq had no room for yet, in order. Bounded; what is dropped is told again.
    private var outbox: [Envelope] = []
    private var ending: Result<Void, RolloutError>?

    init(
        _ configuration: RolloutNode.Configuration, wishes: Mailbox<RolloutNode.RolloutRequest>, wakeup: Wakeup,
        tally: RolloutTally, context: Context?, logger: Logger
    ) throws(RolloutError) {
        do {
            socket = try Self.connect(to: configuration.coordinator, context)
        } catch {
            throw .socket(error)
        }
        poller = Poller(wakeup: wakeup)
        // A program that says more than is drained waits.
        words = Mailbox(capacity: 4096, wakeup: wakeup)
        self.configuration = configuration
        self.wishes = wishes
        self.tally = tally
        self.logger = logger
        start = clock.now
        state = RolloutState(configuration.machine, seed: UInt64.random(in: .min ... .max))
    }

    private static func connect(to endpoint: Endpoint, _ context: Context?) throws(ZeroMQError) -> Socket {
        var options = SocketOptions()
        options.frameBytesMax = Limits.messageBytesMax
        options.framesMax = Limits.framesMax
        let socket = try Socket(.dealer, in: try own(context), options: options)
        try socket.connect(endpoint)
        return socket
    }

    private static func own(_ context: Context?) throws(ZeroMQError) -> Context {
        if let context { return context }
        return try Context()
    }

    private var now: Cluster.Instant { Cluster.Instant(clock.now - start) }

    mutating func run() throws(RolloutError) {
        logger.info("rollout worker started", metadata: ["coordinator": "\(configuration.coordinator)"])
        do {
            try carryOut(state.handle(.started, at: now))
            while ending == nil {
                let wait = max(.zero, min(state.nextDeadline - now, .milliseconds(500)))
                _ = try poller.wait(socket, timeout: wait)
                try turn()
            }
        } catch {
            ending = .failure(.socket(error))
        }
        endProgram()
        let counts = tally.value
        logger.info(
            "rollout worker left",
            metadata: [
                "assignments": "\(counts.assignments)", "rollouts": "\(counts.rollouts)",
                "recorded": "\(counts.recorded)", "superseded": "\(counts.superseded)",
                "rejected": "\(counts.rejected)", "bad_lines": "\(counts.badLines)", "deaths": "\(counts.deaths)",
            ])
        try ending?.get()
    }

    private mutating func turn() throws(ZeroMQError) {
        for _ in wishes.drain() { try carryOut(state.handle(.drainRequested, at: now)) }
        for word in words.drain() { try hear(word) }
        receiving: while ending == nil {
            switch try socket.receive() {
            case .nothing: break receiving
            case .refused(_, let frames, let bytes):
                logger.warning("message over the limits", metadata: ["frames": "\(frames)", "bytes": "\(bytes)"])
            case .message(let message):
                do {
                    let envelope = try Envelope(frames: message.frames.map { $0.copyBytes() })
                    try carryOut(state.handle(.received(envelope), at: now))
                } catch let error as WireError {
                    logger.warning("message refused", metadata: ["reason": "\(error)"])
                } catch let error as ZeroMQError {
                    throw error
                } catch {
                    preconditionFailure("decoding and sending throw wire and socket errors only, not \(error)")
                }
            }
        }
        if state.nextDeadline <= now { try carryOut(state.handle(.tick, at: now)) }
        try flush()
    }

    private mutating func hear(_ word: ProgramEvent) throws(ZeroMQError) {
        switch word {
        case .report(let report):
            tally.change { $0.rollouts += report.count }
            try carryOut(state.handle(.reported(report), at: now))
        case .badLine(let number, let problem):
            tally.change { $0.badLines += 1 }
            logger.warning("line of the program passed over", metadata: ["line": "\(number)", "reason": "\(problem)"])
        case .ended(let reason):
            program = nil
            tally.change { $0.deaths += 1 }
            logger.warning("program ended", metadata: ["how": "\(reason)"])
            try carryOut(state.handle(.programDied(reason), at: now))
        }
    }

    private mutating func carryOut(_ actions: [RolloutState.Action]) throws(ZeroMQError) {
        for action in actions {
            switch action {
            case .send(let envelope): outbox.append(envelope)
            case .launch: launch()
            case .run(let assignment):
                tally.change { $0.assignments += 1 }
                program?.give(assignment)
            case .kill:
                logger.warning("program says nothing any more and is ended")
                program?.stop()
            case .fault(let fault):
                tally.change { $0.badLines += 1 }
                logger.warning("report of the program passed over", metadata: ["reason": "\(fault)"])
            case .settled(let recorded): settle(recorded)
            case .exit(let exit): leave(exit)
            }
        }
        try flush()
    }

    private mutating func launch() {
        do throws(RolloutError) {
            switch configuration.work {
            case .process(let command):
                program = try ProcessProgram(
                    command, lineBytesMax: configuration.lineBytesMax, graceTime: configuration.graceTime, words: words)
            case .simulated(let rates, let seconds, let seed):
                program = try SimulatedProgram(rates, seconds: seconds, seed: seed, words: words)
            }
        } catch {
            // The machine hears of it as of any other death, and tries again.
            _ = words.send(.ended("\(error)"))
        }
    }

    private func settle(_ recorded: RewardsRecorded) {
        switch recorded.verdict {
        case .recorded: tally.change { $0.recorded += 1 }
        case .superseded:
            tally.change { $0.superseded += 1 }
            logger.info("rewards superseded", metadata: ["assignment": "\(recorded.name)"])
        case .rejected:
            tally.change { $0.rejected += 1 }
            logger.error(
                "rewards rejected", metadata: ["assignment": "\(recorded.name)", "reason": "\(recorded.message)"])
        }
    }

    /// Sends what waits. Without a connection only the latest words matter: what is older is said again.
    private mutating func flush() throws(ZeroMQError) {
        var sent = 0
        for envelope in outbox {
            guard try socket.send(ZeroMQ.Message(envelope.frames.map { Frame($0) })) == .sent else { break }
            sent += 1
        }
        outbox.removeFirst(sent)
        if outbox.count > Self.outboxMax { outbox.removeFirst(outbox.count - Self.outboxMax) }
    }

    private static let outboxMax = 2 * Limits.assignmentsMax

    private mutating func leave(_ exit: RolloutState.Exit) {
        switch exit {
        case .drained: ending = .success(())
        case .refused(_, let message): ending = .failure(.refused(message))
        case .abandoned(let time):
            ending = .failure(.abandoned(after: time, endpoint: configuration.coordinator))
        case .programFailed(let deaths, let reason): ending = .failure(.programFailed(deaths: deaths, reason))
        }
    }

    /// Ends the program and waits for it, no longer than it says that it may take.
    private mutating func endProgram() {
        guard let program else { return }
        program.stop()
        let deadline = clock.now + program.stopTimeMax
        while clock.now < deadline {
            for word in words.drain() { if case .ended = word { return } }
            _ = poller.wakeup.wait(for: deadline - clock.now)
        }
        logger.error("program does not end", metadata: ["waited": "\(program.stopTimeMax)"])
    }
}
