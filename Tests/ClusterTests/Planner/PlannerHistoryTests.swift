import Cluster
import Planning
import Scoring
import Testing
import Wire

@Suite("Planner: outcomes, contexts and own records")
struct PlannerHistoryTests {
    private func report(_ outcomes: [GroupOutcome], range: ClosedRange<Double> = 0...1) -> Message {
        .reportOutcomes(ReportOutcomes(request: 5, policyID: "p", rewards: range, outcomes: outcomes))
    }

    private func answer(_ bench: PlannerBench) throws -> OutcomesRecorded {
        try #require(
            bench.messages(to: PlannerBench.trainer).compactMap {
                if case .outcomesRecorded(let recorded) = $0 { recorded } else { nil }
            }.first)
    }

    @Test("an outcome reported twice counts once: in one report, in two, and after a restart")
    func once() throws {
        var bench = PlannerBench()
        bench.joinTrainer()
        let outcomes = PlannerBench.outcomes(0..<10)
        bench.receive(report(outcomes + [outcomes[3]]), from: PlannerBench.trainer)
        #expect(
            try answer(bench) == OutcomesRecorded(request: 5, accepted: 10, duplicates: 1, rejected: [], decisions: []))
        bench = bench.restarted()
        bench.joinTrainer()
        bench.receive(report(outcomes), from: PlannerBench.trainer)
        #expect(try answer(bench).duplicates == 10)
    }

    @Test("rejected outcomes are returned with a code, and the others count")
    func rejected() throws {
        var bench = PlannerBench()
        bench.joinTrainer()
        bench.receive(
            report([
                GroupOutcome(eventID: "a", promptID: "x", text: "t", rewards: [0, 2]),
                GroupOutcome(eventID: "", promptID: "x", text: "t", rewards: [0]),
                GroupOutcome(eventID: "b", promptID: "unseen", rewards: [0]),
                GroupOutcome(eventID: "c", promptID: "x", text: "t"),
                GroupOutcome(eventID: "d", promptID: "x", text: "t", rewards: [0, 1], n: 3),
                GroupOutcome(eventID: "e", promptID: "x", text: "t", mean: 0.25, n: 8),
                GroupOutcome(eventID: "f", promptID: "x", rewards: [1], failed: 2),
            ]), from: PlannerBench.trainer)
        let answer = try answer(bench)
        #expect(
            answer.rejected.map(\.code) == [
                "reward_out_of_range", "no_event_id", "unknown_prompt", "no_rollouts", "count_mismatch",
            ])
        #expect(answer.accepted == 2, "a text sent with one outcome is enough for all of the prompt's")
    }

    @Test("rewards of −1…1 are scaled, raw ones are kept")
    func scaled() throws {
        var bench = PlannerBench()
        bench.joinTrainer()
        bench.receive(
            report([GroupOutcome(eventID: "a", promptID: "x", text: "t", rewards: [-1, 1, 1, -0.5])], range: -1...1),
            from: PlannerBench.trainer)
        guard case .outcomesRecorded(_, let kept)? = bench.planJournal.first else {
            Issue.record("nothing was recorded")
            return
        }
        #expect(kept[0].reward == (0.125 + 1) / 2 && kept[0].rewards == [-1, 1, 1, -0.5] && kept[0].n == 4)
    }

    @Test("outcomes sent with a plan profile the policy that the plan is made for")
    func withPlan() throws {
        var bench = PlannerBench()
        bench.joinTrainer()
        var request = PlannerBench.request(50, first: 1000)
        request.outcomes = PlannerBench.outcomes(0..<300)
        bench.receive(.requestPlan(request), from: PlannerBench.trainer)
        #expect(bench.contexts.map(\.rows.count) == [256])
        #expect(bench.end()?.contextRows == 256 && bench.end()?.staleness == 1)
        // Reported again with the next step, they do not count a second time.
        var next = PlannerBench.request(50, step: 2, first: 1000)
        next.outcomes = request.outcomes
        bench.receive(.requestPlan(next), from: PlannerBench.trainer)
        #expect(bench.machines.planner.isDurablyEqual(to: bench.restarted().machines.planner))
        #expect(bench.end()?.staleness == 2)
    }

    @Test("no prompt sees its own outcome in its context: with few others, two contexts, each for the other half")
    func ownOutcomes() throws {
        var bench = PlannerBench()
        bench.joinTrainer()
        bench.receive(report(PlannerBench.outcomes(0..<100)), from: PlannerBench.trainer)
        bench.isWorking = false
        bench.receive(.requestPlan(PlannerBench.request(100)), from: PlannerBench.trainer)
        var seen = 0
        while !bench.shards.isEmpty {
            let (_, texts) = bench.shards[0]
            // The shard's context is the last one sent, or one of the two; find the one that it was predicted under.
            let queries = Set(texts.texts.compactMap(\.self))
            let isClean = bench.contexts.contains { context in
                queries.isDisjoint(with: context.rows.map(\.text))
            }
            #expect(isClean)
            seen += queries.count
            bench.workOff(1)
        }
        #expect(seen == 100 && bench.contexts.count == 2)
        #expect(Set(bench.contexts.flatMap { $0.rows.map(\.text) }).count == 100, "each half profiles the other")
        // Where own outcomes are allowed there is one context, of all.
        var request = PlannerBench.request(100, step: 2)
        request.context.includesOwn = true
        bench.isWorking = true
        bench.receive(.requestPlan(request), from: PlannerBench.trainer)
        #expect(bench.contexts.last?.rows.count == 100)
    }

    @Test("a prompt's own record joins its belief, counts less with age, and can be left out")
    func ownRecord() throws {
        var bench = PlannerBench()
        bench.joinTrainer()
        bench.table = { _ in (0.5, 8) }
        let solved = GroupOutcome(
            eventID: "s", promptID: "q0", text: "prompt 0", policyVersion: 1, rewards: Array(repeating: 1, count: 16))
        bench.receive(report([solved]), from: PlannerBench.trainer)
        bench.receive(.requestPlan(PlannerBench.request(40, step: 2)), from: PlannerBench.trainer)
        let fused = try #require(bench.budgets().last { $0.index == 0 })
        let weight = 16 * 0.99
        #expect(fused.source == "record" && abs((fused.p ?? 0) - (4 + weight) / (8 + weight)) < 1e-9)
        #expect(abs((fused.kappa ?? 0) - (8 + weight)) < 1e-9)
        var request = PlannerBench.request(40, step: 3)
        request.recordDecay = 0
        bench.receive(.requestPlan(request), from: PlannerBench.trainer)
        #expect(bench.budgets().last { $0.index == 0 }?.p == 0.5)
    }

    @Test("floors rise and caps fall when rollouts have failed")
    func failures() throws {
        var bench = PlannerBench()
        bench.joinTrainer()
        bench.receive(
            report([GroupOutcome(eventID: "a", promptID: "x", text: "t", rewards: [0, 1, 1], failed: 1)]),
            from: PlannerBench.trainer)
        var request = PlannerBench.request(60)
        request.raisesFloors = true
        request.groupSurvival = 0.05
        bench.receive(.requestPlan(request), from: PlannerBench.trainer)
        let n = Dictionary(bench.budgets().map { ($0.index, $0.n) }, uniquingKeysWith: { $1 }).values
        // 4/(1 − 1/4) = 5.33 → 6; log 0.05/log 0.75 = 10.4 → 10.
        #expect(n.min() == 6 && n.max() == 10 && n.reduce(0, +) == 480)
    }

    @Test("a text need not be sent twice, and another text begins another record")
    func texts() throws {
        var bench = PlannerBench()
        bench.joinTrainer()
        bench.receive(.requestPlan(PlannerBench.request(20)), from: PlannerBench.trainer)
        var request = PlannerBench.request(20, step: 2)
        for index in request.candidates.indices { request.candidates[index].text = "" }
        bench.receive(.requestPlan(request), from: PlannerBench.trainer)
        #expect(bench.end()?.status == .ok)
        var later = bench.restarted()
        later.joinTrainer()
        request.plan.step = 3
        later.receive(.requestPlan(request), from: PlannerBench.trainer)
        #expect(later.end()?.status == .ok, "\(String(describing: later.refusal()))")
    }

    @Test("scores without a plan use a context that is given or drawn")
    func scores() throws {
        var bench = PlannerBench()
        bench.joinTrainer()
        bench.receive(report(PlannerBench.outcomes(0..<40)), from: PlannerBench.trainer)
        let texts = TextBlock(["prompt 1", "prompt 500"])
        bench.receive(
            .requestScores(RequestScores(request: 9, policy: Policy(id: "p"), texts: texts)), from: PlannerBench.trainer
        )
        let scores = try #require(
            bench.messages(to: PlannerBench.trainer).compactMap {
                if case .scores(let scores) = $0 { scores } else { nil }
            }
            .first)
        #expect(scores.request == 9 && scores.contextRows == 39 && scores.answers.count == 2)
        #expect(scores.answers[0]?.p == PlannerBench.spread("prompt 1")?.p)
        // No worker answers: refused at its deadline, not before.
        bench.isWorking = false
        bench.receive(
            .requestScores(
                RequestScores(request: 10, policy: Policy(id: "p"), deadline: .seconds(1), texts: TextBlock(["new"]))),
            from: PlannerBench.trainer)
        bench.wait(.milliseconds(1001))
        #expect(bench.refusal() == nil || bench.refusal()?.subject == .request(10))
        #expect(bench.refusal()?.reason == .deadline)
    }
}
