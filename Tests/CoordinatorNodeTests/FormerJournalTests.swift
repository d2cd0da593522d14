import Cluster
import CoordinatorNode
import Foundation
import GRDB
import Scoring
import Simulation
import TestSupport
import Testing
import Wire

/// A restarted coordinator of this version over a journal of version 0.1.0.
@Suite("A journal of a former version")
struct FormerJournalTests {
    private let former: FormerJournal
    private let entries: [JournalEntry]
    private let plannerEntries: [PlannerEntry]
    private static let trainer = Peer([0x11])
    private static let worker = Peer([0x22])
    private static let client = Peer([0x33])

    init() throws {
        former = try FormerJournal()
        let journal = try CoordinatorJournal(path: former.path)
        entries = try journal.entries()
        plannerEntries = try journal.plannerEntries()
    }

    /// A started coordinator, with a trainer in this process.
    private func coordinator() -> CoordinatorMachines {
        var machines = CoordinatorMachines(replaying: entries, plannerEntries)
        _ = machines.handle(.started, at: .zero)
        _ = machines.handle(.joinedLocally(Self.trainer), at: .zero)
        return machines
    }

    private static func send(
        _ message: Message, from peer: Peer, to machines: inout CoordinatorMachines
    ) -> [(Message, Peer)] {
        let envelope = Envelope(generation: machines.coordinator.generation, message)
        return machines.handle(.received(envelope, from: peer), at: .zero).compactMap {
            if case .send(let envelope, let peer) = $0 { (envelope.message, peer) } else { nil }
        }
    }

    private static func budget(_ budget: PlannedBudget) -> FormerJournal.Budget {
        FormerJournal.Budget(
            promptId: budget.promptID, n: budget.n, p: budget.p, kappa: budget.kappa, source: budget.source,
            reason: budget.reason)
    }

    @Test("the next start has the next generation, and the former model")
    func generation() {
        let machines = coordinator()
        #expect(machines.coordinator.generation == former.facts.generation + 1)
        #expect(machines.coordinator.fingerprint?.name == former.facts.model.name)
        #expect(machines.coordinator.fingerprint?.digest.hex == former.facts.model.digest)
        #expect(machines.brokenInvariants.isEmpty)
    }

    @Test("plans that had ended have the same budgets, ends and groups")
    func plans() throws {
        var machines = coordinator()
        let plans = former.facts.plans.compactMap { snapshot in snapshot.plan.map { ($0, snapshot.groups) } }
        #expect(plans.count == 8)
        for (plan, groups) in plans {
            let name = PlanName(policyID: plan.policyId, step: plan.step)
            var budgets: [Int: PlannedBudget] = [:]
            var end: PlanEnd?
            var done: [GroupDone] = []
            for (message, _) in Self.send(.followPlan(name, groupsAfter: 0), from: Self.trainer, to: &machines) {
                switch message {
                case .budgets(name, let part): for budget in part { budgets[budget.index] = budget }
                case .planEnd(name, let found): end = found
                case .groupDone(name, let group): done.append(group)
                default: Issue.record("\(name) is answered with \(message)")
                }
            }
            #expect(plan.items == budgets.sorted { $0.key < $1.key }.map { Self.budget($0.value) }, "\(name)")
            let ended = try #require(end, "\(name) has not ended")
            #expect(ended.planID == plan.planId && ended.status.rawValue == plan.status, "\(name)")
            #expect(ended.total == plan.total && ended.surplus == plan.surplus && ended.price == plan.price, "\(name)")
            #expect(Digest(bytes: ended.digest)?.hex == plan.digest, "\(name)")
            if let utility = plan.utility { #expect(ended.utility == utility, "\(name)") }
            let found = done.map {
                FormerJournal.Group(
                    number: $0.number, promptId: $0.promptID, rewards: $0.rewards, advantages: $0.advantages,
                    baseline: $0.baseline, failed: $0.failed, reason: $0.reason, references: $0.references)
            }
            #expect(found == groups, "\(name)")
        }
    }

    @Test("histories have the same outcomes, in the same order")
    func histories() {
        var outcomes: [String: [FormerJournal.Outcome]] = [:]
        for case .outcomesRecorded(let policyID, let recorded) in plannerEntries {
            for outcome in recorded {
                outcomes[policyID, default: []].append(
                    FormerJournal.Outcome(
                        eventId: outcome.eventID, reward: outcome.reward, n: outcome.n, failed: outcome.failed))
            }
        }
        #expect(outcomes == former.facts.outcomes)
        var report = CoordinatorReport()
        coordinator().fill(&report)
        #expect(report.historyOutcomes == former.facts.outcomes.values.reduce(0) { $0 + $1.count })
        #expect(report.policies == former.facts.outcomes.count)
        #expect(report.plansKept == former.facts.plans.count && report.plansOpen == 1)
    }

    @Test("jobs have the same answers, and an answered shard is not computed again")
    func jobs() throws {
        var machines = coordinator()
        let jobs = machines.coordinator.durable.jobs
        #expect(Set(jobs.keys.map(\.description)) == Set(former.facts.jobs.keys))
        for (id, job) in jobs {
            let fact = try #require(former.facts.jobs["\(id)"])
            #expect(job.confirmedBelow == fact.confirmedBelow)
            #expect(job.answers.keys.sorted() == fact.answered)
        }
        // The client returns and submits a shard that was answered before.
        let (id, job) = try #require(jobs.first { $0.value.answers.values.contains { $0.answers.count == 256 } })
        let shard = try #require(job.answers.keys.min())
        let model = try #require(machines.coordinator.fingerprint)
        _ = Self.send(.hello(Hello(role: .client, name: "c", incarnation: 9)), from: Self.client, to: &machines)
        let context = ContextBlock(try #require(ContextSet([])))
        let opened = Self.send(
            .submitJob(
                SubmitJob(
                    job: id, policy: Policy(id: "scored"), context: context, fingerprint: model.digest)),
            from: Self.client, to: &machines)
        guard case .jobAccepted? = opened.first?.0 else { throw Unexpected(message: opened.first?.0) }
        let texts = TextBlock(Array(repeating: "a row", count: 256))
        let answered = Self.send(
            .submitShard(SubmitShard(job: id, shard: shard, tokens: 512, affinity: 0, texts: texts)),
            from: Self.client, to: &machines)
        guard case .shardAnswer(let answer)? = answered.first?.0 else { throw Unexpected(message: answered.first?.0) }
        #expect(answer == job.answers[shard])
        #expect((0..<256).allSatisfy { answer.answers[$0] != nil })
    }

    @Test("an open plan keeps its budgets, and ends when a worker predicts the rest")
    func openPlan() throws {
        var machines = coordinator()
        let opening = try #require(
            plannerEntries.compactMap { if case .planOpened(let opening) = $0 { opening } else { nil } }
                .first { $0.request.plan == PlanName(policyID: "trained/a", step: 5) })
        // The trainer repeats its request: what has left is sent again.
        var budgets: [PlannedBudget] = []
        for (message, _) in Self.send(.requestPlan(opening.request), from: Self.trainer, to: &machines) {
            switch message {
            case .budgets(_, let part): budgets += part
            default: Issue.record("the request is answered with \(message)")
            }
        }
        #expect(budgets.map(Self.budget) == former.facts.openBudgets)
        // A worker joins with the former model, and answers all that it is lent.
        let model = try #require(machines.coordinator.fingerprint)
        #expect(model == TableValueModel().fingerprint)
        var end: PlanEnd?
        var totals: [Int: Int] = Dictionary(budgets.map { ($0.index, $0.n) }) { $1 }
        var pending: [Message] = [
            .hello(
                Hello(role: .worker(model, Credit(rows: 4096, tokens: 1 << 20)), name: "w", incarnation: 1))
        ]
        while end == nil, !pending.isEmpty {
            for (message, _) in Self.send(pending.removeFirst(), from: Self.worker, to: &machines) {
                switch message {
                case .shard(let piece, let context, .texts(let texts)):
                    let answers = texts.texts.map { $0.flatMap { TableValueModel.expected($0, context: context) } }
                    pending.append(
                        .shardResult(
                            ShardResult(
                                piece: piece, answers: AnswerBlock(answers), faults: [],
                                credit: Credit(rows: 4096, tokens: 1 << 20), progress: 1)))
                case .budgets(_, let part): for budget in part { totals[budget.index] = budget.n }
                case .planEnd(_, let found): end = found
                default: break
                }
            }
        }
        let ended = try #require(end)
        #expect(ended.status == .ok && totals.count == 400)
        #expect(totals.values.reduce(0, +) + ended.surplus == 1600)
    }

    @Test("rollout workers get the groups that were not done, and no others")
    func rollouts() throws {
        var machines = coordinator()
        let open = PlanName(policyID: "rolled/b", step: 2)
        let snapshot = try #require(
            former.facts.plans.first { $0.plan?.policyId == open.policyID && $0.plan?.step == 2 })
        let credit = Credit(rows: 64, tokens: 4096)
        let hello = Message.hello(Hello(role: .rollout(credit), name: "r", incarnation: 5))
        // Before, nothing is lent: rollout workers may still have what the former generation lent them.
        let later = Instant(ClusterTiming.standard.livenessTime * 2)
        let assignments = machines.handle(
            .received(Envelope(generation: machines.coordinator.generation, hello), from: Self.worker), at: later
        ).compactMap { action -> Assignment? in
            if case .send(let envelope, _) = action, case .assignment(let assignment) = envelope.message {
                return assignment
            }
            return nil
        }
        #expect(assignments.allSatisfy { $0.name.plan == open && $0.name.attempt >> 32 == former.facts.generation + 1 })
        let done = Set(snapshot.groups.map(\.promptId))
        let wanted = try #require(snapshot.plan).items.filter { $0.n > 0 && !done.contains($0.promptId) }
        #expect(Set(assignments.map(\.promptID)) == Set(wanted.map(\.promptId)))
    }

    @Test("written again by this version, the journal has the same rows to the byte")
    func sameBytes() throws {
        let path = try ScratchFolder.new() + "/copy.sqlite"
        do {
            let copy = try CoordinatorJournal(path: path)
            try copy.commit(entries, plannerEntries)
        }
        for query in [
            "SELECT kind, job, shard, header, body FROM entry ORDER BY sequence",
            "SELECT policy, step, kind, body FROM plan_entry ORDER BY sequence",
            "SELECT policy, event, prompt_id, prompt, version, reward, n, failed, rewards FROM outcome ORDER BY sequence",
            "SELECT digest, text FROM prompt ORDER BY digest",
        ] {
            let rows = try [former.path, path].map { path in
                try DatabaseQueue(path: path).read { try Row.fetchAll($0, sql: query) }
            }
            #expect(!rows[0].isEmpty && rows[0] == rows[1], "\(query)")
        }
    }

    struct Unexpected: Error { let message: Message? }
}
