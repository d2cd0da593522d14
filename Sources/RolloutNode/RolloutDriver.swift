import Cluster
import Logging
import Threads
import Traces
import Transport
import Wire
import ZeroMQ

/// Runs the rollout worker's state machine on the channel's thread, and the program beside it.
struct RolloutDriver: PeerDriver {
    private let configuration: RolloutNode.Configuration
    private let requests: Mailbox<RolloutNode.Request>
    private let programEvents: Mailbox<ProgramEvent>
    private let counts: SharedValue<RolloutNode.Counts>
    private let logger: Logger
    private var state: RolloutState
    private var program: (any RolloutProgram)?
    private var spans = OpenSpans<AssignmentName>(max: 4096)
    private var ending: Result<Void, RolloutError>?

    /// Requests and events of the program wake the same thread.
    init(
        _ configuration: RolloutNode.Configuration, requests: Mailbox<RolloutNode.Request>,
        counts: SharedValue<RolloutNode.Counts>, logger: Logger
    ) {
        self.configuration = configuration
        self.requests = requests
        // A program that writes faster than the mailbox is drained waits.
        programEvents = Mailbox(capacity: 4096, wakeup: requests.wakeup)
        self.counts = counts
        self.logger = logger
        state = RolloutState(configuration.machine, seed: UInt64.random(in: .min ... .max))
    }

    var nextDeadline: Duration { state.nextDeadline.offset }
    var hasEnded: Bool { ending != nil }

    mutating func handle(_ input: PeerInput, at now: Duration) -> [Envelope] {
        let now = Instant(now)
        switch input {
        case .started: return carryOut(state.handle(.started, at: now))
        case .received(let envelope):
            begin(envelope)
            return carryOut(state.handle(.received(envelope), at: now))
        case .deadline: return carryOut(state.handle(.tick, at: now))
        case .mailboxes:
            return requests.drain().flatMap { _ in carryOut(state.handle(.drainRequested, at: now)) }
                + programEvents.drain().flatMap { receive($0, at: now) }
        }
    }

    /// Ends the program and logs the counts; throws why the rollout worker left, unless it was asked to.
    mutating func finish() throws(RolloutError) {
        endProgram()
        let counts = counts.value
        logger.info(
            "rollout worker left",
            metadata: [
                "assignments": "\(counts.assignments)", "rollouts": "\(counts.rollouts)",
                "recorded": "\(counts.recorded)", "superseded": "\(counts.superseded)",
                "rejected": "\(counts.rejected)", "bad_lines": "\(counts.badLines)", "deaths": "\(counts.deaths)",
            ])
        try ending?.get()
    }

    private mutating func receive(_ event: ProgramEvent, at now: Instant) -> [Envelope] {
        switch event {
        case .report(let report):
            counts.change { $0.rollouts += report.count }
            return carryOut(state.handle(.reported(report), at: now))
        case .badLine(let number, let problem):
            counts.change { $0.badLines += 1 }
            logger.warning(
                "line of the program ignored", metadata: ["line": "\(number)", "reason": "\(problem)"])
            return []
        case .ended(let reason):
            program = nil
            counts.change { $0.deaths += 1 }
            logger.warning("program ended", metadata: ["how": "\(reason)"])
            return carryOut(state.handle(.programDied(reason), at: now))
        }
    }

    private mutating func carryOut(_ actions: [RolloutState.Action]) -> [Envelope] {
        var envelopes: [Envelope] = []
        for action in actions {
            switch action {
            case .send(var envelope):
                end(&envelope)
                envelopes.append(envelope)
            case .launch: launch()
            case .run(let assignment):
                counts.change { $0.assignments += 1 }
                program?.run(assignment)
            case .kill:
                logger.warning("program is silent for too long and is ended")
                program?.stop()
            case .fault(let fault):
                counts.change { $0.badLines += 1 }
                logger.warning("report of the program ignored", metadata: ["reason": "\(fault)"])
            case .settled(let recorded): settle(recorded)
            case .exit(let exit): leave(exit)
            }
        }
        return envelopes
    }

    /// A span of an assignment that belongs to a trace.
    private mutating func begin(_ envelope: Envelope) {
        guard let tracer = configuration.tracer, let parent = envelope.trace,
            case .assignment(let assignment) = envelope.message
        else { return }
        let span = tracer.start("rollout", .server, parent: parent)
        span.set("statezero.worker", configuration.machine.peer.name)
        span.set("statezero.rollouts", assignment.n)
        spans.open(assignment.name, span)
    }

    private mutating func end(_ envelope: inout Envelope) {
        switch envelope.message {
        case .rewards(let rewards):
            let span = spans.close(rewards.name)
            span?.set("statezero.rewards", rewards.rewards.count)
            span?.set("statezero.failed", rewards.failed)
            span?.end()
            envelope.trace = span?.context
        case .assignmentReturned(let name, let reason): spans.close(name)?.end(failure: "returned: \(reason)")
        default: break
        }
    }

    private mutating func launch() {
        do throws(RolloutError) {
            switch configuration.work {
            case .process(let command):
                program = try ProcessProgram(
                    command, lineBytesMax: configuration.lineBytesMax, graceTime: configuration.graceTime,
                    events: programEvents)
            case .simulated(let rates, let seconds, let seed):
                program = try SimulatedProgram(rates, seconds: seconds, seed: seed, events: programEvents)
            }
        } catch {
            // The state machine handles it like any other death, and tries again.
            _ = programEvents.send(.ended("\(error)"))
        }
    }

    private func settle(_ recorded: RewardsRecorded) {
        switch recorded.verdict {
        case .recorded: counts.change { $0.recorded += 1 }
        case .superseded:
            counts.change { $0.superseded += 1 }
            logger.info("rewards superseded", metadata: ["assignment": "\(recorded.name)"])
        case .rejected:
            counts.change { $0.rejected += 1 }
            logger.error(
                "rewards rejected", metadata: ["assignment": "\(recorded.name)", "reason": "\(recorded.message)"])
        }
    }

    private mutating func leave(_ exit: RolloutState.Exit) {
        switch exit {
        case .drained: ending = .success(())
        case .refused(_, let message): ending = .failure(.refused(message))
        case .abandoned(let time):
            ending = .failure(.abandoned(after: time, endpoint: configuration.coordinator))
        case .programFailed(let deaths, let reason): ending = .failure(.programFailed(deaths: deaths, reason))
        }
    }

    /// Ends the program and waits for it, at most its `stopTimeMax`.
    private mutating func endProgram() {
        guard let program else { return }
        program.stop()
        let clock = ContinuousClock()
        let deadline = clock.now + program.stopTimeMax
        while clock.now < deadline {
            for event in programEvents.drain() { if case .ended = event { return } }
            _ = programEvents.wakeup.wait(for: deadline - clock.now)
        }
        logger.error("program does not end", metadata: ["waited": "\(program.stopTimeMax)"])
    }
}
