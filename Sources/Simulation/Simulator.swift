import Cluster
import HeapModule
import Scoring
import Wire

/// A whole cluster in one process from one seed: virtual network, clock and disk, faults, invariants after every step.
///
/// The machines are the real ones; only what the drivers do is played here. The same seed gives the same run on every
/// machine, so a failing seed is a bug report.
public struct Simulator {
    /// How a run ended.
    public struct Report: Sendable {
        /// What the run was drawn from.
        public let seed: UInt64
        /// Sentences that should have been true; empty for a good run.
        public var broken: [String] = []
        /// Events handled.
        public var steps = 0
        /// Messages sent, lost ones with them.
        public var messages = 0
        /// Rows answered, condemned ones with them.
        public var rows = 0
        /// Rows answered with an error, because they kill.
        public var condemnedRows = 0
        /// Groups that trainers trained on, and rewards in them.
        public var groups = 0
        /// Rewards that were trained on.
        public var rewards = 0
        /// Rollouts that look-ahead drew.
        public var rolloutsDrawn = 0
        /// Plans that were cut short at their deadline.
        public var fallbacks = 0
        /// Virtual time until the last job was done.
        public var duration: Duration = .zero
    }

    /// Something due at a moment. Ties are broken by order of scheduling.
    struct Due: Comparable {
        let at: Instant
        let order: Int
        let what: What

        static func < (left: Due, right: Due) -> Bool { (left.at, left.order) < (right.at, right.order) }
        static func == (left: Due, right: Due) -> Bool { left.order == right.order }
    }

    enum What {
        case toCoordinator(Envelope, from: Peer)
        case unroutable(Peer)
        case toWorker(Int, life: Int, Envelope)
        case toClient(Int, life: Int, Envelope)
        case workerEvent(Int, life: Int, WorkerState.Event)
        case clientEvent(Int, life: Int, ClientState.Event)
        case toTrainer(Int, life: Int, Envelope)
        case rolloutEvent(Int, life: Int, RolloutState.Event)
        case programSays(Int, life: Int, program: Int, RolloutReport)
        case tick
        case fault(FaultPlan.Fault)
        case startCoordinator
        case startWorker(Int)
        case startClient(Int)
        case startTrainer(Int)
        case startRollout(Int)
        case thaw(Int)
        case thawRollout(Int)
        case mend(Int)
    }

    let weather: FaultPlan
    var chance: SeededGenerator
    var now: Instant = .zero
    var agenda: Heap<Due> = []
    var orders = 0
    var coordinator: SimulatedCoordinator
    var workers: [SimulatedWorker]
    var clients: [SimulatedClient]
    var trainers: [SimulatedTrainer]
    var rollouts: [SimulatedRollout]
    /// Rewards given out so far.
    var rewardNumber: UInt64 = 0
    var report: Report

    /// Ticks of the drivers. Finer than any clock of the machines.
    static let tickInterval: Duration = .milliseconds(250)
    /// A run that is not over by then has hung.
    static let end = Instant(.seconds(3600))

    /// Sets up a run.
    public init(seed: UInt64, weather: FaultPlan? = nil) {
        let weather = weather ?? FaultPlan(seed: seed)
        self.weather = weather
        chance = SeededGenerator(seed: seed ^ 0x5EED)
        report = Report(seed: seed)
        coordinator = SimulatedCoordinator()
        workers = (0..<weather.workers).map { _ in SimulatedWorker() }
        clients = (0..<weather.clients).map { SimulatedClient(index: $0, weather: weather, seed: seed) }
        trainers = (0..<weather.trainers).map { SimulatedTrainer(index: $0, weather: weather, seed: seed) }
        rollouts = (0..<weather.rollouts).map { _ in SimulatedRollout() }
    }

    /// Runs until every job is done.
    public mutating func run() -> Report {
        schedule(.startCoordinator, after: .milliseconds(chance.next() % 2000))
        for index in workers.indices { schedule(.startWorker(index), after: .milliseconds(chance.next() % 3000)) }
        for index in clients.indices { schedule(.startClient(index), after: .milliseconds(chance.next() % 3000)) }
        for index in trainers.indices { schedule(.startTrainer(index), after: .milliseconds(chance.next() % 3000)) }
        for index in rollouts.indices { schedule(.startRollout(index), after: .milliseconds(chance.next() % 3000)) }
        for fault in weather.faults { schedule(.fault(fault.1), after: fault.at.offset) }
        schedule(.tick, after: Self.tickInterval)
        while let due = agenda.popMin(), report.broken.isEmpty {
            now = due.at
            step(due.what)
            report.steps += 1
            report.broken += coordinator.brokenInvariants
            if clients.allSatisfy(\.isFinished), trainers.allSatisfy(\.isFinished) { break }
            if now > Self.end {
                report.broken.append(
                    "not finished after \(now.offset): \(clients.map(\.progress)) \(trainers.map(\.progress))")
            }
        }
        report.duration = now.offset
        if report.broken.isEmpty { closeBooks() }
        for client in clients {
            report.broken += client.wrongAnswers
            report.rows += client.rowsAnswered
            report.condemnedRows += client.condemnedRows
        }
        return report
    }

    mutating func schedule(_ what: What, after delay: Duration) {
        agenda.insert(Due(at: now + delay, order: orders, what: what))
        orders += 1
    }

    private mutating func step(_ what: What) {
        switch what {
        case .toCoordinator(let envelope, let peer):
            guard coordinator.state != nil, coordinator.knows(peer) else { return }
            drive(coordinator.handle(.received(envelope, from: peer), at: now))
        case .unroutable(let peer):
            drive(coordinator.handle(.unroutable(peer), at: now))
        case .toWorker(let index, let life, let envelope):
            workerEvent(index, life, .received(envelope))
        case .toClient(let index, let life, let envelope):
            clientEvent(index, life, .received(envelope))
        case .workerEvent(let index, let life, let event):
            workerEvent(index, life, event)
        case .clientEvent(let index, let life, let event):
            clientEvent(index, life, event)
        case .toTrainer(let index, let life, let envelope): trainerHears(index, life, envelope)
        case .rolloutEvent(let index, let life, let event): rolloutEvent(index, life, event)
        case .programSays(let index, let life, let program, let told):
            // A program that has been killed says nothing any more.
            guard rollouts[index].programLife == program else { return }
            rolloutEvent(index, life, .reported(told))
        case .startTrainer(let index): startTrainer(index)
        case .startRollout(let index): startRollout(index)
        case .thawRollout(let index): thawRollout(index)
        case .tick: tick()
        case .fault(let fault): strike(fault)
        case .startCoordinator: startCoordinator()
        case .startWorker(let index): startWorker(index)
        case .startClient(let index): startClient(index)
        case .thaw(let index): thaw(index)
        case .mend(let index): workers[index].cut = nil
        }
    }

    private mutating func tick() {
        drive(coordinator.handle(.tick, at: now))
        for index in workers.indices { workerEvent(index, workers[index].life, .tick) }
        for index in clients.indices { clientEvent(index, clients[index].life, .tick) }
        for index in trainers.indices { say(trainers[index].tick(at: now), trainer: index) }
        for index in rollouts.indices { rolloutEvent(index, rollouts[index].life, .tick) }
        schedule(.tick, after: Self.tickInterval)
    }
}
