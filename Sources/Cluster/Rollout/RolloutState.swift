import DequeModule
import Wire

/// The rollout worker's decisions: what to give to its program, when to send rewards, when to leave.
///
/// The program is any process that makes rollouts. The driver owns it and the socket: it carries out `launch` and `run`
/// and answers with what the program reported and that it died. Rewards are repeated until the coordinator has recorded
/// them, across connections and restarts of the coordinator.
public struct RolloutState: Sendable {
    private enum Phase: Equatable {
        /// Hello is sent, a Welcome is awaited.
        case introducing
        case registered
        case gone
    }

    private enum Program: Equatable {
        case running
        case dead(relaunchAt: Instant)
        /// `kill` was sent; its death is awaited.
        case ending
    }

    /// Rewards that wait to be recorded.
    private struct UnrecordedRewards {
        let rewards: Rewards
        var repeatAt: Instant
        var pause: Duration
    }

    // MARK: State

    private let configuration: Configuration
    private var session: CoordinatorSession
    private var phase = Phase.introducing
    /// Not yet given to the program, in order.
    private var waiting: Deque<RolloutTask> = []
    /// Given to the program.
    private var running: [RolloutTask] = []
    private var unrecorded: [UnrecordedRewards] = []
    /// Names that were held before, so that a late copy of an assignment is not run again.
    private var finished: Deque<AssignmentName> = []
    private var program = Program.dead(relaunchAt: .zero)
    /// In a row, without a report between them.
    private var deaths = 0
    /// Why the rollout worker drains, when it does.
    private var leaving: Exit?
    /// Dismissed with rollouts that may never end: nothing is granted until the program reports.
    private var isStuck = false
    private var progress: UInt64 = 0

    /// Before `started`. `seed` must differ between runs of a process.
    public init(_ configuration: Configuration, seed: UInt64) {
        precondition(
            configuration.slots > 0 && configuration.credit.rows > 0, "a rollout worker without slots or credit")
        self.configuration = configuration
        session = CoordinatorSession(configuration.peer.timing, seed: seed)
    }

    /// Names this incarnation; a new one is drawn when the coordinator has declared it dead.
    public var incarnation: UInt64 { session.incarnation }

    // MARK: Events

    /// Decides. Cost: in proportion to the assignments held.
    public mutating func handle(_ event: Event, at now: Instant) -> [Action] {
        guard phase != .gone else { return [] }
        var actions: [Action] = []
        switch event {
        case .started:
            session.received(at: now)
            launch(&actions)
            introduce(at: now, &actions)
        case .received(let envelope): receive(envelope, at: now, &actions)
        case .reported(let report): receive(report, at: now, &actions)
        case .programDied(let reason): recordDeath(reason, at: now, &actions)
        case .drainRequested: drain(.drained, &actions)
        case .tick: tick(at: now, &actions)
        }
        startNext(at: now, &actions)
        leaveIfDrained(&actions)
        return actions
    }

    /// When `tick` is due next.
    public var nextDeadline: Instant {
        let lastReceived = session.lastReceived ?? .zero
        var next: Instant
        switch phase {
        case .introducing: next = session.helloAt
        case .registered: next = unrecorded.map(\.repeatAt).reduce(session.heartbeatAt, min)
        case .gone: return lastReceived + configuration.peer.abandonTime
        }
        if case .dead(let relaunchAt) = program, leaving == nil { next = min(next, relaunchAt) }
        next = min(next, lastReceived + abandonTime)
        return running.map { $0.lastReport + configuration.silenceTime }.reduce(next, min)
    }

    private mutating func receive(_ envelope: Envelope, at now: Instant, _ actions: inout [Action]) {
        session.received(at: now)
        switch envelope.message {
        case .welcome(let welcome) where welcome.incarnation == incarnation:
            // Another generation of the coordinator renews the leases of what a heartbeat names, so nothing is dropped.
            session.enter(generation: envelope.generation)
            session.setHeartbeatInterval(welcome.heartbeatInterval)
            phase = .registered
            sendHeartbeat(at: now, &actions)
            for place in unrecorded.indices { sendRewards(place, pause: Self.firstPause, at: now, &actions) }
        case .refused(let reason, let message):
            leave(.refused(reason, message: message), &actions)
        case .drain:
            drain(.drained, &actions)
        case .whoAreYou:
            // While draining too: rewards that are not recorded yet can only be sent after a Welcome.
            introduce(at: now, &actions)
        case .dismissed(let dismissed) where dismissed == incarnation:
            session.renewIncarnation()
            isStuck = !running.isEmpty
            orphanTasks()
            introduce(at: now, &actions)
        case .assignment(let assignment):
            append(assignment, &actions)
        case .rewardsRecorded(let recorded):
            guard let place = unrecorded.firstIndex(where: { $0.rewards.name == recorded.name }) else { break }
            forget(unrecorded.remove(at: place).rewards.name)
            actions.append(.settled(recorded))
        default:
            break  // A rollout worker gets no other messages; an unknown one is ignored.
        }
    }

    // MARK: Work

    private mutating func append(_ assignment: Assignment, _ actions: inout [Action]) {
        let name = assignment.name
        guard !isKnown(name), assignment.n > 0 else { return }
        guard leaving == nil else { return sendBack(name, .draining, &actions) }
        // Assignments whose lease has ended may still be here. So the bound is checked here too.
        guard waiting.count < configuration.credit.rows, heldCount < Limits.assignmentsMax else {
            return sendBack(name, .overCredit, &actions)
        }
        waiting.append(RolloutTask(assignment))
    }

    private mutating func startNext(at now: Instant, _ actions: inout [Action]) {
        guard program == .running, phase != .gone else { return }
        while running.count < configuration.slots, var task = waiting.popFirst() {
            task.lastReport = now
            actions.append(.run(task.rest))
            running.append(task)
        }
    }

    private mutating func receive(_ report: RolloutReport, at now: Instant, _ actions: inout [Action]) {
        guard let place = running.firstIndex(where: { $0.label == report.assignment }) else {
            return actions.append(.fault(.unknownAssignment(report.assignment)))
        }
        guard report.rewards.allSatisfy(\.isFinite), report.failed >= 0,
            report.references.isEmpty || report.references.count == report.rewards.count
        else { return actions.append(.fault(.malformed(report.assignment))) }
        progress += 1
        deaths = 0
        isStuck = false
        running[place].lastReport = now
        let extra = running[place].add(report)
        if extra > 0 { actions.append(.fault(.tooMany(report.assignment, extra: extra))) }
        guard running[place].missing == 0 else { return }
        let result = running.remove(at: place).result
        unrecorded.append(UnrecordedRewards(rewards: result, repeatAt: now, pause: Self.firstPause))
        if phase == .registered { sendRewards(unrecorded.count - 1, pause: Self.firstPause, at: now, &actions) }
    }

    /// This incarnation was declared dead: what waits is lent to others, what runs has no lease any more.
    private mutating func orphanTasks() {
        for task in waiting { forget(task.assignment.name) }
        waiting.removeAll()
        for place in running.indices { running[place].isOrphan = true }
    }

    private mutating func sendBack(_ name: AssignmentName, _ reason: AssignmentReturn, _ actions: inout [Action]) {
        forget(name)
        send(.assignmentReturned(name, reason), &actions)
    }

    private mutating func sendBack(_ task: RolloutTask, _ reason: AssignmentReturn, _ actions: inout [Action]) {
        if task.isOrphan { return forget(task.assignment.name) }
        sendBack(task.assignment.name, reason, &actions)
    }

    private func isKnown(_ name: AssignmentName) -> Bool {
        waiting.contains { $0.assignment.name == name } || running.contains { $0.assignment.name == name }
            || unrecorded.contains { $0.rewards.name == name } || finished.contains(name)
    }

    private mutating func forget(_ name: AssignmentName) {
        finished.append(name)
        if finished.count > Self.finishedMax { finished.removeFirst() }
    }

    private var heldCount: Int { waiting.count + running.count + unrecorded.count }

    // MARK: The program

    private mutating func launch(_ actions: inout [Action]) {
        program = .running
        actions.append(.launch)
    }

    /// Tasks of a program that died are given to the next program; those that were running at two deaths are returned.
    private mutating func recordDeath(_ reason: String, at now: Instant, _ actions: inout [Action]) {
        deaths += 1
        isStuck = false
        let pause = min(Self.relaunchPause * (1 << min(deaths - 1, 10)), Self.relaunchPauseMax)
        program = .dead(relaunchAt: now + pause)
        for var task in running.reversed() {
            task.deaths += 1
            if task.deaths >= Self.taskDeathsMax || task.isOrphan || leaving != nil {
                sendBack(task, .programDied, &actions)
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
        let silent = running.filter { now - $0.lastReport >= configuration.silenceTime }
        guard !silent.isEmpty else { return }
        if silent.count == running.count {
            program = .ending
            return actions.append(.kill)
        }
        running.removeAll { now - $0.lastReport >= configuration.silenceTime }
        for task in silent { sendBack(task, .programDied, &actions) }
    }

    // MARK: Hello, heartbeats and rewards

    /// What is granted now. Orphaned tasks use slots that the coordinator does not count. Nothing is granted without a
    /// program, or to one that may hang.
    private var grant: Credit {
        guard leaving == nil, !isStuck, program == .running else { return .none }
        let rows = max(0, configuration.credit.rows - running.count(where: \.isOrphan))
        return rows == 0 ? .none : Credit(rows: rows, tokens: configuration.credit.tokens)
    }

    private mutating func introduce(at now: Instant, _ actions: inout [Action]) {
        session.sentHello(isRepetition: phase == .introducing, at: now)
        phase = .introducing
        send(
            .hello(Hello(role: .rollout(grant), name: configuration.peer.name, incarnation: incarnation)), &actions)
    }

    private mutating func sendHeartbeat(at now: Instant, _ actions: inout [Action]) {
        session.sent(at: now)
        send(
            .heartbeat(
                Heartbeat(incarnation: incarnation, credit: grant, progress: progress, assignments: heldNames)),
            &actions)
    }

    private var heldNames: [AssignmentName] {
        running.map(\.assignment.name) + waiting.map(\.assignment.name) + unrecorded.map(\.rewards.name)
    }

    /// Sends rewards, and sets when they are sent again.
    private mutating func sendRewards(_ place: Int, pause: Duration, at now: Instant, _ actions: inout [Action]) {
        unrecorded[place].pause = pause
        unrecorded[place].repeatAt = now + pause
        send(.rewards(unrecorded[place].rewards), &actions)
    }

    private mutating func tick(at now: Instant, _ actions: inout [Action]) {
        if let silence = session.silence(at: now, limit: abandonTime) {
            return leave(.abandoned(after: silence), &actions)
        }
        watchProgram(at: now, &actions)
        switch phase {
        case .introducing:
            if session.isHelloDue(at: now) { introduce(at: now, &actions) }
        case .registered:
            if session.isHeartbeatDue(at: now) { sendHeartbeat(at: now, &actions) }
            for place in unrecorded.indices where now >= unrecorded[place].repeatAt {
                sendRewards(place, pause: min(unrecorded[place].pause * 2, .seconds(32)), at: now, &actions)
            }
        case .gone: break
        }
    }

    private func send(_ message: Message, _ actions: inout [Action]) {
        actions.append(.send(Envelope(generation: session.generation, message)))
    }

    // MARK: Leaving

    /// How long it waits for a silent coordinator.
    private var abandonTime: Duration {
        let usual = configuration.peer.abandonTime
        return leaving == nil || !running.isEmpty ? usual : min(usual, Self.drainAbandonTime)
    }

    private mutating func drain(_ reason: Exit, _ actions: inout [Action]) {
        guard leaving == nil else { return }
        leaving = reason
        send(.drain, &actions)
        let why: AssignmentReturn = reason == .drained ? .draining : .programDied
        for task in waiting { sendBack(task, why, &actions) }
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

    /// From sending rewards to sending them again, the first time; it doubles up to 32 s.
    private static let firstPause: Duration = .seconds(2)
    /// From the program's first death in a row to its next start; it doubles.
    private static let relaunchPause: Duration = .milliseconds(500)
    private static let relaunchPauseMax: Duration = .seconds(30)
    /// An assignment that was running when a program died, twice, is returned for another worker to try.
    private static let taskDeathsMax = 2
    /// How long it waits for a silent coordinator when it drains and nothing runs.
    private static let drainAbandonTime: Duration = .seconds(60)
    private static let finishedMax = 1024

    /// Invariants of a rollout worker that do not hold, a sentence each; empty when all do.
    public var brokenInvariants: [String] {
        var broken: [String] = []
        if running.count > configuration.slots { broken.append("\(running.count) run in \(configuration.slots) slots") }
        if waiting.count > configuration.credit.rows + configuration.slots { broken.append("\(waiting.count) wait") }
        if case .dead = program, !running.isEmpty { broken.append("\(running.count) run without a program") }
        let names = heldNames
        if Set(names).count != names.count { broken.append("an assignment is held twice") }
        if !finished.allSatisfy({ !names.contains($0) }) { broken.append("an assignment is both held and finished") }
        for task in running where task.missing < 1 || task.missing > task.assignment.n {
            broken.append("\(task.label) runs with \(task.missing) of \(task.assignment.n) missing")
        }
        if phase != .gone, leaving != nil, !waiting.isEmpty { broken.append("something waits while draining") }
        return broken
    }
}
