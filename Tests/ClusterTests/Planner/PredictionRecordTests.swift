import Cluster
import Planning
import Scoring
import Testing
import Wire

@Suite("What plans predicted, and what was reported")
struct PredictionRecordTests {
    /// A bench whose worker predicts the same p for each prompt; a trainer plans one step of so many prompts.
    private static func planned(_ prompts: Int, p: Float) -> PlannerBench {
        var bench = PlannerBench()
        bench.table = { _ in (p, 1000) }
        bench.joinTrainer()
        bench.joinRollout(1, assignments: 1000, rollouts: 100_000)
        var request = PlannerBench.request(prompts, step: 1)
        request.delivery = .workers
        bench.receive(.requestPlan(request), from: PlannerBench.trainer)
        return bench
    }

    private static func record(_ bench: PlannerBench) throws -> PredictionRecord {
        var machines = bench.machines
        guard case .overview(let overview) = machines.handle(.overview, at: bench.now).answer else {
            throw Unexpected()
        }
        return overview.predictions
    }

    private struct Unexpected: Error {}

    @Test("p is counted when it arrives, budgets when the plan ends, rewards when a group is done")
    func counting() throws {
        var bench = Self.planned(20, p: 0.52)
        let opened = try Self.record(bench)
        #expect(opened.histogram[10] == 20 && opened.histogram.reduce(0, +) == 20)
        let plan = try #require(opened.plans.first)
        let end = try #require(plan.end)
        let bin = try #require(plan.picture?.bins[10])
        #expect(opened.plans.count == 1 && bin.prompts == 20 && bin.rollouts == end.total)
        #expect(bin.least > 0 && bin.least <= bin.most && plan.groups.groups == 0)
        let assignments = bench.assignments(to: 1)
        for (index, assignment) in assignments.enumerated() {
            // Every fourth group is solved by all of its rollouts: silent.
            let solved = index % 4 == 0 ? assignment.n : 1
            let rewards = (0..<assignment.n).map { $0 < solved ? 1.0 : 0 }
            bench.receive(.rewards(Rewards(name: assignment.name, rewards: rewards)), from: PlannerBench.rollout(1))
        }
        let reported = try Self.record(bench)
        let groups = try #require(reported.plans.first).groups
        #expect(groups.groups == assignments.count && groups.predicted == groups.groups)
        #expect(groups.silentGroups == (assignments.count + 3) / 4 && groups.silentPredicted == groups.silentGroups)
        #expect(groups.rollouts == assignments.reduce(0) { $0 + $1.n })
        #expect(abs(groups.sumP - 0.52 * Double(groups.groups)) < 1e-4)
        // Of n rollouts at p, all are equal with probability p^n + (1 − p)^n, about.
        let expected = assignments.reduce(0.0) { sum, one in
            var (solved, failed) = (1.0, 1.0)
            for _ in 0..<one.n { (solved, failed) = (solved * 0.52, failed * 0.48) }
            return sum + solved + failed
        }
        #expect(abs(groups.silentExpected - expected) < 0.1 * max(1, expected))
        #expect(reported.cells[5].groups == groups.groups && abs(reported.cells[5].sumReward - groups.sumReward) < 1e-9)
    }

    @Test("a restarted coordinator knows the same, from its journal")
    func restart() throws {
        var bench = Self.planned(8, p: 0.3)
        for assignment in bench.assignments(to: 1) {
            bench.receive(
                .rewards(Rewards(name: assignment.name, rewards: Array(repeating: 0, count: assignment.n))),
                from: PlannerBench.rollout(1))
        }
        #expect(try Self.record(bench) == Self.record(bench.restarted(withWorker: false)))
    }

    @Test("the newest plans are kept, in order of their opening")
    func bounds() throws {
        var bench = PlannerBench()
        bench.joinTrainer()
        for step in 0..<(PredictionRecord.plansMax + 10) {
            bench.receive(.requestPlan(PlannerBench.request(2, step: step)), from: PlannerBench.trainer)
        }
        let record = try Self.record(bench)
        #expect(record.plans.count == PredictionRecord.plansMax)
        #expect(record.plans.last?.name.step == PredictionRecord.plansMax + 9)
    }
}
