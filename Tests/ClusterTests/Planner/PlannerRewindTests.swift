import Cluster
import Planning
import Scoring
import Testing
import Wire

/// A trainer that resumes from a checkpoint asks for an earlier step again, with other data.
@Suite("Planner: a trainer goes back")
struct PlannerRewindTests {
    private static func request(_ step: Int, first: Int = 0, _ change: (inout RequestPlan) -> Void = { _ in })
        -> Message
    {
        var request = PlannerBench.request(20, step: step, first: first)
        change(&request)
        return .requestPlan(request)
    }

    private static func report(
        _ outcomes: [GroupOutcome], attempt: UInt64 = 0, rewards: ClosedRange<Double>? = nil
    ) -> Message {
        .reportOutcomes(
            ReportOutcomes(request: 5, policyID: "p", rewards: rewards, attempt: attempt, outcomes: outcomes))
    }

    private static func answer(_ bench: PlannerBench) -> OutcomesRecorded? {
        bench.messages(to: PlannerBench.trainer).compactMap {
            if case .outcomesRecorded(let recorded) = $0 { recorded } else { nil }
        }.last
    }

    private static func dropped(_ bench: PlannerBench) -> PlansDropped? {
        bench.messages(to: PlannerBench.trainer).compactMap {
            if case .plansDropped(let dropped) = $0 { dropped } else { nil }
        }.last
    }

    private static func outcome(_ prompt: Int, step: Int, _ event: String) -> GroupOutcome {
        GroupOutcome(
            eventID: event, promptID: "q\(prompt)", text: "prompt \(prompt)", step: step, rewards: [1, 0, 0, 1])
    }

    /// Steps 1 to 4 were planned and reported.
    private static func run(attempt: UInt64 = 0) -> PlannerBench {
        var bench = PlannerBench()
        bench.joinTrainer()
        for step in 1...4 {
            bench.receive(request(step) { $0.attempt = attempt }, from: PlannerBench.trainer)
            let outcomes = (0..<20).map { outcome($0, step: step, "e\(step)/\($0)") }
            bench.receive(report(outcomes, attempt: attempt), from: PlannerBench.trainer)
        }
        return bench
    }

    private static func kept(_ bench: PlannerBench) -> Int {
        var report = CoordinatorReport()
        bench.machines.fill(&report)
        return report.historyOutcomes
    }

    @Test("a larger attempt plans a step again with other data, and drops later plans and outcomes, also on disk")
    func attempt() throws {
        var bench = Self.run()
        #expect(Self.kept(bench) == 80)
        bench.receive(Self.request(3, first: 5) { $0.attempt = 7 }, from: PlannerBench.trainer)
        let end = try #require(bench.end())
        #expect(end.attempt == 7 && end.total == 160)
        #expect(Self.kept(bench) == 40, "steps 1 and 2 are left")
        bench.receive(.followPlan(PlanName(policyID: "p", step: 4), groupsAfter: 0), from: PlannerBench.trainer)
        #expect(bench.refusal()?.reason == .unknown)
        #expect(bench.restarted().machines.planner.isDurablyEqual(to: bench.machines.planner))
        // The next step of the new start is an ordinary one, and the former start gets no plans any more.
        bench.receive(Self.request(4, first: 9) { $0.attempt = 7 }, from: PlannerBench.trainer)
        #expect(bench.end() != nil)
        bench.receive(Self.request(5), from: PlannerBench.trainer)
        #expect(bench.refusal()?.reason == .conflict && bench.refusal()?.code == "abandoned")
    }

    @Test("a late outcome of an abandoned step is rejected as abandoned; one of an earlier step counts")
    func late() throws {
        var bench = Self.run()
        bench.receive(Self.request(3, first: 5) { $0.attempt = 7 }, from: PlannerBench.trainer)
        let late = [Self.outcome(6, step: 3, "x"), Self.outcome(7, step: 4, "y"), Self.outcome(8, step: 2, "z")]
        for (bench, name) in [(bench, "this process"), (bench.restarted(), "the next process")] {
            var bench = bench
            bench.joinTrainer()
            bench.receive(Self.report(late), from: PlannerBench.trainer)
            let answer = try #require(Self.answer(bench))
            #expect(answer.rejected.map(\.code) == ["abandoned", "abandoned"], "\(name)")
            #expect(answer.rejected.map(\.index) == [0, 1] && answer.accepted == 1, "\(name)")
            bench.receive(Self.report([Self.outcome(6, step: 3, "n")], attempt: 7), from: PlannerBench.trainer)
            #expect(Self.answer(bench)?.accepted == 1 && Self.answer(bench)?.decisions.count == 1, "\(name)")
        }
    }

    @Test("an attempt abandons what smaller ones did from its step on, and no more, through many returns")
    func beginnings() {
        var attempts = PolicyAttempts()
        attempts.begin(1, at: 30)
        attempts.begin(2, at: 40)
        #expect(attempts.hasAbandoned(0, step: 30) && attempts.hasAbandoned(1, step: 40))
        #expect(!attempts.hasAbandoned(0, step: 29) && !attempts.hasAbandoned(1, step: 39))
        attempts.begin(3, at: 35)
        #expect(attempts.hasAbandoned(1, step: 39) && attempts.hasAbandoned(0, step: 31))
        #expect(!attempts.hasAbandoned(3, step: 99) && attempts.beginnings.map(\.step) == [30, 35])
        for number in 4..<500 { attempts.begin(UInt64(number), at: 32 + number) }
        #expect(attempts.beginnings.count == PolicyAttempts.beginningsMax && attempts.current == 499)
        #expect(attempts.hasAbandoned(0, step: 30) && !attempts.hasAbandoned(0, step: 29))
        #expect(attempts.hasAbandoned(498, step: 600) && !attempts.hasAbandoned(498, step: 530))
    }

    @Test(
        "replace plans a step again within an attempt; without it another request is a conflict, and it repeats safely")
    func replace() throws {
        var bench = Self.run()
        bench.receive(Self.request(3, first: 5), from: PlannerBench.trainer)
        #expect(bench.refusal()?.reason == .conflict && bench.refusal()?.code == "")
        let again = Self.request(3, first: 5) { $0.replaces = true }
        bench.receive(again, from: PlannerBench.trainer)
        #expect(bench.end() != nil && Self.kept(bench) == 40)
        bench.receive(Self.report([Self.outcome(6, step: 3, "n")]), from: PlannerBench.trainer)
        #expect(Self.answer(bench)?.accepted == 1)
        // The same request again is the same plan, and drops nothing.
        bench.receive(again, from: PlannerBench.trainer)
        #expect(bench.end() != nil && Self.kept(bench) == 41)
        // Without numbers, what is late is known by its step or prompt, which have no plan.
        let late = [Self.outcome(6, step: 4, "x"), Self.outcome(0, step: 3, "y"), Self.outcome(8, step: 2, "z")]
        bench.receive(Self.report(late), from: PlannerBench.trainer)
        #expect(Self.answer(bench)?.rejected.map(\.code) == ["abandoned", "abandoned"])
        #expect(bench.restarted().machines.planner.isDurablyEqual(to: bench.machines.planner))
    }

    @Test("outcomes of dropped steps stay where the request says so")
    func keepOutcomes() {
        var bench = Self.run()
        bench.receive(
            Self.request(3, first: 5) {
                $0.attempt = 7
                $0.keepsOutcomes = true
            }, from: PlannerBench.trainer)
        #expect(bench.end() != nil && Self.kept(bench) == 80)
        #expect(bench.restarted().machines.planner.isDurablyEqual(to: bench.machines.planner))
    }

    @Test("a request that cannot be planned drops nothing")
    func invalid() {
        var bench = Self.run()
        bench.receive(
            Self.request(3, first: 5) {
                $0.attempt = 7
                $0.total = 1
            }, from: PlannerBench.trainer)
        #expect(bench.refusal()?.reason == .invalid && Self.kept(bench) == 80)
        bench.receive(.followPlan(PlanName(policyID: "p", step: 4), groupsAfter: 0), from: PlannerBench.trainer)
        #expect(bench.end() != nil)
    }

    @Test("40 walks of reports and returns in any order of steps: counts, pages and the disk stay right, at any bound")
    func interleaved() {
        for seed in UInt64(0)..<40 {
            var random = SeededGenerator(seed: seed)
            var configuration = PlannerState.Configuration()
            configuration.outcomesMax = seed % 2 == 0 ? 30 : 1000
            var bench = PlannerBench(planner: configuration)
            bench.joinTrainer()
            var expected: [GroupOutcome] = []
            for event in 0..<60 {
                if event % 7 == 6 {
                    let step = Int.random(in: 0...10, using: &random)
                    let drop = DropPlans(request: 9, policyID: "p", fromStep: step, attempt: UInt64(event))
                    bench.receive(.dropPlans(drop), from: PlannerBench.trainer)
                    let kept = expected.filter { $0.step ?? 0 < step }
                    #expect(Self.dropped(bench)?.outcomes == expected.count - kept.count)
                    expected = kept
                } else {
                    let outcomes = (0..<Int.random(in: 1...8, using: &random)).map {
                        Self.outcome(
                            Int.random(in: 0..<12, using: &random), step: Int.random(in: 0...10, using: &random),
                            "\(event)/\($0)")
                    }
                    let attempt = UInt64(event / 7 * 7 - 1 > 0 ? event / 7 * 7 - 1 : 0)
                    bench.receive(Self.report(outcomes, attempt: attempt, rewards: 0...1), from: PlannerBench.trainer)
                    expected = Array((expected + outcomes).suffix(configuration.outcomesMax))
                }
                #expect(bench.machines.planner.brokenInvariants == [])
                let pages = Self.pages(bench, of: Int.random(in: 1...9, using: &random))
                #expect(pages == expected.map(\.eventID), "seed \(seed)")
            }
            let next = bench.restarted()
            #expect(next.machines.planner.isDurablyEqual(to: bench.machines.planner))
            #expect(Self.pages(next, of: 7) == expected.map(\.eventID))
        }
    }

    /// Events of all outcomes, page by page.
    private static func pages(_ bench: PlannerBench, of count: Int) -> [String] {
        var events: [String] = []
        var from: Int? = 0
        while let start = from,
            case .outcomes(let page, let next) = bench.machines.planner.answer(
                .outcomes(policyID: "p", from: start, count: count))
        {
            events += page.map(\.eventID)
            from = next
        }
        return events
    }

    @Test("what the disk keeps beyond the bound does not come back in the place of dropped outcomes")
    func bounded() {
        var configuration = PlannerState.Configuration()
        configuration.outcomesMax = 10
        var bench = PlannerBench(planner: configuration)
        bench.joinTrainer()
        for step in 1...3 {
            let outcomes = (0..<8).map { Self.outcome($0, step: step, "e\(step)/\($0)") }
            bench.receive(Self.report(outcomes, rewards: 0...1), from: PlannerBench.trainer)
        }
        let drop = DropPlans(request: 9, policyID: "p", fromStep: 3, attempt: 1)
        bench.receive(.dropPlans(drop), from: PlannerBench.trainer)
        let events = (0..<8).reversed().map { "e3/\($0)" }
        let forgotten = bench.planJournal.filter {
            switch $0 {
            case .outcomesTrimmed, .outcomesForgotten: true
            default: false
            }
        }
        #expect(
            forgotten == [
                .outcomesTrimmed(policyID: "p", keeping: 10), .outcomesForgotten(policyID: "p", eventIDs: events),
            ])
        #expect(Self.pages(bench, of: 3) == ["e2/6", "e2/7"])
    }

    @Test("plans are dropped by name too; the same request again drops nothing of the new attempt")
    func drop() throws {
        var bench = Self.run()
        let drop = Message.dropPlans(DropPlans(request: 9, policyID: "p", fromStep: 2, attempt: 4))
        bench.receive(drop, from: PlannerBench.trainer)
        #expect(Self.dropped(bench) == PlansDropped(request: 9, plans: 3, groups: 0, outcomes: 60, attempt: 4))
        bench.receive(Self.request(2, first: 3) { $0.attempt = 4 }, from: PlannerBench.trainer)
        #expect(bench.end() != nil)
        bench.receive(drop, from: PlannerBench.trainer)
        #expect(Self.dropped(bench)?.plans == 0 && Self.dropped(bench)?.attempt == 4)
        bench.receive(
            .dropPlans(DropPlans(request: 9, policyID: "p", fromStep: 2, attempt: 3)), from: PlannerBench.trainer)
        #expect(bench.refusal()?.reason == .conflict)
        bench.receive(
            .dropPlans(DropPlans(request: 9, policyID: "nobody", fromStep: 2)), from: PlannerBench.trainer)
        #expect(Self.dropped(bench)?.plans == 0)
    }

    @Test("groups of an abandoned plan leave the queue, and rewards for them count neither there nor in the new plan")
    func rollouts() throws {
        var bench = PlannerBench()
        bench.joinTrainer()
        bench.joinRollout(1, assignments: 2)
        bench.receive(Self.request(3) { $0.delivery = .workers }, from: PlannerBench.trainer)
        let old = try #require(bench.assignments(to: 1).first)
        // The worker is lost, so the group of the new plan waits when the rewards of the old one arrive.
        bench.receive(.bye, from: PlannerBench.rollout(1))
        bench.receive(
            Self.request(3, first: 5) {
                $0.delivery = .workers
                $0.attempt = 2
            }, from: PlannerBench.trainer)
        bench.joinRollout(2, assignments: 0)
        bench.receive(
            .rewards(Rewards(name: old.name, rewards: Array(repeating: 1, count: old.n))), from: PlannerBench.rollout(2)
        )
        #expect(bench.recorded(to: 2).map(\.verdict) == [.superseded])
        #expect(Self.kept(bench) == 0 && bench.groups().isEmpty)
        // And in the next generation.
        var next = bench.restarted()
        next.joinRollout(3, assignments: 0)
        next.receive(
            .rewards(Rewards(name: old.name, rewards: Array(repeating: 1, count: old.n))), from: PlannerBench.rollout(3)
        )
        #expect(next.recorded(to: 3).map(\.verdict) == [.superseded])
    }

    @Test("what is made first is dropped first, and not the lowest step")
    func retention() {
        var bench = PlannerBench()
        bench.joinTrainer()
        for step in [10, 11, 12, 13, 14, 15, 16, 17, 3] {
            bench.receive(Self.request(step, first: step), from: PlannerBench.trainer)
            #expect(bench.end() != nil)
        }
        bench.receive(.followPlan(PlanName(policyID: "p", step: 3), groupsAfter: 0), from: PlannerBench.trainer)
        #expect(bench.end() != nil)
        bench.receive(.followPlan(PlanName(policyID: "p", step: 10), groupsAfter: 0), from: PlannerBench.trainer)
        #expect(bench.refusal()?.reason == .unknown)
    }

    @Test("unfinished steps are bounded, by the request or by the plans kept, and a finished one makes room")
    func inFlight() throws {
        var bench = PlannerBench()
        bench.joinTrainer()
        for step in 1...2 {
            bench.receive(Self.request(step, first: step) { $0.inFlightMax = 2 }, from: PlannerBench.trainer)
            #expect(bench.end() != nil)
        }
        let third = Self.request(3, first: 3) { $0.inFlightMax = 2 }
        bench.receive(third, from: PlannerBench.trainer)
        #expect(bench.refusal()?.reason == .capacity && bench.refusal()?.code == "steps_in_flight")
        bench.receive(.followPlan(PlanName(policyID: "p", step: 1), groupsAfter: 0), from: PlannerBench.trainer)
        let outcomes = bench.budgets().map { budget in
            GroupOutcome(
                eventID: "g\(budget.index)", promptID: budget.promptID, step: 1,
                rewards: Array(repeating: 0, count: budget.n))
        }
        bench.receive(Self.report(outcomes), from: PlannerBench.trainer)
        bench.receive(third, from: PlannerBench.trainer)
        #expect(bench.end() != nil)
        // Without a bound, a plan that is dropped before its groups are done is a warning of the next one.
        var other = PlannerBench()
        other.joinTrainer()
        for step in 1...9 {
            other.receive(Self.request(step, first: step) { $0.delivery = .workers }, from: PlannerBench.trainer)
            let warnings = other.end()?.warnings.filter {
                $0.contains("step 1 was dropped before its groups were done")
            }
            #expect(warnings?.count == (step == 9 ? 1 : 0))
        }
    }

    @Test("outcomes of later weights than the plan's are not fresh, and the plan warns")
    func future() throws {
        var bench = PlannerBench()
        bench.joinTrainer()
        bench.receive(Self.report(PlannerBench.outcomes(100..<400, version: 50)), from: PlannerBench.trainer)
        bench.receive(Self.request(3), from: PlannerBench.trainer)
        let end = try #require(bench.end())
        #expect(end.contextAhead == 47 && end.staleness == 47)
        #expect(end.warnings.contains { $0.contains("47 steps later than version 3") })
        #expect(Set(bench.budgets().map(\.staleness)) == [47])
        bench.receive(Self.request(53), from: PlannerBench.trainer)
        #expect(bench.end()?.contextAhead == 0 && bench.end()?.staleness == 3)
        #expect(bench.end()?.warnings == [])
    }

    @Test("each budget states how old the outcomes are that it is based on: the context's, or the prompt's own")
    func staleness() throws {
        var bench = PlannerBench()
        bench.joinTrainer()
        bench.receive(Self.report(PlannerBench.outcomes(100..<400, version: 2)), from: PlannerBench.trainer)
        bench.receive(Self.report(PlannerBench.outcomes(0..<5, version: 7)), from: PlannerBench.trainer)
        bench.receive(Self.request(8), from: PlannerBench.trainer)
        let ages = Dictionary(bench.budgets().map { ($0.promptID, $0.staleness) }) { $1 }
        #expect(ages["q3"] == 1 && ages["q9"] == 6)
        let again = bench.restarted()
        #expect(again.machines.planner.isDurablyEqual(to: bench.machines.planner))
    }

    // MARK: Rewards

    @Test("a reward that is missing rejects its outcome alone, and the message says what to do")
    func missing() throws {
        var bench = PlannerBench()
        bench.joinTrainer()
        var bad = Self.outcome(1, step: 1, "a")
        bad.rewards[2] = .nan
        bench.receive(Self.report([bad, Self.outcome(2, step: 1, "b")]), from: PlannerBench.trainer)
        let answer = try #require(Self.answer(bench))
        #expect(answer.accepted == 1 && answer.rejected.map(\.code) == ["reward_missing"])
        #expect(answer.rejected.first?.message.contains("count its rollout in failed") == true)
        bad.rewards = []
        (bad.mean, bad.n) = (.nan, 4)
        bench.receive(Self.report([bad]), from: PlannerBench.trainer)
        #expect(Self.answer(bench)?.rejected.map(\.code) == ["reward_out_of_range"])
    }

    @Test("a report without a range has that of its plan, or of the policy's latest plan")
    func ranges() throws {
        var bench = PlannerBench()
        bench.joinTrainer()
        bench.receive(Self.request(1) { $0.rewards = -1...1 }, from: PlannerBench.trainer)
        var outcome = Self.outcome(1, step: 1, "a")
        outcome.rewards = [-1, 1, -0.5, 1]
        bench.receive(Self.report([outcome]), from: PlannerBench.trainer)
        #expect(Self.answer(bench)?.accepted == 1)
        (outcome.step, outcome.eventID) = (nil, "b")
        bench.receive(Self.report([outcome]), from: PlannerBench.trainer)
        #expect(Self.answer(bench)?.accepted == 1)
        outcome.eventID = "c"
        bench.receive(Self.report([outcome], rewards: 0...1), from: PlannerBench.trainer)
        #expect(Self.answer(bench)?.rejected.map(\.code) == ["reward_out_of_range"])
        let recorded = bench.planJournal.flatMap { entry -> [RecordedOutcome] in
            if case .outcomesRecorded(_, let outcomes) = entry { outcomes } else { [] }
        }
        #expect(recorded.map(\.reward) == [0.5625, 0.5625])
    }
}
