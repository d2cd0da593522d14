import Cluster
import Planning
import Scoring
import Testing
import Wire

/// Large work is done on another thread: nothing about a plan depends on it but when it is there.
@Suite("Planner: work on another thread")
struct PlannerWorkTests {
    private static let trainer = PlannerBench.trainer

    private static func bench(_ change: (inout PlannerState.Configuration) -> Void = { _ in }) -> PlannerBench {
        var configuration = PlannerState.Configuration()
        configuration.workBytesMin = 0
        change(&configuration)
        var bench = PlannerBench(planner: configuration)
        bench.joinTrainer()
        return bench
    }

    private static func report(_ outcomes: [GroupOutcome]) -> Message {
        .reportOutcomes(ReportOutcomes(request: 1, policyID: "p", rewards: 0...1, outcomes: outcomes))
    }

    private static func answers(_ bench: PlannerBench) -> [OutcomesRecorded] {
        bench.messages(to: trainer).compactMap { if case .outcomesRecorded(let answer) = $0 { answer } else { nil } }
    }

    @Test("a plan prepared on another thread has the same bytes as one that is prepared at once")
    func same() {
        var apart = Self.bench()
        var atOnce = PlannerBench()
        atOnce.joinTrainer()
        for step in 1..<5 {
            let outcomes = PlannerBench.outcomes(step * 20..<step * 20 + 20, version: step)
            var request = PlannerBench.request(30, step: step, first: step * 10)
            request.explore = 0.1
            for message in [Self.report(outcomes), .requestPlan(request)] {
                apart.receive(message, from: Self.trainer)
                atOnce.receive(message, from: Self.trainer)
            }
            apart.doWork()
            #expect(apart.end() == nil)
            apart.doWork()
            #expect(apart.end() == nil, "its predictions are there, and its budgets are solved by the work")
            let early = apart.budgets()
            apart.doWork()
            #expect(early + apart.budgets() == atOnce.budgets() && !apart.budgets().isEmpty)
            #expect(apart.end() == atOnce.end())
        }
        #expect(apart.machines.planner.isDurablyEqual(to: atOnce.machines.planner))
    }

    @Test("the same request again while the plan is prepared gets the same plan, another one is refused")
    func repeated() {
        var bench = Self.bench()
        let other = Peer([0x12])
        bench.joinTrainer(other)
        bench.receive(.requestPlan(PlannerBench.request(8)), from: Self.trainer)
        bench.doWork()
        bench.receive(.requestPlan(PlannerBench.request(8)), from: other)
        bench.receive(.requestPlan(PlannerBench.request(9)), from: other)
        let (result, same, different) = (bench.work[0].run(), bench.work[1].run(), bench.work[2].run())
        bench.handle(.worked(different))
        #expect(bench.refusal(to: other)?.reason == .conflict)
        bench.handle(.worked(same))
        bench.handle(.worked(result))
        bench.doWork()
        #expect(bench.end(to: Self.trainer) != nil && bench.end(to: other) == bench.end(to: Self.trainer))
    }

    @Test("a plan whose deadline passes during its preparation is answered by even budgets at once")
    func late() {
        var bench = Self.bench()
        bench.isWorking = false
        var request = PlannerBench.request(8)
        request.deadline = .seconds(2)
        bench.receive(.requestPlan(request), from: Self.trainer)
        bench.doWork()
        bench.pass(.seconds(3))
        bench.doWork()
        #expect(bench.end()?.status == .fallback && bench.end()?.uniformReason == "deadline")
        #expect(bench.budgets().map(\.n).reduce(0, +) == 64)
        request.plan = PlanName(policyID: "p", step: 2)
        request.fallback = .refuse
        bench.receive(.requestPlan(request), from: Self.trainer)
        bench.doWork()
        bench.pass(.seconds(3))
        bench.doWork()
        #expect(bench.refusal()?.reason == .deadline)
    }

    @Test("the deadline counts from the arrival of the request, not from when it is handled")
    func arrival() {
        var bench = PlannerBench()
        bench.joinTrainer()
        bench.isWorking = false
        bench.wait(.seconds(10))
        let request = Message.requestPlan(PlannerBench.request(8))
        bench.handle(
            .receivedEarlier(bench.envelope(request), from: Self.trainer, arrived: Instant(.seconds(9))))
        #expect(bench.end() == nil)
        bench.wait(.milliseconds(1100))
        #expect(bench.end()?.status == .fallback)
    }

    @Test("a plan of a policy that is forgotten during its preparation is refused, and not opened later")
    func forgotten() {
        var bench = Self.bench()
        bench.receive(.requestPlan(PlannerBench.request(8)), from: Self.trainer)
        bench.doWork()
        bench.handle(.forgetPolicy("p"))
        #expect(bench.refusal()?.reason == .capacity)
        bench.doWork()
        #expect(bench.sent.isEmpty && bench.planJournal.isEmpty)
    }

    @Test("what a trainer sends behind a request that is being checked is handled behind it")
    func order() {
        var bench = Self.bench()
        let other = Peer([0x12])
        bench.joinTrainer(other)
        let plan = PlanName(policyID: "p", step: 1)
        bench.receive(.requestPlan(PlannerBench.request(8, step: 1)), from: Self.trainer)
        bench.receive(.followPlan(plan, groupsAfter: 0), from: Self.trainer)
        bench.receive(.dropPlans(DropPlans(request: 5, policyID: "p", fromStep: 1)), from: Self.trainer)
        #expect(bench.sent.isEmpty)
        bench.receive(.followPlan(plan, groupsAfter: 0), from: other)
        #expect(bench.refusal(to: other)?.reason == .unknown, "another trainer's messages do not wait")
        bench.doWork()
        let refusals = bench.messages(to: Self.trainer).compactMap {
            if case .requestRefused(let refused) = $0 { refused.reason } else { nil }
        }
        #expect(refusals == [.conflict], "the plan was followed, and then dropped")
        bench.receive(.followPlan(plan, groupsAfter: 0), from: Self.trainer)
        #expect(bench.refusal()?.reason == .unknown, "nothing waits without a request before it")
    }

    @Test("more bytes than the bound are refused until some are done")
    func bound() {
        var bench = Self.bench { $0.workBytesMax = 20_000 }
        for step in 0..<3 { bench.receive(.requestPlan(PlannerBench.request(40, step: step)), from: Self.trainer) }
        #expect(bench.refusal()?.reason == .capacity)
        for _ in 0..<3 { bench.doWork() }
        bench.receive(.requestPlan(PlannerBench.request(40, step: 3)), from: Self.trainer)
        #expect(bench.refusal() == nil)
        for _ in 0..<3 { bench.doWork() }
        #expect(bench.end() != nil)
    }

    @Test("a large report is recorded in parts, answered once, and what arrives behind it is handled behind it")
    func parts() {
        var bench = Self.bench { configuration in
            configuration.workBytesMin = .max
            configuration.turnOutcomesMax = 100
        }
        let outcomes = PlannerBench.outcomes(0..<950)
        bench.receive(Self.report(outcomes + [outcomes[3]]), from: Self.trainer)
        #expect(Self.answers(bench).isEmpty && bench.machines.nextDeadline == .zero)
        bench.receive(.requestPlan(PlannerBench.request(4)), from: Self.trainer)
        bench.receive(Self.report(outcomes), from: Self.trainer)
        var answers: [OutcomesRecorded] = []
        var contextRows: Int?
        for _ in 0..<40 {
            bench.handle(.tick)
            answers += Self.answers(bench)
            if let end = bench.end() {
                contextRows = end.contextRows
                #expect(answers.count == 1)
            }
        }
        #expect(answers.map(\.accepted) == [950, 0] && answers.map(\.duplicates) == [1, 950])
        #expect(contextRows == ContextChoice().rows, "the plan is based on the whole report")
        #expect(bench.machines.nextDeadline != .zero)
        #expect(bench.restarted().machines.planner.isDurablyEqual(to: bench.machines.planner))
    }

    @Test("a prediction without a plan is drawn on another thread too")
    func scores() {
        var bench = Self.bench()
        bench.receive(Self.report(PlannerBench.outcomes(0..<40)), from: Self.trainer)
        bench.receive(
            .requestScores(RequestScores(request: 9, policy: Policy(id: "p"), texts: TextBlock(["a", "b"]))),
            from: Self.trainer)
        #expect(bench.messages(to: Self.trainer).isEmpty)
        bench.doWork()
        let scores = bench.messages(to: Self.trainer).compactMap {
            if case .scores(let scores) = $0 { scores } else { nil }
        }
        #expect(scores.first?.answers.count == 2 && (scores.first?.contextRows ?? 0) > 0)
    }

    @Test("nobody is silent by messages that have arrived and are not read yet")
    func unread() {
        var bench = PlannerBench()
        bench.joinTrainer()
        bench.joinRollout(1)
        bench.pass(.seconds(30))
        bench.handle(.tickBehind(readUntil: Instant(.seconds(4))))
        var report = CoordinatorReport()
        bench.machines.fill(&report)
        #expect(report.workers == 1 && report.rolloutWorkers == 1)
        bench.handle(.tickBehind(readUntil: Instant(.seconds(6))))
        report = CoordinatorReport()
        bench.machines.fill(&report)
        #expect(report.workers == 0 && report.rolloutWorkers == 0)
    }
}
