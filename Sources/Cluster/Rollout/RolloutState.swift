import DequeModule
import Scoring
import Wire

/// The rollout worker's decisions: what to give to its program, when to say what it came to, when to leave.
///
/// The program is any process that makes rollouts. The driver owns it and the socket; it is told to `launch` and `run`
/// and says what the program reported and that it died. What was reported is repeated until the coordinator has recorded
/// it, across connections and lives of either side.
public struct RolloutState: Sendable {
    private enum Phase: Equatable {
        /// Said Hello, waiting for Welcome.
        case introducing(retryAt: Instant, pause: Duration)
        case registered
        case gone
    }

    private enum Program: Equatable {
        case running
        case dead(relaunchAt: Instant)
        /// Told to end.
        case ending
    }

    /// Rewards that wait to be recorded.
    private struct Report {
        let rewards: Rewards
        var nextAt: Instant
        var pause: Duration
    }

    // MARK: State

    private let configuration: Configuration
    private var chance: SeededGenerator
    /// One life; a new one is drawn when the coordinator has declared this one dead.
    public private(set) var incarnation: UInt64
    private var phase: Phase
    private var generation: UInt64 = 0
    private var heartbeatInterval: Duration
    private var lastHeard: Instant = .zero
    private var lastBeat: Instant = .zero
    /// Not with the program, in the order in which it is to get them.
    private var waiting: Deque<RolloutTask> = []
    /// With the program.
    private var running: [RolloutTask] = []
    private var unrecorded: [Report] = []
    /// Names that were in hand once, so that a late copy of an assignment is not run again.
    private var former: Deque<AssignmentName> = []
    private var program = Program.dead(relaunchAt: .zero)
    /// In a row, without a report between them.
    private var deaths = 0
    /// Why the rollout worker drains, when it does.
    private var leaving: Exit?
    /// Dismissed with rollouts that may never end: nothing is granted behind them until the program says something.
    private var isStuck = false
    private var progress: UInt64 = 0

    /// Before `started`. `seed` must differ between lives of a process.
    public init(_ configuration: Configuration, seed: UInt64) {
        precondition(configuration.slots > 0 && configuration.credit.rows > 0, "a rollout worker that takes nothing")
        self.configuration = configuration
        chance = SeededGenerator(seed: seed)
        incarnation = chance.next()
        heartbeatInterval = configuration.timing.heartbeatInterval
        phase = .introducing(retryAt: .zero, pause: configuration.timing.heartbeatInterval)
    }

    // MARK: Events

    /// Decides. Cost: in proportion to what is in hand.
    public mutating func handle(_ event: Event, at now: Instant) -> [Action] {
        guard phase != .gone else { return [] }
        var actions: [Action] = []
        switch event {
        case .started:
            lastHeard = now
            launch(&actions)
            introduce(at: now, &actions)
        case .received(let envelope): receive(envelope, at: now, &actions)
        case .reported(let report): take(report, at: now, &actions)
        case .programDied(let reason): bury(reason, at: now, &actions)
        case .drainRequested: drain(.drained, &actions)
        case .tick: tick(at: now, &actions)
        }
        startNext(at: now, &actions)
        leaveIfDrained(&actions)
        return actions
    }

    /// When `tick` is due next.
    public var nextDeadline: Instant {
        var next: Instant
        switch phase {
        case .introducing(let retryAt, _): next = retryAt
        case .registered: next = unrecorded.map(\.nextAt).reduce(lastBeat + heartbeatInterval, min)
        case .gone: return lastHeard + configuration.abandonTime
        }
        if case .dead(let relaunchAt) = program, leaving == nil { next = min(next, relaunchAt) }
        next = min(next, lastHeard + patience)
        return running.map { $0.lastWord + configuration.silenceTime }.reduce(next, min)
    }

    private mutating func receive(_ envelope: Envelope, at now: Instant, _ actions: inout [Action]) {
        lastHeard = now
        switch envelope.message {
        case .welcome(let welcome) where welcome.incarnation == incarnation:
            // Another life of the coordinator takes over what a heartbeat names, so nothing is dropped for it.
            generation = envelope.generation
            heartbeatInterval = welcome.heartbeatInterval
            phase = .registered
            beat(at: now, &actions)
            for place in unrecorded.indices { tell(place, pause: Self.firstPause, at: now, &actions) }
        case .refused(let reason, let message):
            leave(.refused(reason, message: message), &actions)
        case .whoAreYou:
            // While draining too: rewards that are still to be told must be let in.
            introduce(at: now, &actions)
        case .dismissed(let dismissed) where dismissed == incarnation:
            incarnation = chance.next()
            isStuck = !running.isEmpty
            orphan()
            introduce(at: now, &actions)
        case .assignment(let assignment):
            take(assignment, &actions)
        case .rewardsRecorded(let recorded):
            guard let place = unrecorded.firstIndex(where: { $0.rewards.name == recorded.name }) else { break }
            forget(unrecorded.remove(at: place).rewards.name)
            actions.append(.settled(recorded))
        default:
            break  // Nothing else is said to a rollout worker, and what is not understood is ignored.
        }
    }

    // MARK: Work

    private mutating func take(_ assignment: Assignment, _ actions: inout [Action]) {
        let name = assignment.name
        guard !isKnown(name), assignment.n > 0 else { return }
        guard leaving == nil else { return giveBack(name, .draining, &actions) }
        // The coordinator counts what it lent; what it took back may still be here. The bound is ours to keep.
        guard waiting.count < configuration.credit.rows, inHandCount < Limits.assignmentsMax else {
            return giveBack(name, .overCredit, &actions)
        }
        waiting.append(RolloutTask(assignment))
    }

    private mutating func startNext(at now: Instant, _ actions: inout [Action]) {
        guard program == .running, phase != .gone else { return }
        while running.count < configuration.slots, var task = waiting.popFirst() {
            task.lastWord = now
            actions.append(.run(task.rest))
            running.append(task)
        }
    }

    private mutating func take(_ report: RolloutReport, at now: Instant, _ actions: inout [Action]) {
        guard let place = running.firstIndex(where: { $0.label == report.assignment }) else {
            return actions.append(.fault(.unknownAssignment(report.assignment)))
        }
        guard report.rewards.allSatisfy(\.isFinite), report.failed >= 0,
            report.references.isEmpty || report.references.count == report.rewards.count
        else { return actions.append(.fault(.malformed(report.assignment))) }
        progress += 1
        deaths = 0
        isStuck = false
        running[place].lastWord = now
        let extra = running[place].add(report)
        if extra > 0 { actions.append(.fault(.tooMany(report.assignment, extra: extra))) }
        guard running[place].missing == 0 else { return }
        let result = running.remove(at: place).result
        unrecorded.append(Report(rewards: result, nextAt: now, pause: Self.firstPause))
        if phase == .registered { tell(unrecorded.count - 1, pause: Self.firstPause, at: now, &actions) }
    }

    /// What runs is nobody's loan any more, and what waits is lent to others: this life was declared dead.
    private mutating func orphan() {
        for task in waiting { forget(task.assignment.name) }
        waiting.removeAll()
        for place in running.indices { running[place].isOrphan = true }
    }

    private mutating func giveBack(_ name: AssignmentName, _ reason: AssignmentReturn, _ actions: inout [Action]) {
        forget(name)
        send(.assignmentReturned(name, reason), &actions)
    }

    private mutating func giveBack(_ task: RolloutTask, _ reason: AssignmentReturn, _ actions: inout [Action]) {
        if task.isOrphan { return forget(task.assignment.name) }
        giveBack(task.assignment.name, reason, &actions)
    }

    private func isKnown(_ name: AssignmentName) -> Bool {
        waiting.contains { $0.assignment.name == name } || running.contains { $0.assignment.name == name }
            || unrecorded.contains { $0.rewards.name == name } || former.contains(name)
    }

    private mutating func forget(_ name: AssignmentName) {
        former.append(name)
        if former.count > Self.formerMax { former.removeFirst() }
    }

    private var inHandCount: Int { waiting.count + running.count + unrecorded.count }

    // MARK: The program

    private mutating func launch(_ actions: inout [Action]) {
        program = .running
        actions.append(.launch)
    }

    /// What the program had is given to the next one, or back when it was there at two deaths.
    private mutating func bury(_ reason: String, at now: Instant, _ actions: inout [Action]) {
        deaths += 1
        isStuck = false
        let pause = min(Self.relaunchPause * (1 << min(deaths - 1, 10)), Self.relaunchPauseMax)
        program = .dead(relaunchAt: now + pause)
        for var task in running.reversed() {
            task.deaths += 1
            if task.deaths >= Self.taskDeathsMax || task.isOrphan || leaving != nil {
                giveBack(task, .programDied, &actions)
            } else {
                waiting.prepend(task)
            }
        }
        running.removeAll()
        if deaths >= configuration.deathsMax { drain(.programFailed(deaths: deaths, reason), &actions) }
    }

    private mutating func watchProgram(at now: Instant, _ actions: inout [Action]) {
        if case .dead(let relaunchAt) = program, leaving == nil, now >= relaunchAt { launch(&actions) }
        guard program == .running else { return }
        let silent = running.filter { now - $0.lastWord >= configuration.silenceTime }
        guard !silent.isEmpty else { return }
        if silent.count == running.count {
            program = .ending
            return actions.append(.kill)
        }
        running.removeAll { now - $0.lastWord >= configuration.silenceTime }
        for task in silent { giveBack(task, .programDied, &actions) }
    }

    // MARK: Speaking

    /// What is granted now. Orphans take slots that the coordinator does not count; a program that is not there, and
    /// one that may hang, get nothing.
    private var grant: Credit {
        guard leaving == nil, !isStuck, program == .running else { return .none }
        let rows = max(0, configuration.credit.rows - running.count(where: \.isOrphan))
        return rows == 0 ? .none : Credit(rows: rows, tokens: configuration.credit.tokens)
    }

    private mutating func introduce(at now: Instant, _ actions: inout [Action]) {
        var pause = configuration.timing.heartbeatInterval
        if case .introducing(_, let former) = phase { pause = min(former * 2, .seconds(32)) }
        // Jitter, so that a thousand workers do not come back in the same instant.
        phase = .introducing(retryAt: now + pause * (0.75 + 0.5 * chance.unit()), pause: pause)
        send(.hello(Hello(role: .rollout(grant), name: configuration.name, incarnation: incarnation)), &actions)
    }

    private mutating func beat(at now: Instant, _ actions: inout [Action]) {
        lastBeat = now
        let names =
            running.map(\.assignment.name) + waiting.map(\.assignment.name) + unrecorded.map(\.rewards.name)
        send(
            .heartbeat(
                Heartbeat(incarnation: incarnation, credit: grant, progress: progress, assignments: names)), &actions)
    }

    /// Sends rewards, and sets when they are sent again.
    private mutating func tell(_ place: Int, pause: Duration, at now: Instant, _ actions: inout [Action]) {
        unrecorded[place].pause = pause
        unrecorded[place].nextAt = now + pause
        send(.rewards(unrecorded[place].rewards), &actions)
    }

    private mutating func tick(at now: Instant, _ actions: inout [Action]) {
        if now - lastHeard >= patience { return leave(.abandoned(after: now - lastHeard), &actions) }
        watchProgram(at: now, &actions)
        switch phase {
        case .introducing(let retryAt, _):
            if now >= retryAt { introduce(at: now, &actions) }
        case .registered:
            if now - lastBeat >= heartbeatInterval { beat(at: now, &actions) }
            for place in unrecorded.indices where now >= unrecorded[place].nextAt {
                tell(place, pause: min(unrecorded[place].pause * 2, .seconds(32)), at: now, &actions)
            }
        case .gone: break
        }
    }

    private func send(_ message: Message, _ actions: inout [Action]) {
        actions.append(.send(Envelope(generation: generation, message)))
    }

    // MARK: Leaving

    /// How long a silent coordinator is waited for.
    private var patience: Duration {
        leaving == nil || !running.isEmpty
            ? configuration.abandonTime : min(configuration.abandonTime, Self.drainPatience)
    }

    private mutating func drain(_ reason: Exit, _ actions: inout [Action]) {
        guard leaving == nil else { return }
        leaving = reason
        send(.drain, &actions)
        let back: AssignmentReturn = reason == .drained ? .draining : .programDied
        for task in waiting { giveBack(task, back, &actions) }
        waiting.removeAll()
    }

    private mutating func leaveIfDrained(_ actions: inout [Action]) {
        guard phase != .gone, let leaving, running.isEmpty, unrecorded.isEmpty else { return }
        send(.bye, &actions)
        leave(leaving, &actions)
    }

    private mutating func leave(_ exit: Exit, _ actions: inout [Action]) {
        phase = .gone
        actions.append(.exit(exit))
    }

    // MARK: Constants

    /// Until rewards are told again for the first time; it doubles up to 32 s.
    private static let firstPause: Duration = .seconds(2)
    /// From a death of the program to its next life, for the first death in a row; it doubles.
    private static let relaunchPause: Duration = .milliseconds(500)
    private static let relaunchPauseMax: Duration = .seconds(30)
    /// An assignment that was there when a program died twice is somebody else's to try.
    private static let taskDeathsMax = 2
    private static let drainPatience: Duration = .seconds(60)
    private static let formerMax = 1024

    /// What is always true of a rollout worker; each sentence found broken.
    public var brokenInvariants: [String] {
        var broken: [String] = []
        if running.count > configuration.slots { broken.append("\(running.count) run in \(configuration.slots) slots") }
        if waiting.count > configuration.credit.rows + configuration.slots { broken.append("\(waiting.count) wait") }
        if case .dead = program, !running.isEmpty { broken.append("\(running.count) run without a program") }
        let names =
            running.map(\.assignment.name) + waiting.map(\.assignment.name) + unrecorded.map(\.rewards.name)
        if Set(names).count != names.count { broken.append("an assignment is in hand twice") }
        if !former.allSatisfy({ !names.contains($0) }) { broken.append("an assignment in hand is forgotten") }
        for task in running where task.missing < 1 || task.missing > task.assignment.n {
            broken.append("\(task.label) runs with \(task.missing) of \(task.assignment.n) missing")
        }
        if phase != .gone, leaving != nil, !waiting.isEmpty { broken.append("something waits while draining") }
        return broken
    }
}
