import Cluster
import Planning
import Scoring
import Testing
import Wire

@Suite("Planner: rollout workers and groups")
struct PlannerRolloutTests {
    private static func request(_ prompts: Int, step: Int = 1) -> RequestPlan {
        var request = PlannerBench.request(prompts, step: step)
        request.delivery = .workers
        return request
    }

    /// A bench with a plan of so many prompts for rollout workers.
    private static func planned(
        _ prompts: Int, rollouts: Int = 1, assignments: Int = 4, _ change: (inout RequestPlan) -> Void = { _ in }
    ) -> PlannerBench {
        var bench = PlannerBench()
        bench.joinTrainer()
        for number in 1...max(1, rollouts) where rollouts > 0 { bench.joinRollout(number, assignments: assignments) }
        var request = request(prompts)
        change(&request)
        bench.receive(.requestPlan(request), from: PlannerBench.trainer)
        return bench
    }

    private static func rewards(_ assignment: Assignment, solved: Int? = nil) -> Message {
        let solved = solved ?? assignment.n / 2
        return .rewards(
            Rewards(name: assignment.name, rewards: (0..<assignment.n).map { $0 < solved ? 1 : 0 }))
    }

    @Test("budgets are lent against credit; reported rewards are recorded, acknowledged and sent on, and free credit")
    func circle() throws {
        var bench = Self.planned(20)
        var open = bench.assignments(to: 1)
        #expect(open.count == 4, "four assignments of credit")
        var done = 0
        var rollouts = 0
        while let assignment = open.first {
            open.removeFirst()
            bench.receive(Self.rewards(assignment), from: PlannerBench.rollout(1))
            #expect(bench.recorded(to: 1) == [RewardsRecorded(name: assignment.name, verdict: .recorded)])
            let group = try #require(bench.groups().first)
            #expect(group.promptID == assignment.promptID && group.rewards.count == assignment.n)
            #expect(
                abs(group.advantages.reduce(0, +) - group.rewards.reduce(0, +) + Double(assignment.n) * group.baseline)
                    < 1e-9)
            rollouts += assignment.n
            done += 1
            open += bench.assignments(to: 1)
        }
        #expect(done == 20 && rollouts == 160)
        #expect(bench.restarted().machines.planner.isDurablyEqual(to: bench.machines.planner))
    }

    @Test("credit in rollouts limits what is lent, but one assignment always may be")
    func credit() throws {
        var bench = PlannerBench()
        bench.joinTrainer()
        bench.joinRollout(1, assignments: 100, rollouts: 20)
        bench.receive(.requestPlan(Self.request(20)), from: PlannerBench.trainer)
        let lent = bench.assignments(to: 1)
        #expect(lent.reduce(0) { $0 + $1.n } <= 20 && !lent.isEmpty)
        bench.joinRollout(2, assignments: 1, rollouts: 1)
        #expect(bench.assignments(to: 2).count == 1)
    }

    @Test("another rollout worker gets a dead one's prompts, and each prompt is with one worker at a time")
    func death() throws {
        var bench = Self.planned(6)
        let lost = bench.assignments(to: 1)
        #expect(lost.count == 4)
        bench.handle(.unroutable(PlannerBench.rollout(1)))
        bench.joinRollout(2, assignments: 10, rollouts: 1000)
        let received = bench.assignments(to: 2)
        #expect(received.count == 6)
        #expect(Array(received.prefix(4).map(\.promptID)) == lost.map(\.promptID), "first what was lost")
        #expect(Set(received.map(\.name.attempt)).isDisjoint(with: lost.map(\.name.attempt)))
        // The dead one's rewards still arrive, over a new connection: the other one has the prompt.
        bench.joinRollout(3)
        bench.receive(Self.rewards(lost[0]), from: PlannerBench.rollout(3))
        #expect(bench.recorded(to: 3).map(\.verdict) == [.superseded])
        // Rewards of a prompt without a lease count, whichever worker sends them.
        bench.handle(.unroutable(PlannerBench.rollout(2)))
        bench.handle(.unroutable(PlannerBench.rollout(3)))
        bench.joinRollout(4, assignments: 0)
        bench.receive(Self.rewards(received[5]), from: PlannerBench.rollout(4))
        #expect(bench.recorded(to: 4).map(\.verdict) == [.recorded] && bench.groups().count == 1)
    }

    @Test("a rollout worker is dead after five seconds of silence, and its incarnation does not return")
    func silence() throws {
        var bench = Self.planned(6)
        let lost = bench.assignments(to: 1)
        bench.wait(.seconds(6))
        bench.receive(
            .heartbeat(Heartbeat(incarnation: 1, assignments: lost.map(\.name))), from: PlannerBench.rollout(1))
        #expect(bench.messages(to: PlannerBench.rollout(1)) == [.dismissed(incarnation: 1)])
    }

    @Test(
        "rewards sent again are acknowledged again and count once; a reward out of range is rejected and rolled out again"
    )
    func again() throws {
        var bench = Self.planned(6)
        let lent = bench.assignments(to: 1)
        bench.receive(Self.rewards(lent[0]), from: PlannerBench.rollout(1))
        let count = bench.planJournal.count
        bench.receive(Self.rewards(lent[0]), from: PlannerBench.rollout(1))
        #expect(bench.recorded(to: 1).map(\.verdict) == [.recorded] && bench.planJournal.count == count)
        bench.receive(
            .rewards(Rewards(name: lent[1].name, rewards: Array(repeating: 7, count: lent[1].n))),
            from: PlannerBench.rollout(1))
        let rejected = bench.recorded(to: 1)
        #expect(rejected.map(\.verdict) == [.rejected] && rejected[0].message.contains("7"))
        bench.joinRollout(2, assignments: 10, rollouts: 1000)
        #expect(bench.assignments(to: 2).contains { $0.promptID == lent[1].promptID })
    }

    @Test("an assignment that its worker does not name was lost, and is lent again")
    func lostOnTheWay() throws {
        var bench = Self.planned(3)
        let lent = bench.assignments(to: 1)
        #expect(lent.count == 3)
        let named = lent.dropFirst().map(\.name)
        for _ in 0..<6 {
            bench.wait(.seconds(1))
            bench.receive(
                .heartbeat(
                    Heartbeat(incarnation: 1, credit: Credit(rows: 4, tokens: 64), progress: 0, assignments: named)),
                from: PlannerBench.rollout(1))
            if !bench.assignments(to: 1).isEmpty { break }
        }
        #expect(bench.assignments(to: 1).map(\.promptID) == [lent[0].promptID])
    }

    @Test("an assignment without progress for ten minutes is lent to another, although its worker sends heartbeats")
    func stuck() throws {
        var bench = Self.planned(1)
        let lent = bench.assignments(to: 1)
        for second in 1...601 {
            bench.wait(.seconds(1))
            if !bench.assignments(to: 2).isEmpty {
                #expect(
                    second >= 600 && bench.messages(to: PlannerBench.rollout(1)).contains(.dismissed(incarnation: 1)))
                return
            }
            if second == 300 { bench.joinRollout(2) }
            for number in [1, 2] {
                bench.receive(
                    .heartbeat(
                        Heartbeat(
                            incarnation: UInt64(number), credit: Credit(rows: 4, tokens: 64),
                            assignments: number == 1 ? lent.map(\.name) : [])), from: PlannerBench.rollout(number))
            }
        }
        Issue.record("the stuck assignment was never given to another")
    }

    @Test("after a restart, rollout workers keep what they have, and nothing is lent at first")
    func restart() throws {
        var bench = Self.planned(10)
        let lent = bench.assignments(to: 1)
        bench.receive(Self.rewards(lent[0]), from: PlannerBench.rollout(1))
        let still = Array(lent.dropFirst()) + bench.assignments(to: 1)
        var later = bench.restarted()
        later.joinRollout(1)
        #expect(later.assignments(to: 1).isEmpty, "others may still have them")
        later.receive(
            .heartbeat(
                Heartbeat(
                    incarnation: 1, credit: Credit(rows: 4, tokens: 64), progress: 1,
                    assignments: still.map(\.name))), from: PlannerBench.rollout(1))
        later.receive(Self.rewards(still[0]), from: PlannerBench.rollout(1))
        #expect(later.recorded(to: 1).map(\.verdict) == [.recorded])
        // What an earlier generation recorded is acknowledged by this one.
        later.receive(Self.rewards(lent[0]), from: PlannerBench.rollout(1))
        #expect(later.recorded(to: 1).map(\.verdict) == [.recorded])
        later.wait(.seconds(4))
        later.receive(
            .heartbeat(
                Heartbeat(
                    incarnation: 1, credit: Credit(rows: 4, tokens: 64), progress: 2,
                    assignments: still.dropFirst().map(\.name))), from: PlannerBench.rollout(1))
        later.wait(.seconds(7))
        later.joinRollout(2, assignments: 20, rollouts: 1000)
        let fresh = later.assignments(to: 2)
        #expect(!fresh.isEmpty)
    }

    @Test("look-ahead draws more from the reserve where the rewards contradict the prediction, and never overdraws it")
    func lookAhead() throws {
        var bench = Self.planned(40, assignments: 40) {
            $0.lookAhead = 1.0 / 256
            $0.lookAheadMost = 24
            $0.reserve = 20
            $0.maximum = 12
        }
        bench.joinRollout(2, assignments: 100, rollouts: 100_000)
        var open = bench.assignments(to: 1) + bench.assignments(to: 2)
        var drawn = 0
        var prompts: [String: Int] = [:]
        var steps = 0
        while let assignment = open.popLast(), steps < 500 {
            steps += 1
            let holder = bench.machines.planner.knows(PlannerBench.rollout(2)) && assignment.n > 0 ? 2 : 1
            // Everything fails, whatever was predicted.
            for number in [1, 2] where bench.recorded(to: number).isEmpty || number == holder {
                bench.receive(Self.rewards(assignment, solved: 0), from: PlannerBench.rollout(number))
                guard let recorded = bench.recorded(to: number).first else { continue }
                drawn += recorded.draw
                prompts[assignment.promptID, default: 0] += 1
                open += bench.assignments(to: 1) + bench.assignments(to: 2)
                break
            }
        }
        print("look-ahead: \(drawn) of 20 drawn")
        #expect(drawn == 20, "predictions far from 0 are contradicted by many a group")
    }

    @Test("a trainer that rolls out itself reports its groups, and learns whether they are done or draw more")
    func byTrainer() throws {
        var bench = PlannerBench()
        bench.joinTrainer()
        var request = PlannerBench.request(40)
        request.lookAhead = 1.0 / 256
        request.lookAheadMost = 40
        request.reserve = 400
        bench.receive(.requestPlan(request), from: PlannerBench.trainer)
        let n = Dictionary(bench.budgets().map { ($0.index, $0.n) }, uniquingKeysWith: { $1 })
        var decisions: [OutcomesRecorded.Decision] = []
        for (index, budget) in n {
            let outcome = GroupOutcome(
                eventID: "g\(index)", promptID: "q\(index)", step: 1, rewards: Array(repeating: 0, count: budget))
            let report = ReportOutcomes(request: 1, policyID: "p", outcomes: [outcome])
            bench.receive(.reportOutcomes(report), from: PlannerBench.trainer)
            for case .outcomesRecorded(let recorded) in bench.messages(to: PlannerBench.trainer) {
                #expect(recorded.accepted == 1)
                decisions += recorded.decisions
                // Reported again, it is answered again.
                bench.receive(.reportOutcomes(report), from: PlannerBench.trainer)
                for case .outcomesRecorded(let again) in bench.messages(to: PlannerBench.trainer) {
                    #expect(again.duplicates == 1 && again.decisions == recorded.decisions)
                }
            }
        }
        #expect(decisions.count == 40)
        #expect(decisions.contains { $0.draw > 0 && $0.done == nil })
        #expect(decisions.contains { $0.draw == 0 && $0.done != nil })
        // Half a group is no group yet.
        var half = PlannerBench()
        half.joinTrainer()
        half.receive(.requestPlan(PlannerBench.request(40)), from: PlannerBench.trainer)
        half.receive(
            .reportOutcomes(
                ReportOutcomes(
                    request: 1, policyID: "p",
                    outcomes: [GroupOutcome(eventID: "x", promptID: "q0", step: 1, rewards: [1])])),
            from: PlannerBench.trainer)
        for case .outcomesRecorded(let recorded) in half.messages(to: PlannerBench.trainer) {
            #expect(recorded.decisions == [.init(index: 0, draw: 0, done: nil)])
        }
    }

    @Test("equal rollout workers get equally many prompts")
    func fairness() throws {
        var bench = PlannerBench()
        bench.joinTrainer()
        for number in 1...20 { bench.joinRollout(number, assignments: 1, rollouts: 1000) }
        var request = Self.request(600)
        request.total = 600 * 4
        request.maximum = 4
        bench.receive(.requestPlan(request), from: PlannerBench.trainer)
        var lentCounts: [Int: Int] = [:]
        var open: [(Int, Assignment)] = (1...20).flatMap { number in bench.assignments(to: number).map { (number, $0) }
        }
        while !open.isEmpty {
            var next: [(Int, Assignment)] = []
            for (number, assignment) in open {
                lentCounts[number, default: 0] += 1
                bench.receive(Self.rewards(assignment), from: PlannerBench.rollout(number))
                for other in 1...20 { next += bench.assignments(to: other).map { (other, $0) } }
            }
            open = next
        }
        print("fairness: prompts by rollout worker \(lentCounts.values.sorted())")
        #expect(lentCounts.values.reduce(0, +) == 600)
        #expect(Double(lentCounts.values.max() ?? 0) / Double(lentCounts.values.min() ?? 1) < 1.5)
    }
}
