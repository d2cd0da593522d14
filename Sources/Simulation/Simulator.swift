import Cluster
import HeapModule
import Scoring
import Wire

/// A whole cluster in one process from one seed: virtual network, clock and disk, faults, and a check of the invariants
/// after every step.
///
/// The state machines are the real ones; only the drivers are simulated. The same seed gives the same run on every
/// machine, so a failing seed is a bug report.
public struct Simulator {
    /// How a run ended.
    public struct Report: Sendable {
        /// What the run was drawn from.
        public let seed: UInt64
        /// What went wrong, a sentence each; empty for a good run.
        public var broken: [String] = []
        /// Events handled.
        public var steps = 0
        /// Messages sent, with those that were lost.
        public var messages = 0
        /// Rows answered, with poisoned ones.
        public var rows = 0
        /// Rows answered with an error, because they kill workers.
        public var poisonedRows = 0
        /// Rows that two workers computed alike.
        public var verifiedRows = 0
        /// Rows that were to be computed again, and no other worker was there.
        public var unverifiedRows = 0
        /// Workers that were put in quarantine.
        public var quarantined = 0
        /// Groups that trainers trained on.
        public var groups = 0
        /// Rewards in those groups.
        public var rewards = 0
        /// Groups that were recorded and dropped, because their trainer went back.
        public var droppedGroups = 0
        /// Rollouts that look-ahead drew.
        public var rolloutsDrawn = 0
        /// Rows of other tenants that were lent while one waited, at most.
        public var overtakenRows = 0
        /// Plans that were cut at their deadline.
        public var fallbacks = 0
        /// Virtual time until the last job was done.
        public var duration: Duration = .zero
    }

    let faultPlan: FaultPlan
    var random: SeededGenerator
    var now: Instant = .zero
    var queue: Heap<ScheduledEvent> = []
    /// Events scheduled so far.
    var scheduledCount = 0
    var coordinator: SimulatedCoordinator
    var workers: [SimulatedWorker]
    var clients: [SimulatedClient]
    var trainers: [SimulatedTrainer]
    var rollouts: [SimulatedRollout]
    /// Rewards made so far; numbers them.
    var rewardNumber: UInt64 = 0
    var report: Report

    /// Between ticks of the drivers: shorter than any clock of the machines.
    static let tickInterval: Duration = .milliseconds(250)
    /// A run that is not finished by then never will be.
    static let end = Instant(.seconds(3600))

    /// Sets up a run. By default its faults are drawn from the seed.
    public init(seed: UInt64, faultPlan: FaultPlan? = nil) {
        let faultPlan = faultPlan ?? FaultPlan(seed: seed)
        self.faultPlan = faultPlan
        random = SeededGenerator(seed: seed ^ 0x5EED)
        report = Report(seed: seed)
        coordinator = SimulatedCoordinator(seed: seed, faultPlan: faultPlan)
        workers = (0..<faultPlan.workers).map { _ in SimulatedWorker() }
        clients = (0..<faultPlan.clients).map { SimulatedClient(index: $0, faultPlan: faultPlan, seed: seed) }
        trainers = (0..<faultPlan.trainers).map { SimulatedTrainer(index: $0, faultPlan: faultPlan, seed: seed) }
        rollouts = (0..<faultPlan.rollouts).map { _ in SimulatedRollout() }
    }

    /// Runs until every job is done.
    public mutating func run() -> Report {
        schedule(.startCoordinator, after: .milliseconds(random.next() % 2000))
        for index in workers.indices { schedule(.startWorker(index), after: .milliseconds(random.next() % 3000)) }
        for index in clients.indices { schedule(.startClient(index), after: .milliseconds(random.next() % 3000)) }
        for index in trainers.indices { schedule(.startTrainer(index), after: .milliseconds(random.next() % 3000)) }
        for index in rollouts.indices { schedule(.startRollout(index), after: .milliseconds(random.next() % 3000)) }
        for fault in faultPlan.faults { schedule(.fault(fault.1), after: fault.at.offset) }
        schedule(.tick, after: Self.tickInterval)
        while let due = queue.popMin(), report.broken.isEmpty {
            now = due.at
            step(due.kind)
            report.steps += 1
            report.broken += coordinator.brokenInvariants
            if clients.allSatisfy(\.isFinished), trainers.allSatisfy(\.isFinished) { break }
            if now > Self.end {
                report.broken.append(
                    "not finished after \(now.offset): \(clients.map(\.progress)) \(trainers.map(\.progress))")
            }
        }
        report.duration = now.offset
        report.overtakenRows = coordinator.overtakenRows
        if report.broken.isEmpty {
            checkRewards()
            coordinator.checkDurability()
            report.broken += coordinator.brokenInvariants
        }
        for client in clients {
            report.broken += client.wrongAnswers
            report.rows += client.rowsAnswered
            report.poisonedRows += client.poisonedRows
            report.verifiedRows += client.rows { !$0.verifiedBy.isEmpty }
            report.unverifiedRows += client.rows { $0.isUnverified }
        }
        return report
    }

    mutating func schedule(_ kind: ScheduledEvent.Kind, after delay: Duration) {
        queue.insert(ScheduledEvent(at: now + delay, order: scheduledCount, kind: kind))
        scheduledCount += 1
    }

    private mutating func step(_ kind: ScheduledEvent.Kind) {
        switch kind {
        case .toCoordinator(let envelope, let peer):
            guard coordinator.state != nil, coordinator.isConnected(peer) else { return }
            drive(coordinator.handle(.received(envelope, from: peer), at: now))
        case .unroutable(let peer):
            drive(coordinator.handle(.unroutable(peer), at: now))
        case .workerEvent(let index, let life, let event):
            workerEvent(index, life, event)
        case .clientEvent(let index, let life, let event):
            clientEvent(index, life, event)
        case .toTrainer(let index, let life, let envelope): trainerReceives(index, life, envelope)
        case .rolloutEvent(let index, let life, let event): rolloutEvent(index, life, event)
        case .programReport(let index, let life, let program, let report):
            // A program that was killed reports nothing any more.
            guard rollouts[index].programLife == program else { return }
            rolloutEvent(index, life, .reported(report))
        case .startTrainer(let index): startTrainer(index)
        case .startRollout(let index): startRollout(index)
        case .resumeRollout(let index): resumeRollout(index)
        case .worked(let result, let connection):
            guard coordinator.connection == connection, coordinator.state != nil else { return }
            drive(coordinator.handle(.worked(result), at: now))
        case .commit(let connection):
            guard coordinator.connection == connection, coordinator.state != nil else { return }
            commit()
        case .reach(let commits, let connection):
            guard coordinator.connection == connection, coordinator.state != nil else { return }
            reach(commits)
        case .tick: tick()
        case .fault(let fault): apply(fault)
        case .startCoordinator: startCoordinator()
        case .startWorker(let index): startWorker(index)
        case .startClient(let index): startClient(index)
        case .resumeWorker(let index): resumeWorker(index)
        case .healPartition(let index): workers[index].partition = nil
        }
    }

    private mutating func tick() {
        drive(coordinator.handle(.tick, at: now))
        for index in workers.indices { workerEvent(index, workers[index].process.life, .tick) }
        for index in clients.indices { clientEvent(index, clients[index].process.life, .tick) }
        for index in trainers.indices { send(trainers[index].tick(at: now), fromTrainer: index) }
        for index in rollouts.indices { rolloutEvent(index, rollouts[index].process.life, .tick) }
        schedule(.tick, after: Self.tickInterval)
    }
}
