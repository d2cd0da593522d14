import Cluster
import Planning
import Scoring
import Testing
import Wire

/// Memory is bounded by bytes, and nothing is refused for ever.
@Suite("Planner: bounds of histories, texts and plans")
struct PlannerBoundsTests {
    private static let trainer = PlannerBench.trainer

    private static func bench(_ change: (inout PlannerState.Configuration) -> Void) -> PlannerBench {
        var configuration = PlannerState.Configuration()
        change(&configuration)
        var bench = PlannerBench(planner: configuration)
        bench.joinTrainer()
        return bench
    }

    private static func report(_ policy: String, _ outcomes: [GroupOutcome]) -> Message {
        .reportOutcomes(ReportOutcomes(request: 1, policyID: policy, rewards: 0...1, outcomes: outcomes))
    }

    private static func policies(_ bench: PlannerBench) -> [PolicySummary] {
        if case .policies(let policies) = bench.machines.planner.answer(.policies) { policies } else { [] }
    }

    private static func report(of bench: PlannerBench) -> CoordinatorReport {
        var report = CoordinatorReport()
        bench.machines.fill(&report)
        return report
    }

    /// Requests the prompts of a step by their ids alone.
    private static func named(_ prompts: Int, step: Int) -> Message {
        var request = PlannerBench.request(prompts, step: step)
        for place in request.candidates.indices { request.candidates[place].text = "" }
        return .requestPlan(request)
    }

    @Test(
        "the 65th policy, and the thousandth, are planned and recorded; the idle ones are forgotten, also on the disk")
    func manyPolicies() {
        var bench = Self.bench { $0.policiesMax = 64 }
        for number in 0..<1000 {
            bench.receive(Self.report("p\(number)", PlannerBench.outcomes(0..<2)), from: Self.trainer)
            #expect(bench.refusal() == nil)
        }
        let kept = Self.policies(bench)
        #expect(Set(kept.map(\.policyID)) == Set((936..<1000).map { "p\($0)" }))
        #expect(Self.report(of: bench).policiesEvicted == 936)
        #expect(bench.restarted().machines.planner.isDurablyEqual(to: bench.machines.planner))
    }

    @Test("a large policy is forgotten in parts: no other tenant waits for all of it")
    func largePolicy() {
        var bench = Self.bench { $0.policiesMax = 1 }
        for start in stride(from: 0, to: 9000, by: 500) {
            bench.receive(Self.report("large", PlannerBench.outcomes(start..<start + 500)), from: Self.trainer)
        }
        bench.receive(Self.report("small", PlannerBench.outcomes(0..<2)), from: Self.trainer)
        #expect(
            bench.planJournal.suffix(3) == [
                .policyReduced("large"), .policyReduced("large"), .policyForgotten("large"),
            ])
        #expect(bench.restarted().machines.planner.isDurablyEqual(to: bench.machines.planner))
    }

    @Test("a policy that is used is not idle: by reports, by plans, and as a reference")
    func used() {
        var bench = Self.bench { $0.policiesMax = 3 }
        for policy in ["reference", "idle", "own"] {
            bench.receive(Self.report(policy, PlannerBench.outcomes(0..<4)), from: Self.trainer)
        }
        var request = PlannerBench.request(4, policy: "own")
        request.references = ["reference"]
        bench.receive(.requestPlan(request), from: Self.trainer)
        bench.receive(Self.report("new", PlannerBench.outcomes(0..<4)), from: Self.trainer)
        #expect(Self.policies(bench).map(\.policyID) == ["new", "own", "reference"])
    }

    @Test(
        "histories are bounded by bytes: idle policies first, then texts, then the oldest outcomes of the only one left"
    )
    func bytes() {
        var bench = Self.bench { $0.historyBytesMax = 1 << 20 }
        let text = String(repeating: "x", count: 10_000)
        for number in 0..<400 {
            var outcome = PlannerBench.outcomes(number..<number + 1)[0]
            outcome.text = text + "\(number)"
            bench.receive(Self.report(number < 20 ? "first" : "second", [outcome]), from: Self.trainer)
            #expect(bench.refusal() == nil)
            #expect(Self.report(of: bench).historyBytes <= 1 << 20)
        }
        let kept = Self.policies(bench)
        #expect(kept.map(\.policyID) == ["second"] && kept[0].outcomes > 50, "\(kept)")
        let report = Self.report(of: bench)
        #expect(report.policiesEvicted == 1 && report.textsEvicted > 0 && report.outcomesEvicted > 0)
        #expect(bench.restarted().machines.planner.isDurablyEqual(to: bench.machines.planner))
    }

    @Test("equal texts count once, and are in memory once, however many outcomes have them")
    func equalTexts() throws {
        var bench = Self.bench { _ in }
        for number in 0..<50 {
            var outcome = PlannerBench.outcomes(number..<number + 1)[0]
            // Another string of the same bytes each time, as from the network.
            outcome.text = String(repeating: "x", count: 10_000)
            outcome.promptID = "the same"
            bench.receive(Self.report("p", [outcome]), from: Self.trainer)
        }
        guard
            case .outcomes(let kept, _) = bench.machines.planner.answer(
                .outcomes(policyID: "p", from: 0, count: 100))
        else { throw Missing() }
        let addresses = kept.map { outcome in
            outcome.text.utf8.withContiguousStorageIfAvailable { UInt(bitPattern: $0.baseAddress) }
        }
        #expect(kept.count == 50 && Set(addresses).count == 1)
        #expect(Self.report(of: bench).historyBytes < 50_000)
    }

    private struct Missing: Error {}

    @Test("texts are bounded by bytes: what was named last stays, also if it was sent first")
    func texts() {
        var bench = Self.bench { $0.textBytesMax = 20 * 1024 }
        bench.receive(.requestPlan(PlannerBench.request(2, step: 1)), from: Self.trainer)
        for step in 2..<200 {
            bench.receive(Self.named(2, step: step), from: Self.trainer)
            #expect(bench.refusal() == nil, "step \(step)")
            bench.receive(Self.report("p", PlannerBench.outcomes(step * 10..<step * 10 + 10)), from: Self.trainer)
        }
        #expect(Self.report(of: bench).textBytes <= 20 * 1024 && Self.report(of: bench).textsEvicted > 1000)
        #expect(bench.restarted().machines.planner.isDurablyEqual(to: bench.machines.planner))
    }

    @Test("a prompt named by its id alone is known after a restart, although its plan is forgotten and has no outcome")
    func restart() {
        var bench = Self.bench { $0.plansMax = 1 }
        bench.receive(.requestPlan(PlannerBench.request(4, step: 1)), from: Self.trainer)
        bench.receive(.requestPlan(PlannerBench.request(4, step: 2, first: 100)), from: Self.trainer)
        bench = PlannerBench(
            replaying: bench.journal,
            bench.planJournal.filter { entry in
                // What a journal on the disk deletes when it gets `planForgotten`.
                switch entry {
                case .planOpened(let opening): opening.request.plan.step == 2
                case .predictionsReceived(let plan, _), .planForgotten(let plan): plan.step == 2
                default: true
                }
            })
        bench.joinTrainer()
        bench.receive(Self.named(4, step: 3), from: Self.trainer)
        #expect(bench.refusal() == nil && bench.end()?.prompts == 4)
    }

    @Test("plans are bounded by bytes: those that are over make room; one that never fits is invalid, not busy")
    func plans() {
        var bench = Self.bench { $0.planBytesMax = 8000 }
        for step in 0..<50 {
            bench.receive(
                .requestPlan(PlannerBench.request(10, step: step, policy: "p\(step % 5)")), from: Self.trainer)
            #expect(bench.refusal() == nil && bench.end() != nil, "step \(step)")
            #expect(Self.report(of: bench).planBytes <= 8000)
        }
        bench.receive(.requestPlan(PlannerBench.request(100, step: 99)), from: Self.trainer)
        #expect(bench.refusal()?.reason == .invalid && bench.refusal()?.message.contains("--plan-mib") == true)
    }

    @Test("a forgotten policy leaves nothing, and may begin again")
    func forgotten() {
        var bench = Self.bench { _ in }
        bench.receive(Self.report("p", PlannerBench.outcomes(0..<20)), from: Self.trainer)
        bench.receive(.requestPlan(PlannerBench.request(4)), from: Self.trainer)
        bench.handle(.forgetPolicy("p"))
        #expect(Self.policies(bench).isEmpty && Self.report(of: bench).plansKept == 0)
        #expect(bench.restarted().machines.planner.isDurablyEqual(to: bench.machines.planner))
        bench.receive(Self.named(1, step: 2), from: Self.trainer)
        #expect(bench.refusal()?.reason == .unknown)
        bench.receive(Self.report("p", PlannerBench.outcomes(0..<20)), from: Self.trainer)
        #expect(Self.policies(bench).first?.outcomes == 20)
    }

    @Test("outcomes are read in pages, and again what was recorded meanwhile")
    func pages() {
        var bench = Self.bench { $0.outcomesMax = 30 }
        bench.receive(Self.report("p", PlannerBench.outcomes(0..<50)), from: Self.trainer)
        var ids: [String] = []
        var from: Int? = 0
        while let start = from,
            case .outcomes(let page, let next) = bench.machines.planner.answer(
                .outcomes(policyID: "p", from: start, count: 7))
        {
            ids += page.map(\.promptID)
            from = next
        }
        #expect(ids == (20..<50).map { "q\($0)" })
        for from in [Int.min, .max] {
            _ = bench.machines.planner.answer(.outcomes(policyID: "p", from: from, count: .max))
        }
    }
}
