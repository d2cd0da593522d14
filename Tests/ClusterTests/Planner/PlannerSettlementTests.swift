import Cluster
import Planning
import Scoring
import Testing
import Wire

/// The end of a large plan is computed on another thread. Its last predictions count once that is done.
@Suite("Planner: settlement on another thread")
struct PlannerSettlementTests {
    private static let trainer = PlannerBench.trainer
    private static let plan = PlanName(policyID: "p", step: 1)

    /// A bench whose plan has all predictions, and waits for its settlement.
    private static func bench(_ change: (inout RequestPlan) -> Void = { _ in }) -> PlannerBench {
        var configuration = PlannerState.Configuration()
        configuration.workBytesMin = 0
        var bench = PlannerBench(planner: configuration)
        bench.joinTrainer()
        var request = PlannerBench.request(80)
        change(&request)
        bench.receive(.requestPlan(request), from: trainer)
        bench.doWork()
        bench.doWork()
        #expect(bench.work.count == 1 && bench.end() == nil)
        return bench
    }

    /// The same plan by a planner that does all at once.
    private static func atOnce(_ change: (inout RequestPlan) -> Void = { _ in }) -> PlannerBench {
        var bench = PlannerBench()
        bench.joinTrainer()
        var request = PlannerBench.request(80)
        change(&request)
        bench.receive(.requestPlan(request), from: trainer)
        return bench
    }

    private static let changes: [@Sendable (inout RequestPlan) -> Void] = [
        { _ in },
        { $0.mode = .shadow },
        { $0.explore = 0.2 },
        { $0.groupSizes = [4, 8, 32] },
        { request in
            for index in request.candidates.indices { request.candidates[index].expectedTokens = Double(index + 1) }
            request.totalTokens = 20_000
        },
        { request in
            for index in request.candidates.indices { request.candidates[index].expectedTokens = Double(index + 1) }
            (request.totalTokens, request.mode) = (20_000, .shadow)
        },
    ]

    @Test(
        "the budgets are those of a planner that does all at once, and so is a replay of the journal", arguments: 0..<6)
    func same(place: Int) {
        var bench = Self.bench(Self.changes[place])
        let before = bench.planJournal.count
        bench.doWork()
        let other = Self.atOnce(Self.changes[place])
        #expect(bench.end() != nil && bench.end() == other.end())
        #expect(bench.machines.planner.isDurablyEqual(to: other.machines.planner))
        #expect(bench.restarted().machines.planner.isDurablyEqual(to: bench.machines.planner))
        #expect(bench.planJournal.count > before, "the last predictions are durable only now")
    }

    @Test("a plan that is cut before its settlement is there is cut, and the settlement counts no more")
    func cut() {
        var bench = Self.bench()
        let settled = bench.work[0].run()
        bench.wait(.seconds(3))
        #expect(bench.end()?.status == .degraded || bench.end()?.status == .fallback)
        let journal = bench.planJournal
        bench.handle(.worked(settled))
        #expect(bench.sent.isEmpty && bench.planJournal == journal)
        #expect(bench.restarted().machines.planner.isDurablyEqual(to: bench.machines.planner))
    }

    @Test("a plan that is dropped and requested anew is not ended by the settlement of the former one")
    func dropped() {
        var bench = Self.bench()
        let settled = bench.work[0].run()
        bench.receive(.dropPlans(DropPlans(request: 5, policyID: "p", fromStep: 1)), from: Self.trainer)
        bench.handle(.worked(settled))
        #expect(bench.end() == nil)
        var configuration = PlannerState.Configuration()
        configuration.workBytesMin = 0
        bench.isWorking = false
        bench.receive(.requestPlan(PlannerBench.request(80)), from: Self.trainer)
        bench.doWork()
        bench.doWork()
        bench.handle(.worked(settled))
        #expect(bench.end() == nil && bench.sent.isEmpty)
    }

    @Test("after a crash before the settlement, what was predicted last is predicted again, to the same plan")
    func crash() {
        var bench = Self.bench()
        let other = Self.atOnce()
        bench = bench.restarted()
        bench.joinTrainer()
        #expect(bench.restarted().machines.planner.isDurablyEqual(to: bench.machines.planner))
        bench.receive(.requestPlan(PlannerBench.request(80)), from: Self.trainer)
        while !bench.work.isEmpty { bench.doWork() }
        #expect(bench.end()?.digest == other.end()?.digest && bench.end()?.status == .ok)
    }

    @Test("rewards that are reported before the settlement belong to the plan, also after a restart")
    func rewards() {
        for delivery in [RequestPlan.Delivery.trainer, .workers] {
            var bench = Self.bench { ($0.delivery, $0.lookAhead) = (delivery, 0.05) }
            if delivery == .workers { bench.joinRollout(1) }
            let lent = bench.assignments(to: 1)
            for assignment in lent {
                let rewards = (0..<assignment.n).map { Double($0 % 2) }
                bench.receive(
                    .rewards(Rewards(name: assignment.name, rewards: rewards, failed: 0)), from: PlannerBench.rollout(1)
                )
            }
            #expect(lent.isEmpty == (delivery == .trainer), "budgets are handed out before")
            bench.receive(
                .reportOutcomes(
                    ReportOutcomes(request: 1, policyID: "p", outcomes: PlannerBench.outcomes(0..<40, step: 1))),
                from: Self.trainer)
            bench.doWork()
            #expect(bench.end()?.status == .ok)
            #expect(bench.restarted().machines.planner.isDurablyEqual(to: bench.machines.planner))
        }
    }

    @Test("a plan with many rows is submitted in shards of a bounded size, and no answer ends it in the same event")
    func shards() {
        var configuration = PlannerState.Configuration.apart
        configuration.turnOutcomesMax = 50
        var bench = PlannerBench(planner: configuration)
        bench.joinTrainer()
        bench.isWorking = false
        bench.receive(.requestPlan(PlannerBench.request(20_000)), from: Self.trainer)
        bench.doWork()
        bench.doWork()
        var rows = 0
        while !bench.shards.isEmpty {
            for (_, texts) in bench.shards {
                #expect(texts.count <= 256)
                rows += texts.count
            }
            bench.workOff(bench.shards.count)
            #expect(bench.end() == nil)
        }
        #expect(rows == 20_000 && bench.work.count == 1)
        bench.doWork()
        #expect(bench.end()?.status == .ok && bench.end()?.prompts == 20_000)
    }

    /// A trainer has joined a planner that records a hundred outcomes a turn.
    private static func benchOfParts() -> PlannerBench {
        var configuration = PlannerState.Configuration()
        configuration.turnOutcomesMax = 100
        var bench = PlannerBench(planner: configuration)
        bench.joinTrainer()
        return bench
    }

    private static var requestWithOutcomes: RequestPlan {
        var request = PlannerBench.request(10)
        request.outcomes = PlannerBench.outcomes(0..<950)
        return request
    }

    @Test("outcomes in a plan's request are recorded in parts, and the plan is based on all of them")
    func outcomes() {
        var bench = Self.benchOfParts()
        bench.receive(.requestPlan(Self.requestWithOutcomes), from: Self.trainer)
        // The same request again is answered with it, one that comes behind it is handled behind it.
        bench.receive(.requestPlan(Self.requestWithOutcomes), from: Self.trainer)
        bench.receive(.requestPlan(PlannerBench.request(10, step: 2)), from: Self.trainer)
        var ends: [PlanEnd] = []
        for _ in 0..<30 where bench.machines.nextDeadline == .zero {
            bench.handle(.tick)
            ends += bench.messages(to: Self.trainer).compactMap {
                if case .planEnd(_, let end) = $0 { end } else { nil }
            }
        }
        let parts = bench.planJournal.compactMap { entry -> Int? in
            if case .outcomesRecorded(_, let outcomes) = entry { outcomes.count } else { nil }
        }
        #expect(parts.count == 10 && parts.allSatisfy { $0 <= 100 } && parts.reduce(0, +) == 950)
        #expect(ends.count >= 2 && ends.allSatisfy { $0.contextRows == ContextChoice().rows })
        #expect(bench.restarted().machines.planner.isDurablyEqual(to: bench.machines.planner))
    }

    @Test("a plan that is dropped while its request's outcomes are recorded is refused, and the rest is not recorded")
    func droppedWhileRecorded() {
        var bench = Self.benchOfParts()
        bench.receive(.requestPlan(Self.requestWithOutcomes), from: Self.trainer)
        bench.receive(.dropPlans(DropPlans(request: 5, policyID: "p", fromStep: 0)), from: Self.trainer)
        #expect(bench.refusal()?.subject == .plan(Self.plan))
        for _ in 0..<30 { bench.handle(.tick) }
        #expect(bench.end() == nil && bench.machines.nextDeadline != .zero)
        #expect(bench.restarted().machines.planner.isDurablyEqual(to: bench.machines.planner))
    }
}
