import Cluster
import Scoring
import Testing
import Wire

/// What the planner refuses, and what must not end it. Each case was found by reading the code, or by random messages.
@Suite("Planner: requests and reports that must not pass")
struct PlannerRequestTests {
    private static let trainer = PlannerBench.trainer

    private static func request(
        _ prompts: Int, step: Int = 1, policy: String = "p", _ change: (inout RequestPlan) -> Void = { _ in }
    ) -> Message {
        var request = PlannerBench.request(prompts, step: step, policy: policy)
        change(&request)
        return .requestPlan(request)
    }

    private static func report(
        _ outcomes: [GroupOutcome], request: UInt64 = 1, policy: String = "p", rewards: ClosedRange<Double> = 0...1
    ) -> Message {
        .reportOutcomes(ReportOutcomes(request: request, policyID: policy, rewards: rewards, outcomes: outcomes))
    }

    private static func answers(_ bench: PlannerBench) -> [OutcomesRecorded] {
        bench.messages(to: trainer).compactMap { if case .outcomesRecorded(let answer) = $0 { answer } else { nil } }
    }

    private static func bench(_ change: (inout PlannerState.Configuration) -> Void = { _ in }) -> PlannerBench {
        var configuration = PlannerState.Configuration()
        change(&configuration)
        var bench = PlannerBench(planner: configuration)
        bench.joinTrainer()
        return bench
    }

    // MARK: Plans

    @Test("a step that is planned again with fewer prompts has no former group in the queue")
    func formerPlaces() {
        var bench = Self.bench { $0.plansMax = 1 }
        // There is no rollout worker, so every group stays in the queue until its plan is forgotten.
        for (prompts, step) in [(20, 1), (2, 2), (3, 1)] {
            bench.receive(Self.request(prompts, step: step) { $0.delivery = .workers }, from: Self.trainer)
            #expect(bench.end()?.prompts == prompts)
        }
        bench.joinRollout(1)
        #expect(bench.assignments(to: 1).map(\.name.index).sorted() == [0, 1, 2])
    }

    @Test("a plan whose limits for failures contradict its sizes is made with the limits of the request")
    func limitsForFailures() throws {
        var bench = Self.bench()
        var failing = PlannerBench.outcomes(0..<8)
        for place in failing.indices { failing[place].failed = 4 }
        bench.receive(Self.report(failing), from: Self.trainer)
        bench.receive(
            Self.request(4) {
                $0.groupSizes = [4, 8, 12]
                $0.raisesFloors = true
            }, from: Self.trainer)
        let end = try #require(bench.end())
        #expect(end.total == 32)
        #expect(end.warnings.contains { $0.contains("were not used") })
        #expect(bench.budgets().allSatisfy { [4, 8, 12].contains($0.n) })
    }

    @Test("the budgets of a large plan with long ids can be read, in parts")
    func largePlans() throws {
        var bench = Self.bench()
        bench.isWorking = false
        let id = String(repeating: "x", count: 100)
        bench.receive(
            Self.request(30_000) { request in
                for place in request.candidates.indices { request.candidates[place].promptID += id }
            }, from: Self.trainer)
        bench.wait(.seconds(3))
        #expect(bench.end()?.status == .fallback)
        let parts = bench.messages(to: Self.trainer).filter { if case .budgets = $0 { true } else { false } }
        #expect(parts.count > 1)
        for part in parts { #expect(throws: Never.self) { try Envelope(frames: Envelope(generation: 1, part).frames) } }
        #expect(bench.budgets().count == 30_000)
    }

    @Test("a request in this process that could not be read from the journal again is refused")
    func unreadableRequests() throws {
        let local = Peer([0x6C, 1, 0, 0, 0, 0, 0, 0, 0])
        var bench = Self.bench()
        bench.handle(.joinedLocally(local))
        let requests = [
            Self.request(2) { $0.deadline = .seconds(7200) }, Self.request(2) { $0.total = 1 << 40 },
            Self.request(2) { $0.candidates[0].promptID = String(repeating: "x", count: 5000) },
            Self.request(2) { $0.explore = .nan }, Self.request(2) { $0.plan.step = -1 },
            Self.request(2) { $0.plan.policyID = String(repeating: "p", count: 257) },
        ]
        for request in requests {
            bench.receive(request, from: local)
            #expect(bench.refusal(to: local)?.reason == .invalid)
        }
        #expect(bench.planJournal.isEmpty)
        // Texts sent earlier count in addition to those in the request.
        let long = String(repeating: "t", count: 12 << 20)
        for place in 0..<6 {
            var outcome = PlannerBench.outcomes(place..<place + 1)[0]
            outcome.text = long + "\(place)"
            bench.receive(Self.report([outcome]), from: Self.trainer)
        }
        bench.receive(
            Self.request(6) { request in
                for place in request.candidates.indices { request.candidates[place].text = "" }
            }, from: Self.trainer)
        #expect(bench.refusal()?.reason == .invalid)
        #expect(bench.restarted().machines.planner.isDurablyEqual(to: bench.machines.planner))
    }

    @Test("outcomes of a request do not add a policy beyond the limit: the one idle the longest is forgotten")
    func policies() {
        var bench = Self.bench { $0.policiesMax = 2 }
        for (step, policy) in ["a", "b", "c", "a"].enumerated() {
            bench.receive(
                Self.request(2, step: step, policy: policy) { $0.outcomes = PlannerBench.outcomes(5..<6) },
                from: Self.trainer)
            #expect(bench.refusal() == nil && bench.end() != nil)
        }
        guard case .policies(let kept) = bench.machines.planner.answer(.policies) else { return }
        #expect(kept.map(\.policyID) == ["a", "c"])
    }

    @Test("steps and versions whose difference would overflow are refused or rejected")
    func versions() throws {
        var bench = Self.bench()
        let newest = PlannerBench.outcomes(0..<40, version: PlanLimits.steps.upperBound)
        bench.receive(Self.report(newest), from: Self.trainer)
        #expect(Self.answers(bench).first?.accepted == 40)
        for version in [Int.min, -1, PlanLimits.steps.upperBound + 1, .max] {
            bench.receive(Self.report(PlannerBench.outcomes(2..<3, version: version)), from: Self.trainer)
            #expect(Self.answers(bench).first?.rejected.map(\.code) == ["version_out_of_range"])
            bench.receive(Self.request(2) { $0.policyVersion = version }, from: Self.trainer)
            #expect(bench.refusal()?.reason == .invalid)
            bench.receive(
                .requestScores(
                    RequestScores(request: 1, policy: Policy(id: "p", version: version), texts: TextBlock(["a"]))),
                from: Self.trainer)
            #expect(bench.refusal()?.reason == .invalid)
        }
        bench.receive(Self.request(2, step: .max), from: Self.trainer)
        #expect(bench.refusal()?.reason == .invalid)
        bench.receive(Self.request(2, step: PlanLimits.steps.upperBound), from: Self.trainer)
        #expect(bench.end()?.staleness == 0)
        bench.receive(Self.request(2, step: 0, policy: "new"), from: Self.trainer)
        #expect(bench.end()?.staleness == -1)
    }

    @Test("a context without rows is valid, by every method of drawing", arguments: ContextChoice.Selection.allCases)
    func noRows(_ selection: ContextChoice.Selection) {
        var bench = Self.bench()
        bench.receive(Self.report(PlannerBench.outcomes(0..<20)), from: Self.trainer)
        bench.receive(
            Self.request(2) {
                $0.context.rows = 0
                $0.context.selection = selection
            }, from: Self.trainer)
        #expect(bench.end()?.contextRows == 0)
    }

    // MARK: Rewards and outcomes

    @Test("a range of rewards whose squares overflow is refused")
    func ranges() {
        var bench = Self.bench()
        for range in [-1e300...1e300, 0...1e-300, 0...2e12] {
            bench.receive(Self.report(PlannerBench.outcomes(0..<1), rewards: range), from: Self.trainer)
            #expect(bench.refusal()?.reason == .invalid)
            bench.receive(Self.request(2) { $0.rewards = range }, from: Self.trainer)
            #expect(bench.refusal()?.reason == .invalid)
        }
        // The mean of three rewards at the end of a range is beyond it by a digit.
        var outcome = PlannerBench.outcomes(0..<1)[0]
        outcome.rewards = [0.1, 0.1, 0.1]
        #expect(outcome.rewards.reduce(0, +) / 3 > 0.1)
        bench.receive(Self.report([outcome], rewards: 0...0.1), from: Self.trainer)
        #expect(Self.answers(bench).first?.accepted == 1)
    }

    @Test("rewards of a future attempt do not count, and do not keep that attempt's rewards from counting later")
    func attemptsToCome() {
        var bench = Self.bench()
        bench.receive(
            Self.request(2) {
                $0.delivery = .workers
                ($0.minimum, $0.maximum) = (8, 8)
            }, from: Self.trainer)
        bench.joinRollout(1, assignments: 1)
        bench.joinRollout(2, assignments: 0)
        for (worker, expected) in [(2, RewardsRecorded.Verdict.superseded), (1, .recorded)] {
            let attempt = UInt64(1) << 32 | 2
            let name = AssignmentName(plan: PlanName(policyID: "p", step: 1), index: 1, attempt: attempt)
            if worker == 1 {
                let own = AssignmentName(plan: name.plan, index: 0, attempt: attempt - 1)
                bench.receive(.rewards(Rewards(name: own, rewards: Self.wins(8))), from: PlannerBench.rollout(1))
                #expect(bench.assignments(to: 1).map(\.name) == [name])
            }
            bench.receive(.rewards(Rewards(name: name, rewards: Self.wins(8))), from: PlannerBench.rollout(worker))
            #expect(bench.recorded(to: worker).map(\.verdict) == [expected])
        }
        #expect(bench.groups().count == 1)
    }

    private static func wins(_ count: Int) -> [Double] { (0..<count).map { Double($0 % 2) } }

    @Test("a rollout worker cannot report a group that the trainer rolls out")
    func othersGroups() {
        var bench = Self.bench()
        bench.receive(Self.request(2), from: Self.trainer)
        bench.joinRollout(1)
        let name = AssignmentName(plan: PlanName(policyID: "p", step: 1), index: 0, attempt: 1)
        bench.receive(.rewards(Rewards(name: name, rewards: [1])), from: PlannerBench.rollout(1))
        #expect(bench.recorded(to: 1).map(\.verdict) == [.superseded])
    }

    @Test("a group that was reported before its plan's end is decided at the end, and sent to who reports it again")
    func earlyReports() throws {
        var bench = Self.bench()
        bench.isWorking = false
        bench.table = { _ in (0.95, 30) }
        bench.receive(
            Self.request(2) {
                ($0.total, $0.minimum, $0.maximum) = (8, 4, 4)
                ($0.reserve, $0.lookAhead) = (8, 1.0 / 256)
            }, from: Self.trainer)
        var outcome = GroupOutcome(eventID: "e", promptID: "q0", step: 1, rewards: [0, 0, 0, 0])
        bench.receive(Self.report([outcome]), from: Self.trainer)
        #expect(Self.answers(bench).first?.decisions == [OutcomesRecorded.Decision(index: 0, draw: 0, done: nil)])
        bench.workOff()
        bench.receive(Self.report([outcome]), from: Self.trainer)
        let draw = try #require(Self.answers(bench).first?.decisions.first?.draw)
        #expect(draw > 0)
        outcome.eventID = "f"
        outcome.rewards = Array(repeating: 0, count: draw)
        bench.receive(Self.report([outcome]), from: Self.trainer)
        #expect(Self.answers(bench).first?.accepted == 1)
        #expect(bench.restarted().machines.planner.isDurablyEqual(to: bench.machines.planner))
    }

    @Test("a report on a group that is done counts for the history and does not change the group")
    func groupsDone() throws {
        var bench = Self.bench()
        bench.receive(Self.request(1) { ($0.minimum, $0.maximum) = (4, 8) }, from: Self.trainer)
        let first = GroupOutcome(eventID: "a", promptID: "q0", step: 1, rewards: Self.wins(8))
        bench.receive(Self.report([first]), from: Self.trainer)
        let done = try #require(Self.answers(bench).first?.decisions.first?.done)
        var more = first
        more.eventID = "b"
        bench.receive(Self.report([more]), from: Self.trainer)
        let answer = try #require(Self.answers(bench).first)
        #expect(answer.accepted == 1 && answer.decisions.map(\.done) == [done])
        // The group is sent once, though both of its events are reported again.
        bench.receive(Self.report([first, more]), from: Self.trainer)
        #expect(Self.answers(bench).first?.decisions.compactMap(\.done) == [done])
        more.eventID = "c"
        more.rewards = Array(repeating: 1, count: PlanLimits.groupRollouts.upperBound + 1)
        bench.receive(Self.report([more]), from: Self.trainer)
        #expect(Self.answers(bench).first?.rejected.map(\.code) == ["too_many_rewards"])
    }

    @Test("after a restart, waiting groups set no deadline in the past")
    func restLending() {
        var bench = Self.bench()
        bench.receive(Self.request(2) { $0.delivery = .workers }, from: Self.trainer)
        var again = bench.restarted()
        again.wait(.seconds(11))
        #expect(again.machines.planner.nextDeadline.map { $0 > again.now } == true)
    }

    // MARK: Connections

    @Test("a connection has one role, that of its last Hello")
    func roles() {
        var bench = Self.bench()
        bench.receive(Self.request(1) { $0.delivery = .workers }, from: Self.trainer)
        bench.joinRollout(1)
        bench.receive(
            .hello(Hello(role: .trainer, name: "t", incarnation: 900)), from: PlannerBench.rollout(1))
        bench.receive(.followPlan(PlanName(policyID: "p", step: 1), groupsAfter: 0), from: PlannerBench.rollout(1))
        #expect(bench.end(to: PlannerBench.rollout(1)) != nil)
        // Another one gets what it held as a rollout worker.
        bench.joinRollout(2)
        #expect(bench.assignments(to: 2).count == 1)
    }
}
