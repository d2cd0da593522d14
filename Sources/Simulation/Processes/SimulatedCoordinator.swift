import Cluster
import Wire

/// The coordinator's process and its disk, which outlives it.
struct SimulatedCoordinator {
    var state: CoordinatorMachines?
    var disk: [JournalEntry] = []
    private(set) var planDisk: [PlannerEntry] = []
    private(set) var tenantDisks: [String: [PlannerEntry]] = [:]
    /// Counts lives of the coordinator; a connection belongs to one.
    private(set) var connection = 0
    /// The process dies after so many more actions, in the middle of carrying them out.
    var actionsToLive: Int?
    /// The process dies after so many more parts of requests that are kept in parts, in the middle of one.
    var partsToLive: Int?
    private(set) var brokenInvariants: [String] = []
    /// By generation: the life that sent under it.
    private var lives: [UInt64: Int] = [:]

    /// Sees what this life receives and does.
    private var lending = LendingCheck()
    private var deaths = DeathCheck()
    private var losses = LossCheck()
    private var turns: TurnsCheck
    /// Sees all lives: a job is its tenant's also after a restart.
    private var tenants: TenantCheck
    /// Numbers of assignments of all lives: none is used twice by one planner.
    private var attempts: [String?: Set<UInt64>] = [:]
    /// By tenant and assignment: how often its plan was dropped before it was sent.
    private(set) var drops: [String?: [String: Int]] = [:]

    /// Rows of others that a tenant was overtaken by, at most.
    private(set) var overtakenRows = 0

    /// What this life has decided and not carried out, and what it waits for.
    private(set) var outbox = CoordinatorOutbox<Never>()
    private var journal: JournalQueue
    private var commits = JournalCommits()
    /// Whether the disk is slow, so that much is decided before earlier decisions are durable: in every third run.
    let isDiskSlow: Bool

    private let faultPlan: FaultPlan
    private let configuration: CoordinatorState.Configuration
    private let planner: PlannerState.Configuration

    /// In half of the runs, plans are prepared on another thread, and reports recorded in parts.
    init(seed: UInt64, faultPlan: FaultPlan) {
        self.faultPlan = faultPlan
        isDiskSlow = seed % 3 == 0
        journal = Self.emptyJournal(isDiskSlow)
        tenants = TenantCheck(faultPlan)
        turns = TurnsCheck(faultPlan)
        var planner = PlannerState.Configuration()
        if seed % 2 == 1 {
            planner.workBytesMin = 0
            planner.turnOutcomesMax = 3
        }
        self.planner = planner
        var configuration = CoordinatorState.Configuration()
        configuration.sampleKey = SampleKey((0..<8).map { UInt8(truncatingIfNeeded: seed >> (8 * $0)) })
        configuration.lagTokensMax = TurnsCheck.lagTokensMax
        self.configuration = configuration
    }

    mutating func start(at now: Instant) -> [CoordinatorMachines.Action] {
        guard state == nil else { return [] }
        connection += 1
        lending = LendingCheck(quarantined: quarantined)
        deaths = DeathCheck(quarantined: quarantined)
        losses = LossCheck()
        turns = TurnsCheck(faultPlan)
        state = CoordinatorMachines(
            configuration, planner: planner, replaying: disk, planDisk, tenants: tenantDisks)
        return handle(.started, at: now)
    }

    // MARK: Disk

    /// A slow disk keeps each outcome and each text apart.
    private static func emptyJournal(_ isDiskSlow: Bool) -> JournalQueue {
        isDiskSlow ? JournalQueue(partBytes: 1) : JournalQueue()
    }

    /// Adds what was decided behind what waits for the disk; returns whether its requests are the only ones.
    mutating func decide(_ actions: [CoordinatorMachines.Action]) -> Bool {
        let isFirst = journal.isEmpty
        for request in outbox.append(actions, tenant: { [state] in state?.coordinator.tenant(of: $0) }) {
            journal.append(request)
        }
        return isFirst && !journal.isEmpty
    }

    /// Keeps the next so many requests, or parts of some; all with `nil`. Returns whether more wait, and whether the disk itself
    /// must have what is kept now.
    mutating func commit(_ count: Int?) -> (more: Bool, mustReach: Bool) {
        var taken: [JournalRequest] = []
        while taken.count < count ?? .max, partsToLive != 0, let request = journal.popFirst() {
            taken.append(request)
            if !request.completes { partsToLive = partsToLive.map { $0 - 1 } }
            disk += request.entries
            for (tenant, entries) in request.plannerEntries {
                if let tenant { tenantDisks[tenant, default: []] += entries } else { planDisk += entries }
            }
        }
        return (!journal.isEmpty, commits.add(taken))
    }

    /// How often something was kept in this life.
    var commitCount: Int { commits.count }

    /// The disk itself has the first so many commits of this life.
    mutating func reach(_ commits: Int) { self.commits.reach(commits) }

    /// The next actions that rest on nothing that waits for the disk.
    mutating func popDurable() -> [CoordinatorMachines.Action]? { outbox.popFirst(commits.durable) }

    /// Who is in quarantine, as the disk says.
    private var quarantined: Set<String> {
        disk.reduce(into: []) { names, entry in
            switch entry {
            case .workerQuarantined(let name, _): names.insert(name)
            case .quarantineLifted: names = []
            default: break
            }
        }
    }

    /// Records that this life sends: no two lives may send under one generation, nor an assignment with the number of another.
    mutating func recordSend(_ envelope: Envelope, to peer: Peer) {
        let generation = envelope.generation
        if lives.updateValue(connection, forKey: generation).map({ $0 != connection }) == true {
            brokenInvariants.append("two lives of the coordinator send as generation \(generation)")
        }
        guard case .assignment(let assignment) = envelope.message else { return }
        if !attempts[peer.tenant, default: []].insert(assignment.name.attempt).inserted {
            brokenInvariants.append("\(assignment.name) has the number of an earlier assignment")
        }
        let disk = peer.tenant.map { tenantDisks[$0] ?? [] } ?? planDisk
        let drop = PlannerEntry.planForgotten(assignment.name.plan)
        drops[peer.tenant, default: [:]]["\(assignment.name)"] = disk.count { $0 == drop }
    }

    /// What waits for the disk is lost.
    mutating func kill() {
        state = nil
        outbox = CoordinatorOutbox()
        (journal, commits) = (Self.emptyJournal(isDiskSlow), JournalCommits())
    }

    /// Checks that a restart from the disk now would have the durable state of this life. Cost: a replay.
    mutating func checkDurability() {
        partsToLive = nil
        _ = commit(nil)
        guard let state else { return }
        let replayed = CoordinatorMachines(
            configuration, planner: planner, replaying: disk, planDisk, tenants: tenantDisks)
        if replayed.coordinator.durable != state.coordinator.durable {
            brokenInvariants.append("the disk has other jobs, answers or confirmations than the coordinator")
        }
        if !replayed.isDurablyEqual(to: state) {
            brokenInvariants.append("the disk has other plans, outcomes or texts than the planner")
        }
    }

    /// Whether a connection belongs to this life.
    func isConnected(_ peer: Peer) -> Bool { SimulatedAddress(peer).connection == connection }

    mutating func handle(_ event: CoordinatorMachines.Event, at now: Instant) -> [CoordinatorMachines.Action] {
        let actions = state?.handle(event, at: now) ?? []
        brokenInvariants += state?.brokenInvariants ?? []
        if case .received(let envelope, let peer) = event {
            lending.receive(envelope.message, from: peer)
            deaths.receive(envelope.message, from: peer)
            tenants.receive(envelope.message, from: peer)
        }
        tenants.follow(actions)
        if case .received(let envelope, let peer) = event {
            turns.follow((envelope.message, from: peer), actions)
        } else {
            turns.follow(nil, actions)
        }
        overtakenRows = max(overtakenRows, turns.overtakenMost)
        lending.follow(actions)
        deaths.follow(actions)
        follow(event, actions, at: now)
        brokenInvariants += lending.broken + deaths.broken + losses.broken + tenants.broken + turns.broken
        return actions
    }

    private mutating func follow(
        _ event: CoordinatorMachines.Event, _ actions: [CoordinatorMachines.Action], at now: Instant
    ) {
        guard case .received(let envelope, let peer) = event, var machines = state else {
            return losses.follow(actions, at: now)
        }
        state = nil
        losses.follow(envelope.message, from: peer, actions, &machines, at: now)
        state = machines
    }
}
