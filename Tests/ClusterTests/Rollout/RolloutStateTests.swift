import Cluster
import Scoring
import Testing
import Wire

@Suite("Rollout worker: the machine")
struct RolloutStateTests {
    // MARK: Joining

    @Test("it starts its program, and its Hello has its name and its credit")
    func hello() {
        var bench = RolloutBench()
        bench.handle(.started)
        #expect(bench.launches == 1)
        #expect(
            bench.hellos == [
                Hello(role: .rollout(RolloutBench.credit), name: "r", incarnation: bench.state.incarnation)
            ])
    }

    @Test("without a Welcome it repeats Hello with longer pauses; a Welcome for another incarnation is ignored")
    func helloAgain() {
        var bench = RolloutBench()
        bench.handle(.started)
        bench.wait(.milliseconds(700))
        #expect(bench.hellos.isEmpty)
        bench.wait(.milliseconds(1800))
        #expect(bench.hellos.count == 1)
        let first = bench.state.nextDeadline - bench.now
        bench.wait(first)
        #expect(bench.hellos.count == 1)
        #expect(bench.state.nextDeadline - bench.now > first)
        bench.receive(.welcome(Welcome(incarnation: 1, heartbeatInterval: .seconds(9), leaseTime: .seconds(30))))
        #expect(bench.actions.isEmpty)
        bench.welcome()
        #expect(bench.heartbeats.map(\.credit) == [RolloutBench.credit])
        #expect(bench.state.nextDeadline == bench.now + .seconds(1))
    }

    @Test("a refused one exits with the reason and sends nothing more")
    func refused() {
        var bench = RolloutBench()
        bench.handle(.started)
        bench.receive(.refused(.capacity, message: "full"))
        #expect(bench.exits == [.refused(.capacity, message: "full")])
        bench.wait(.seconds(1000))
        #expect(bench.actions.isEmpty)
    }

    // MARK: Rolling out

    @Test("as many assignments run as there are slots, in the order received")
    func slots() {
        var bench = RolloutBench.ready(slots: 2)
        for number in 0..<3 { bench.lend(number) }
        #expect(bench.runs.isEmpty)
        bench.wait(.seconds(1))
        #expect(bench.heartbeats.first?.assignments == [0, 1, 2].map { RolloutBench.name($0) })
        bench.report(1, [1, 0, 1, 0])
        #expect(bench.rewards == [Rewards(name: RolloutBench.name(1), rewards: [1, 0, 1, 0])])
        #expect(bench.runs == [RolloutBench.assignment(2)])
    }

    @Test("rollouts are reported one by one or at once; failed ones count, and references stay with their rewards")
    func reports() {
        var bench = RolloutBench.ready()
        bench.lend(0, n: 5)
        bench.report(0, [1])
        bench.report(0, failed: 1)
        #expect(bench.rewards.isEmpty)
        bench.report(0, [0], references: ["b"])
        bench.report(0)
        bench.report(0, [0.5, 0.25])
        #expect(
            bench.rewards == [
                Rewards(
                    name: RolloutBench.name(0), rewards: [1, 0, 0.5, 0.25], failed: 1, references: ["", "b", "", ""])
            ])
    }

    @Test("every report on an assignment is progress; time alone is none")
    func progress() throws {
        var bench = RolloutBench.ready()
        bench.lend(0)
        bench.wait(.seconds(1))
        let before = try #require(bench.heartbeats.first).progress
        bench.wait(.seconds(1))
        #expect(bench.heartbeats.first?.progress == before)
        bench.report(0, [1])
        bench.report(0)
        bench.wait(.seconds(1))
        #expect(bench.heartbeats.first?.progress == before + 2)
    }

    @Test("wrong reports are ignored with a fault: unknown names, too many rollouts, no numbers, wrong references")
    func faults() {
        var bench = RolloutBench.ready()
        bench.lend(0, n: 2)
        let label = RolloutBench.name(0).description
        bench.report(7, [1])
        #expect(bench.faults == [.unknownAssignment(RolloutBench.name(7).description)])
        bench.report(0, [.nan])
        #expect(bench.faults == [.malformed(label)])
        bench.report(0, [1, 0], references: ["only one"])
        #expect(bench.faults == [.malformed(label)])
        bench.report(0, [1, 0, 0], failed: 1)
        #expect(bench.faults == [.tooMany(label, extra: 2)])
        #expect(bench.rewards.map(\.rewards) == [[1, 0]])
        bench.report(0, [1])
        #expect(bench.faults == [.unknownAssignment(label)], "all of it was reported")
    }

    @Test("rewards are sent again with longer pauses until they are recorded")
    func repeats() {
        var bench = RolloutBench.ready()
        bench.lend(0)
        bench.report(0, failed: 4)
        var pauses: [Duration] = []
        var last = bench.now
        while pauses.count < 6 {
            bench.wait(bench.state.nextDeadline - bench.now)
            if bench.rewards.isEmpty { continue }
            pauses.append(bench.now - last)
            last = bench.now
        }
        #expect(pauses == [2, 4, 8, 16, 32, 32].map { .seconds($0) })
        bench.record(1)
        #expect(bench.settled.isEmpty, "that was another's")
        bench.record(0)
        #expect(bench.settled.map(\.name) == [RolloutBench.name(0)])
        bench.wait(.seconds(60))
        #expect(bench.rewards.isEmpty && bench.heartbeats.first?.assignments == [])
    }

    @Test(
        "whatever the verdict, rewards are forgotten after it",
        arguments: [
            RewardsRecorded.Verdict.recorded, .superseded, .rejected,
        ])
    func verdicts(verdict: RewardsRecorded.Verdict) {
        var bench = RolloutBench.ready()
        bench.lend(0)
        bench.report(0, [0, 0, 0, 0])
        bench.record(0, verdict)
        #expect(bench.settled.map(\.verdict) == [verdict])
        bench.wait(.seconds(60))
        #expect(bench.rewards.isEmpty)
    }

    @Test("a copy of an assignment changes nothing, not even after it was recorded or returned")
    func duplicates() {
        var bench = RolloutBench.ready()
        for number in [0, 1, 2, 0, 1, 2] { bench.lend(number) }
        #expect(bench.actions.isEmpty)
        bench.lend(3)
        #expect(bench.returns == [3: .overCredit])
        bench.lend(3)
        #expect(bench.actions.isEmpty)
        bench.report(0, [1, 1, 1, 1])
        bench.lend(0)
        #expect(bench.actions.isEmpty)
        bench.record(0)
        bench.lend(0)
        #expect(bench.actions.isEmpty)
    }

    // MARK: Connections and generations

    @Test(
        "after WhoAreYou it sends Hello with the same incarnation, keeps its work, and sends its rewards after the Welcome"
    )
    func whoAreYou() {
        var bench = RolloutBench.ready()
        bench.lend(0)
        bench.lend(1)
        let incarnation = bench.state.incarnation
        bench.receive(.whoAreYou)
        #expect(bench.hellos.map(\.incarnation) == [incarnation])
        bench.report(0, [1, 0, 0, 0])
        #expect(bench.rewards.isEmpty, "an unknown peer's messages are ignored")
        bench.welcome()
        #expect(bench.rewards.map(\.name) == [RolloutBench.name(0)])
        #expect(bench.heartbeats.first?.assignments == [1, 0].map { RolloutBench.name($0) })
    }

    @Test("another generation of the coordinator gets the names of all that is held, and the rewards again")
    func anotherGeneration() {
        var bench = RolloutBench.ready()
        bench.lend(0)
        bench.report(0, [1, 0, 0, 0])
        bench.lend(1)
        bench.lend(2)
        bench.generation = 2
        bench.welcome()
        #expect(bench.heartbeats.first?.assignments == [1, 2, 0].map { RolloutBench.name($0) })
        #expect(bench.heartbeats.first?.credit == RolloutBench.credit)
        #expect(bench.rewards.map(\.name) == [RolloutBench.name(0)])
        bench.report(1, [0, 0, 0, 0])
        #expect(bench.rewards.map(\.name) == [RolloutBench.name(1)] && bench.runs == [RolloutBench.assignment(2)])
    }

    @Test(
        "after a dismissal it drops what waits, takes another incarnation, and grants nothing until its program reports"
    )
    func dismissed() {
        var bench = RolloutBench.ready(slots: 2)
        for number in 0..<3 { bench.lend(number) }
        let former = bench.state.incarnation
        bench.receive(.dismissed(incarnation: former &+ 1))
        #expect(bench.actions.isEmpty, "that was for another incarnation")
        bench.receive(.dismissed(incarnation: former))
        #expect(bench.state.incarnation != former)
        #expect(bench.hellos.map(\.role) == [.rollout(.none)])
        bench.welcome()
        #expect(bench.heartbeats.map(\.credit) == [.none])
        bench.report(1, [1, 1, 1, 1])
        #expect(bench.rewards.map(\.name) == [RolloutBench.name(1)] && bench.runs.isEmpty)
        bench.wait(.seconds(1))
        #expect(bench.heartbeats.first?.credit.rows == 3, "one slot is still in use")
        bench.report(0, [1, 1, 1, 1])
        bench.wait(.seconds(1))
        #expect(bench.heartbeats.first?.credit.rows == 4)
    }

    @Test("it leaves when the coordinator is silent for the time allowed")
    func abandoned() {
        var bench = RolloutBench(abandonTime: .seconds(60))
        bench.handle(.started)
        bench.welcome()
        bench.wait(.milliseconds(59_999))
        #expect(bench.exits.isEmpty)
        bench.wait(.milliseconds(1))
        #expect(bench.exits == [.abandoned(after: .seconds(60))])
    }
}
