import Cluster
import Planning
import Scoring
import Testing
import Wire

@Suite("Tenants: policies, plans and histories")
struct TenantPlanTests {
    private let a = TenantBench.trainer("a")
    private let b = TenantBench.trainer("b")
    private let none = TenantBench.trainer(nil)

    /// A step of a policy `p`, whose texts say whose they are.
    private func request(_ tenant: String, step: Int = 1, delivery: RequestPlan.Delivery = .trainer) -> RequestPlan {
        var request = RequestPlan(
            plan: PlanName(policyID: "p", step: step), total: 32,
            candidates: (0..<4).map { PlanCandidate(promptID: "q\($0)", text: "\(tenant) prompt \($0)") })
        request.delivery = delivery
        return request
    }

    @Test("two tenants and the cluster itself plan the same step of the same policy, each with its own answer")
    func samePlan() throws {
        var bench = TenantBench()
        for (tenant, peer) in [("a", a), ("b", b), ("none", none)] {
            bench.receive(.requestPlan(request(tenant)), from: peer)
            // One planner would refuse the second: the step has another plan.
            #expect(bench.end(to: peer)?.status == .ok)
            #expect(bench.tenantsReached == [peer.tenant])
        }
        #expect(bench.isKeptByRestart)
        #expect(bench.planEntries.count == 3)
        for (tenant, entries) in bench.planEntries {
            let texts = entries.flatMap { entry -> [String] in
                if case .planOpened(let opening) = entry { opening.request.candidates.map(\.text) } else { [] }
            }
            #expect(!texts.isEmpty && texts.allSatisfy { $0.hasPrefix(tenant ?? "none") })
        }
    }

    @Test("nothing is kept of jobs that predict for plans and scores; their rows are counted")
    func transientJobs() throws {
        var bench = TenantBench()
        bench.receive(.requestPlan(request("a")), from: a)
        let scores = RequestScores(request: 1, policy: Policy(id: "p"), texts: TextBlock(["a text", "another"]))
        bench.receive(.requestScores(scores), from: b)
        #expect(bench.messages(to: b).contains { if case .scores = $0 { true } else { false } })
        for entry in bench.entries {
            switch entry {
            case .generationStarted, .fingerprintAdopted: break
            default: Issue.record("\(entry) is kept")
            }
        }
        let rows = [Scope.tenant("a"), .tenant("b"), .tenant(nil), .all].map { scope in
            var report = CoordinatorReport()
            bench.machines.fill(&report, in: scope)
            return report.rowsAnswered
        }
        #expect(rows == [4, 2, 0, 6])
        #expect(bench.isKeptByRestart)
    }

    @Test("another tenant's trainer reads, follows and drops nothing, and is refused in words where it names something")
    func foreign() throws {
        var bench = TenantBench()
        bench.receive(TenantBench.report("a", 0..<40), from: a)
        bench.receive(.requestPlan(request("a", step: 3)), from: a)
        let before = bench.machines
        let plan = PlanName(policyID: "p", step: 3)
        for stranger in [b, none] {
            bench.receive(.followPlan(plan, groupsAfter: 0), from: stranger)
            let refused = try #require(bench.refusal(to: stranger))
            #expect(refused.reason == .unknown && refused.message.contains("no plan here"))
            #expect(bench.messages(to: stranger).count == 1)
            // A prompt by its id alone, whose text the other tenant has sent.
            var byID = RequestPlan(
                plan: PlanName(policyID: "p", step: 4), total: 8, candidates: [PlanCandidate(promptID: "q1", text: "")])
            byID.minimum = 0
            bench.receive(.requestPlan(byID), from: stranger)
            #expect(bench.refusal(to: stranger)?.reason == .unknown)
            bench.receive(
                .requestScores(
                    RequestScores(
                        request: 7, policy: Policy(id: "mine"), texts: TextBlock(["x"]), references: ["p"],
                        facts: [PromptFacts()])),
                from: stranger)
            let reference = bench.refusal(to: stranger)?.message
            #expect(reference?.contains("no outcomes are kept") == true, "\(reference ?? "accepted")")
            bench.receive(
                .dropPlans(DropPlans(request: 8, policyID: "p", fromStep: 0, attempt: 9)), from: stranger)
            #expect(bench.planEntries["a"]?.contains { if case .planForgotten = $0 { true } else { false } } == false)
            bench.receive(
                .requestScores(RequestScores(request: 6, policy: Policy(id: "p"), texts: TextBlock(["x"]))),
                from: stranger)
            #expect(bench.tenantsReached.isSubset(of: [stranger.tenant]))
            #expect(bench.outcomes(of: "p", in: .tenant(stranger.tenant))?.isEmpty != false)
        }
        let planner = try #require(bench.machines.planner(of: "a"))
        #expect(planner.isDurablyEqual(to: try #require(before.planner(of: "a"))), "nothing of tenant a has changed")
        bench.receive(.followPlan(plan, groupsAfter: 0), from: a)
        #expect(bench.end(to: a) != nil, "its own trainer still has it")
    }

    @Test("a trainer that goes back, or an operator that forgets, changes its own tenant's policy alone")
    func forgetting() throws {
        var bench = TenantBench()
        for (tenant, peer) in [("a", a), ("b", b)] {
            bench.receive(TenantBench.report(tenant, 0..<20), from: peer)
            bench.receive(.requestPlan(request(tenant)), from: peer)
        }
        bench.handle(.forgetPolicy("p", of: "b"))
        #expect(bench.outcomes(of: "p", in: .tenant("b")) == nil)
        #expect(bench.outcomes(of: "p", in: .tenant("a"))?.count == 20)
        bench.handle(.forgetPolicy("p", of: nil))
        #expect(bench.outcomes(of: "p", in: .tenant("a"))?.count == 20)
        bench.handle(.forgetPolicy("p", of: "nobody"))
        #expect(bench.machines.planner(of: "nobody") == nil, "a name alone makes no planner")
        #expect(bench.policies(in: .all).map(\.tenant) == ["a"])
        #expect(bench.policies(in: .tenant("b")).isEmpty && bench.policies(in: .tenant(nil)).isEmpty)
    }

    @Test("rollout workers get the groups of their tenant alone, and rewards of others change nothing")
    func rollouts() throws {
        var bench = TenantBench()
        let credit = Credit(rows: 8, tokens: 256)
        for tenant in ["a", "b", nil] {
            bench.receive(
                .hello(Hello(role: .rollout(credit), name: "r", incarnation: 500)), from: TenantBench.rollout(tenant))
        }
        bench.receive(.requestPlan(request("a", delivery: .workers)), from: a)
        let assignments = bench.messages(to: TenantBench.rollout("a")).compactMap { message in
            if case .assignment(let assignment) = message { assignment } else { nil }
        }
        #expect(!assignments.isEmpty && bench.tenantsReached == ["a"])
        let first = try #require(assignments.first)
        for tenant in ["b", nil] {
            bench.receive(
                .rewards(Rewards(name: first.name, rewards: Array(repeating: 1, count: first.n))),
                from: TenantBench.rollout(tenant))
            #expect(bench.tenantsReached == [tenant])
            #expect(!bench.actions.contains { if case .journalPlan = $0 { true } else { false } })
            bench.receive(.assignmentReturned(first.name, .draining), from: TenantBench.rollout(tenant))
            #expect(bench.sent.isEmpty)
        }
        bench.receive(
            .rewards(Rewards(name: first.name, rewards: Array(repeating: 1, count: first.n))),
            from: TenantBench.rollout("a"))
        #expect(bench.planEntries["a"]?.contains { if case .groupReported = $0 { true } else { false } } == true)
    }

    @Test("a tenant that fills its share forgets what is its own, never another tenant's")
    func shares() throws {
        var configuration = PlannerState.Configuration()
        configuration.historyBytesMax = 300 << 10
        configuration.policiesMax = 6
        var bench = TenantBench(configuration)
        bench.receive(TenantBench.report("a", 0..<50), from: a)
        bench.receive(TenantBench.report("none", 0..<50), from: none)
        let kept = bench.outcomes(of: "p", in: .tenant("a"))
        // Two policies are a third of six.
        for number in 0..<5 { bench.receive(TenantBench.report("b", 0..<20, policy: "b\(number)"), from: b) }
        #expect(bench.policies(in: .tenant("b")).map(\.policyID) == ["b3", "b4"])
        for part in 0..<10 { bench.receive(TenantBench.report("b", (part * 500)..<(part * 500 + 500)), from: b) }
        var report = CoordinatorReport()
        bench.machines.fill(&report, in: .tenant("b"))
        #expect(report.historyBytes <= 100 << 10 && report.outcomesEvicted > 0)
        #expect(bench.outcomes(of: "p", in: .tenant("a")) == kept && kept?.count == 50)
        #expect(bench.outcomes(of: "p", in: .tenant(nil))?.count == 50)
        #expect(bench.isKeptByRestart)
    }

    @Test("plans of one tenant make no room for another's, and are refused where its own share is full")
    func planShares() throws {
        var configuration = PlannerState.Configuration()
        configuration.candidatesMax = 30
        var bench = TenantBench(configuration)
        bench.receive(.requestPlan(request("a")), from: a)
        for step in 1...6 { bench.receive(.requestPlan(request("b", step: step)), from: b) }
        bench.receive(.followPlan(PlanName(policyID: "p", step: 1), groupsAfter: 0), from: a)
        #expect(bench.end(to: a) != nil)
        var report = CoordinatorReport()
        bench.machines.fill(&report, in: .tenant("b"))
        #expect(report.plansKept == 2 && report.plansEvicted > 0)
        var large = request("b", step: 9)
        large.candidates = (0..<11).map { PlanCandidate(promptID: "x\($0)", text: "b text \($0)") }
        large.total = 88
        bench.receive(.requestPlan(large), from: b)
        #expect(bench.refusal(to: b)?.message.contains("at most 10 prompts") == true)
    }

    @Test("more tenants make smaller shares, and one without any leaves all to the cluster")
    func moreTenants() {
        let whole = PlannerState.Configuration()
        #expect(whole.share(of: 1).historyBytesMax == whole.historyBytesMax)
        #expect(whole.share(of: 4).historyBytesMax == whole.historyBytesMax / 4)
        #expect(whole.share(of: 4).textBytesMax == whole.historyBytesMax / 4)
        #expect(whole.share(of: .max).policiesMax == 1)
    }

    @Test("a report and notices of a tenant are its own")
    func figures() throws {
        var bench = TenantBench()
        bench.receive(TenantBench.report("a", 0..<12), from: a)
        bench.receive(.requestPlan(request("a")), from: a)
        bench.receive(.followPlan(PlanName(policyID: "secret", step: 1), groupsAfter: 0), from: a)
        var reports: [Scope: CoordinatorReport] = [:]
        for scope in [Scope.all, .tenant("a"), .tenant("b"), .tenant("nobody")] {
            var report = CoordinatorReport()
            bench.machines.fill(&report, in: scope)
            reports[scope] = report
        }
        let (all, own) = (reports[.all] ?? CoordinatorReport(), reports[.tenant("a")] ?? CoordinatorReport())
        #expect(own.outcomesRecorded == 12 && own.plansKept == 1 && own.rowsAnswered == 4 && own.workers == 1)
        #expect(all.outcomesRecorded == 12 && all.plansKept == 1 && all.policies == 1)
        for scope in [Scope.tenant("b"), .tenant("nobody")] {
            var nothing = CoordinatorReport()
            nothing.generation = 1
            nothing.model = all.model
            nothing.fingerprint = all.fingerprint
            nothing.workers = 1
            #expect(reports[scope] == nothing)
        }
        guard case .overview(let mine) = bench.machines.handle(.overview, in: .tenant("a"), at: .zero).answer,
            case .overview(let others) = bench.machines.handle(.overview, in: .tenant("b"), at: .zero).answer,
            case .overview(let everything) = bench.machines.handle(.overview, at: .zero).answer
        else { throw Unexpected(bench.sent) }
        #expect(mine.notices.count == 1 && mine.predictions.plans.count == 1)
        #expect(others.notices.isEmpty && others.predictions.plans.isEmpty && others.workers.isEmpty)
        #expect(everything.notices.count == 1 && everything.predictions.plans.map(\.tenant) == ["a"])
    }
}
