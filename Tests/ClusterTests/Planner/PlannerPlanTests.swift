import Cluster
import Planning
import Scoring
import Testing
import Wire

@Suite("Planner: plans")
struct PlannerPlanTests {
    @Test("a plan's budgets sum to the total, and its digest is that of the budgets")
    func whole() throws {
        var bench = PlannerBench()
        bench.joinTrainer()
        bench.receive(.requestPlan(PlannerBench.request(200)), from: PlannerBench.trainer)
        let budgets = bench.budgets()
        let end = try #require(bench.end())
        var n = [Int](repeating: 0, count: 200)
        for budget in budgets { n[budget.index] = budget.n }
        #expect(n.reduce(0, +) == 1600 && end.total == 1600 && end.surplus == 0 && end.status == .ok)
        #expect(n.allSatisfy { (4...32).contains($0) })
        #expect(PlanEnd.digest(of: n).bytes == end.digest)
        #expect(end.utility > end.uniformUtility && end.utility <= end.upperBound * (1 + 1e-12))
        #expect(budgets.allSatisfy { $0.p != nil && !$0.source.isEmpty && !$0.reason.isEmpty })
    }

    @Test("budgets are sent while predictions still arrive, and none is ever reduced")
    func streams() throws {
        var bench = PlannerBench()
        bench.joinTrainer()
        bench.isWorking = false
        bench.receive(.requestPlan(PlannerBench.request(400)), from: PlannerBench.trainer)
        #expect(bench.budgets().isEmpty && bench.end() == nil)
        var n: [Int: Int] = [:]
        var early = 0
        while bench.end() == nil {
            try #require(!bench.shards.isEmpty)
            bench.workOff(1)
            for budget in bench.budgets() {
                #expect(budget.n >= n[budget.index] ?? 0)
                n[budget.index] = budget.n
            }
            if bench.end() == nil { early = n.count }
        }
        print("streamed: \(early) of 400 budgets were sent before the last prediction arrived")
        #expect(early > 200 && n.count == 400 && n.values.reduce(0, +) == 3200)
    }

    @Test("the same request gets the same bytes; another request for the step is refused")
    func idempotent() throws {
        var bench = PlannerBench()
        bench.joinTrainer()
        let request = PlannerBench.request(100)
        bench.receive(.requestPlan(request), from: PlannerBench.trainer)
        let (budgets, end) = (bench.budgets(), bench.end())
        var again = request
        again.deadline = .seconds(9)
        bench.receive(.requestPlan(again), from: PlannerBench.trainer)
        #expect(bench.budgets() == budgets && bench.end() == end)
        again.total += 8
        bench.receive(.requestPlan(again), from: PlannerBench.trainer)
        #expect(bench.refusal()?.reason == .conflict)
        // Another trainer may ask, too, and after a restart it is still the same plan.
        var later = bench.restarted()
        later.joinTrainer(Peer([0x12]))
        later.receive(.requestPlan(request), from: Peer([0x12]))
        #expect(later.budgets(to: Peer([0x12])) == budgets && later.end(to: Peer([0x12])) == end)
    }

    @Test("without a worker, the deadline gives the uniform plan, marked as such")
    func deadline() throws {
        var bench = PlannerBench(withWorker: false)
        bench.joinTrainer()
        bench.receive(.requestPlan(PlannerBench.request(10)), from: PlannerBench.trainer)
        #expect(bench.sent.isEmpty || bench.end() == nil)
        bench.wait(.milliseconds(1999))
        #expect(bench.end() == nil)
        bench.wait(.milliseconds(2))
        let end = try #require(bench.end())
        #expect(end.status == .fallback && end.uniformReason == "deadline" && end.total == 80)
        #expect(bench.budgets().allSatisfy { $0.n == 8 && $0.source == "fallback" && $0.reason == "deadline" })
    }

    @Test("at the deadline, sent budgets stay, and the rest is shared evenly, to the rollout")
    func degraded() throws {
        var bench = PlannerBench()
        bench.joinTrainer()
        bench.isWorking = false
        var n = [Int](repeating: 0, count: 401)
        var request = PlannerBench.request(401)
        request.total = 401 * 8 + 3
        bench.receive(.requestPlan(request), from: PlannerBench.trainer)
        bench.workOff(1)
        bench.workOff(1)
        bench.workOff(1)
        for budget in bench.budgets() { n[budget.index] = budget.n }
        let early = n.count { $0 > 0 }
        bench.wait(.seconds(3))
        for budget in bench.budgets() { n[budget.index] = budget.n }
        let end = try #require(bench.end())
        #expect(end.status == .degraded && n.reduce(0, +) == 401 * 8 + 3 && end.total == 401 * 8 + 3)
        #expect(early > 0 && early < 401 && n.allSatisfy { (4...32).contains($0) })
    }

    @Test("a request without a fallback is refused at the deadline, and may be repeated")
    func strict() throws {
        var bench = PlannerBench(withWorker: false)
        bench.joinTrainer()
        var request = PlannerBench.request(10)
        request.fallback = .refuse
        bench.receive(.requestPlan(request), from: PlannerBench.trainer)
        bench.wait(.seconds(3))
        #expect(bench.refusal()?.reason == .deadline && bench.end() == nil)
        bench.joinWorker()
        bench.receive(.requestPlan(request), from: PlannerBench.trainer)
        #expect(bench.end()?.status == .ok)
    }

    @Test("a plan in shadow mode sends even budgets, and says what its own would be worth")
    func shadow() throws {
        var bench = PlannerBench()
        bench.joinTrainer()
        var request = PlannerBench.request(100)
        request.mode = .shadow
        bench.receive(.requestPlan(request), from: PlannerBench.trainer)
        let end = try #require(bench.end())
        #expect(bench.budgets().count == 100 && bench.budgets().allSatisfy { $0.n == 8 && $0.reason == "shadow" })
        #expect(end.uniformReason == "shadow" && end.utility > end.uniformUtility)
    }

    @Test("multiples, group sizes and prompts' own limits are kept")
    func sizes() throws {
        var bench = PlannerBench()
        bench.joinTrainer()
        var request = PlannerBench.request(120)
        request.groupSizes = [4, 8, 16]
        request.multipleOf = 4
        request.explore = 0.05
        request.candidates[0].maximum = 4
        request.candidates[1].minimum = 16
        bench.receive(.requestPlan(request), from: PlannerBench.trainer)
        var n: [Int: Int] = [:]
        for budget in bench.budgets() { n[budget.index] = budget.n }
        #expect(n.values.allSatisfy { [4, 8, 16].contains($0) } && n.values.reduce(0, +) == 960)
        #expect(n[0] == 4 && n[1] == 16)
    }

    @Test("a prompt without a prediction gets a budget too, marked as such")
    func faults() throws {
        var bench = PlannerBench()
        bench.joinTrainer()
        bench.table = { $0 == "prompt 3" ? nil : PlannerBench.spread($0) }
        bench.receive(.requestPlan(PlannerBench.request(50)), from: PlannerBench.trainer)
        #expect(bench.end()?.status == .ok)
        #expect(bench.budgets().last { $0.index == 3 }?.source == "fallback")
    }

    @Test("an impossible request is refused, and the message names the field", arguments: Absurdity.allCases)
    func refused(absurdity: Absurdity) throws {
        var bench = PlannerBench()
        bench.joinTrainer()
        var request = PlannerBench.request(10)
        absurdity.spoil(&request)
        bench.receive(.requestPlan(request), from: PlannerBench.trainer)
        let refusal = try #require(bench.refusal(), "\(absurdity)")
        #expect(refusal.reason == (absurdity == .unknownText ? .unknown : .invalid))
        #expect(refusal.message.contains(absurdity.field), "\(refusal.message)")
        #expect(bench.planJournal.isEmpty)
    }

    enum Absurdity: CaseIterable {
        case total, range, multiple, twice, unknownText, emptyID, explore, survival, limits, lookAhead

        func spoil(_ request: inout RequestPlan) {
            switch self {
            case .total: request.total = 39
            case .range: request.minimum = 33
            case .multiple: request.multipleOf = 3
            case .twice: request.candidates[1].promptID = "q0"
            case .unknownText: request.candidates[7].text = ""
            case .emptyID: request.candidates[4].promptID = ""
            case .explore: request.explore = 1.5
            case .survival: request.groupSurvival = 1
            case .limits: (request.candidates[2].minimum, request.candidates[2].maximum) = (20, 10)
            case .lookAhead: (request.lookAhead, request.lookAheadMost) = (0.01, 0)
            }
        }

        /// What the message must name.
        var field: String {
            switch self {
            case .total: "39"
            case .range: "33"
            case .multiple: "3"
            case .twice: "q0"
            case .unknownText: "q7"
            case .emptyID: "items[4]"
            case .explore: "1.5"
            case .survival: "group_survival"
            case .limits: "q2"
            case .lookAhead: "0"
            }
        }
    }

    @Test("plans of eight steps are kept; an older one is forgotten, also on disk, and its step may be planned again")
    func retention() throws {
        var bench = PlannerBench()
        bench.joinTrainer()
        for step in 1...9 {
            bench.receive(.requestPlan(PlannerBench.request(20, step: step)), from: PlannerBench.trainer)
        }
        #expect(bench.logEvents.contains(.planForgotten(PlanName(policyID: "p", step: 1))))
        bench.receive(.followPlan(PlanName(policyID: "p", step: 1), groupsAfter: 0), from: PlannerBench.trainer)
        #expect(bench.refusal()?.reason == .unknown)
        bench.receive(.followPlan(PlanName(policyID: "p", step: 9), groupsAfter: 0), from: PlannerBench.trainer)
        #expect(bench.budgets().count >= 20 && bench.end() != nil)
        #expect(bench.restarted().machines.planner.isDurablyEqual(to: bench.machines.planner))
    }
}
