import Cluster
import Scoring
import Testing
import Wire

@Suite("Rollout worker: its program dies, hangs or drains")
struct RolloutProgramTests {
    @Test("a dead program is started again after a pause, and gets what is missing")
    func relaunch() {
        var bench = RolloutBench.ready()
        bench.lend(0)
        bench.lend(1)
        bench.report(0, [1])
        bench.handle(.programDied("signal 9"))
        #expect(bench.launches == 0 && bench.runs.isEmpty && bench.returns.isEmpty)
        #expect(bench.state.nextDeadline == bench.now + .milliseconds(500))
        bench.wait(.milliseconds(500))
        #expect(bench.launches == 1)
        #expect(bench.runs == [RolloutBench.assignment(0, n: 3)], "the reward that arrived counts")
        bench.report(0, [0, 0, 0])
        #expect(bench.rewards.map(\.rewards) == [[1, 0, 0, 0]])
    }

    @Test("without a program nothing is granted")
    func noProgram() {
        var bench = RolloutBench.ready()
        bench.handle(.programDied("signal 9"))
        bench.handle(.programDied("signal 9"))
        bench.receive(.whoAreYou)
        #expect(bench.hellos.map(\.role) == [.rollout(.none)])
        bench.welcome()
        #expect(bench.heartbeats.map(\.credit) == [.none])
    }

    @Test("an assignment that ran at two deaths is returned; the one that waited is not")
    func secondDeath() {
        var bench = RolloutBench.ready()
        bench.lend(0)
        bench.lend(1)
        bench.handle(.programDied("signal 9"))
        bench.wait(.milliseconds(500))
        #expect(bench.runs.map(\.name.index) == [0])
        bench.handle(.programDied("signal 9"))
        #expect(bench.returns == [0: .programDied])
        bench.wait(.seconds(1))
        #expect(bench.runs.map(\.name.index) == [1])
    }

    @Test("a program that dies again and again without a report ends the worker, which returns everything")
    func hopeless() {
        var bench = RolloutBench.ready(slots: 1)
        var pauses: [Duration] = []
        for _ in 0..<3 {
            bench.handle(.programDied("exit status 127"))
            let death = bench.now
            repeat { bench.wait(bench.state.nextDeadline - bench.now) } while bench.launches == 0
            pauses.append(bench.now - death)
        }
        #expect(pauses == [.milliseconds(500), .seconds(1), .seconds(2)])
        bench.lend(0)
        bench.handle(.programDied("exit status 127"))
        #expect(bench.returns == [0: .programDied])
        #expect(bench.sent.last == .bye && bench.exits == [.programFailed(deaths: 4, "exit status 127")])
    }

    @Test("a report between deaths resets their count")
    func countsInARow() {
        var bench = RolloutBench.ready()
        for number in 0..<6 {
            bench.lend(number)
            bench.report(number, [0, 0, 0, 0])
            bench.handle(.programDied("exit status 1"))
            bench.wait(.milliseconds(500))
            #expect(bench.launches == 1 && bench.exits.isEmpty)
        }
    }

    @Test("a program that reports on nothing is ended; its assignments are tried once more")
    func hung() {
        var bench = RolloutBench.ready(slots: 2)
        bench.lend(0)
        bench.lend(1)
        bench.wait(.seconds(99))
        #expect(bench.kills == 0)
        bench.wait(.seconds(1))
        #expect(bench.kills == 1)
        bench.wait(.seconds(1))
        #expect(bench.kills == 0, "once")
        bench.handle(.programDied("signal 15"))
        bench.wait(.milliseconds(500))
        #expect(bench.runs.map(\.name.index) == [0, 1])
    }

    @Test("an assignment without reports is returned; the others continue")
    func silentAssignment() {
        var bench = RolloutBench.ready(slots: 2)
        bench.lend(0)
        bench.lend(1)
        bench.lend(2)
        bench.wait(.seconds(60))
        bench.report(1, [1])
        bench.wait(.seconds(40))
        #expect(bench.kills == 0 && bench.returns == [0: .programDied])
        #expect(bench.runs.map(\.name.index) == [2])
        bench.report(0, [1, 1, 1, 1])
        #expect(bench.faults == [.unknownAssignment(RolloutBench.name(0).description)] && bench.rewards.isEmpty)
    }

    @Test("rollouts of a dismissed incarnation end with their program and are not returned")
    func orphansDie() {
        var bench = RolloutBench.ready()
        bench.lend(0)
        bench.receive(.dismissed(incarnation: bench.state.incarnation))
        bench.welcome()
        bench.wait(.seconds(100))
        #expect(bench.kills == 1)
        bench.handle(.programDied("signal 9"))
        #expect(bench.returns.isEmpty)
        bench.wait(.milliseconds(500))
        #expect(bench.launches == 1 && bench.runs.isEmpty)
        bench.wait(.seconds(1))
        #expect(bench.heartbeats.first?.credit == RolloutBench.credit && bench.heartbeats.first?.assignments == [])
    }

    // MARK: Leaving

    @Test(
        "draining finishes and reports what runs, returns what waits, and sends bye when all is recorded",
        arguments: [false, true])
    func drain(isAskedByCoordinator: Bool) {
        var bench = RolloutBench.ready()
        bench.lend(0)
        bench.lend(1)
        if isAskedByCoordinator { bench.receive(.drain) } else { bench.handle(.drainRequested) }
        #expect(bench.sent == [.drain, .assignmentReturned(RolloutBench.name(1), .draining)] && bench.exits.isEmpty)
        bench.lend(2)
        #expect(bench.returns == [2: .draining])
        bench.wait(.seconds(1))
        #expect(bench.heartbeats.map(\.credit) == [.none])
        bench.report(0, [1, 1, 1, 1])
        #expect(bench.rewards.count == 1 && bench.exits.isEmpty)
        bench.record(0)
        #expect(bench.sent == [.bye] && bench.exits == [.drained])
    }

    @Test(
        "a worker that holds nothing and is drained leaves at once, before or after a Welcome",
        arguments: [true, false])
    func drainIdle(isWelcome: Bool) {
        var bench = RolloutBench()
        bench.handle(.started)
        if isWelcome { bench.welcome() }
        bench.handle(.drainRequested)
        #expect(bench.sent == [.drain, .bye] && bench.exits == [.drained])
    }

    @Test("unrecorded rewards are sent to the restarted coordinator, then it leaves")
    func drainAcrossRestart() {
        var bench = RolloutBench.ready()
        bench.lend(0)
        bench.handle(.drainRequested)
        bench.report(0, [1, 1, 1, 1])
        bench.generation = 2
        bench.receive(.whoAreYou)
        #expect(bench.hellos.map(\.role) == [.rollout(.none)])
        bench.welcome()
        #expect(bench.rewards.count == 1)
        bench.record(0)
        #expect(bench.exits == [.drained])
    }

    @Test("draining waits one minute for a silent coordinator")
    func drainAlone() {
        var bench = RolloutBench.ready()
        bench.lend(0)
        bench.handle(.drainRequested)
        bench.report(0, [1, 1, 1, 1])
        bench.wait(.seconds(59))
        #expect(bench.exits.isEmpty)
        bench.wait(.seconds(1))
        #expect(bench.exits == [.abandoned(after: .seconds(60))])
    }

    @Test("a program that dies while draining is not started again; its assignments are returned")
    func deathWhileDraining() {
        var bench = RolloutBench.ready()
        bench.lend(0)
        bench.handle(.drainRequested)
        bench.handle(.programDied("exit status 1"))
        #expect(bench.returns == [0: .programDied] && bench.exits == [.drained] && bench.launches == 0)
    }
}
