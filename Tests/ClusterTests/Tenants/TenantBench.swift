import Cluster
import Scoring
import Testing
import Wire

/// Trainers and rollout workers of several tenants on one coordinator, with one worker that computes for all.
struct TenantBench {
    var machines: CoordinatorMachines
    private(set) var entries: [JournalEntry]
    private(set) var planEntries: [String?: [PlannerEntry]]
    /// What the last message led to, to whom.
    private(set) var sent: [(message: Message, peer: Peer)] = []
    private(set) var actions: [CoordinatorMachines.Action] = []
    private let configuration: PlannerState.Configuration

    static let worker = Peer([0xAA], owner: "worker")
    private static let credit = Credit(rows: 4096, tokens: 1 << 20)

    static func trainer(_ tenant: String?) -> Peer {
        Peer(Array("trainer".utf8), owner: "trainer", tenant: tenant)
    }

    static func rollout(_ tenant: String?) -> Peer {
        Peer(Array("rollout".utf8), owner: "rollout", tenant: tenant)
    }

    init(
        _ configuration: PlannerState.Configuration = PlannerState.Configuration(), tenants: Set<String> = ["a", "b"],
        replaying entries: [JournalEntry] = [], _ planEntries: [String?: [PlannerEntry]] = [:]
    ) {
        let named = planEntries.compactMap { tenant, some in tenant.map { ($0, some) } }
        machines = CoordinatorMachines(
            planner: configuration, replaying: entries, planEntries[nil] ?? [],
            tenants: Dictionary(uniqueKeysWithValues: named))
        self.configuration = configuration
        self.entries = entries
        self.planEntries = planEntries
        handle(.started)
        handle(.tenantsAdmitted(tenants))
        receive(
            .hello(Hello(role: .worker(Samples.model, Self.credit), name: "w", incarnation: 1, readsSide: true)),
            from: Self.worker)
        for tenant in ["a", "b", nil] {
            receive(.hello(Hello(role: .trainer, name: "t", incarnation: 77)), from: Self.trainer(tenant))
        }
    }

    /// Whether another generation over the same journal has the same plans, histories and texts of each tenant.
    var isKeptByRestart: Bool {
        let other = TenantBench(configuration, replaying: entries, planEntries).machines
        return ["a", "b", nil].allSatisfy { tenant in
            guard let planner = machines.planner(of: tenant), let kept = other.planner(of: tenant) else { return false }
            return kept.isDurablyEqual(to: planner)
        }
    }

    mutating func handle(_ event: CoordinatorMachines.Event) {
        sent = []
        actions = []
        perform(event)
    }

    mutating func receive(_ message: Message, from peer: Peer) {
        handle(.received(Envelope(generation: machines.coordinator.generation, message), from: peer))
    }

    private mutating func perform(_ event: CoordinatorMachines.Event) {
        let actions = machines.handle(event, at: .zero)
        #expect(machines.brokenInvariants.isEmpty)
        self.actions += actions
        for action in actions {
            switch action {
            case .journal(let entry, _): entries.append(entry)
            case .journalPlan(let entry, let tenant): planEntries[tenant, default: []].append(entry)
            case .send(let envelope, let peer): sent.append((envelope.message, peer))
            case .log, .logPlan, .work: break
            }
        }
        for case .send(let envelope, to: Self.worker) in actions {
            guard case .shard(let piece, _, .texts(let texts)) = envelope.message else { continue }
            let result = ShardResult(
                piece: piece, answers: Samples.answers(rows: texts.count), faults: [], credit: Self.credit, progress: 1)
            let generation = machines.coordinator.generation
            perform(.received(Envelope(generation: generation, .shardResult(result)), from: Self.worker))
        }
    }

    func messages(to peer: Peer) -> [Message] { sent.filter { $0.peer == peer }.map(\.message) }

    /// Everybody who got something.
    var tenantsReached: Set<String?> { Set(sent.filter { $0.peer != Self.worker }.map(\.peer.tenant)) }

    func refusal(to peer: Peer) -> RequestRefused? {
        messages(to: peer).compactMap { if case .requestRefused(let refused) = $0 { refused } else { nil } }.last
    }

    func end(to peer: Peer) -> PlanEnd? {
        messages(to: peer).compactMap { if case .planEnd(_, let end) = $0 { end } else { nil } }.last
    }

    func policies(in scope: Scope) -> [PolicySummary] {
        if case .policies(let policies) = machines.answer(.policies, in: scope) { policies } else { [] }
    }

    func outcomes(of policyID: String, in scope: Scope) -> [RecordedOutcome]? {
        guard
            case .outcomes(let outcomes, _) = machines.answer(
                .outcomes(policyID: policyID, from: 0, count: 10_000), in: scope)
        else { return nil }
        return outcomes
    }

    /// A report of outcomes whose texts say whose they are.
    static func report(_ tenant: String, _ range: Range<Int>, policy: String = "p") -> Message {
        .reportOutcomes(
            ReportOutcomes(
                request: 5, policyID: policy,
                outcomes: range.map { index in
                    GroupOutcome(
                        eventID: "e\(index)", promptID: "q\(index)", text: "\(tenant) prompt \(index)",
                        policyVersion: 0,
                        rewards: index % 3 == 0 ? [1, 1, 1, 0] : [0, 0, 1, 0])
                }))
    }
}
