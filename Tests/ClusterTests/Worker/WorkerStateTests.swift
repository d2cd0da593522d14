import Cluster
import Scoring
import Testing
import Wire

@Suite("Worker: introducing, working, leaving")
struct WorkerStateTests {
    // MARK: Introducing

    @Test("Hello is repeated with doubling pauses of 40 s at most, and not at the same instants as others")
    func helloRetries() throws {
        var firstPauses: Set<Duration> = []
        for seed in UInt64(1)...20 {
            var bench = WorkerBench(seed: seed)
            bench.handle(.started)
            #expect(bench.hellos.count == 1)
            var pause = Duration.seconds(2)
            for retry in 0..<9 {
                let wait = bench.state.nextDeadline - bench.now
                #expect(wait >= pause * 0.75 && wait <= pause * 1.25, "seed \(seed), retry \(retry): \(wait)")
                if retry == 0 { firstPauses.insert(wait) }
                bench.wait(wait - .milliseconds(1))
                #expect(bench.hellos.isEmpty)
                bench.wait(.milliseconds(1))
                #expect(bench.hellos.count == 1)
                pause = min(pause * 2, .seconds(32))
            }
        }
        #expect(firstPauses.count == 20, "every seed has its own jitter")
    }

    @Test("a Hello has name, incarnation, model and credit, and says that side information is read")
    func helloSaysAll() {
        var bench = WorkerBench()
        bench.handle(.started)
        let hello = Hello(
            role: .worker(Samples.model, WorkerBench.credit), name: "w", incarnation: bench.state.incarnation,
            readsSide: true)
        #expect(bench.hellos == [hello])
        #expect(WorkerBench(seed: 2).state.incarnation != bench.state.incarnation)
    }

    @Test("a Welcome for another incarnation is ignored")
    func foreignWelcome() {
        var bench = WorkerBench()
        bench.handle(.started)
        bench.receive(.welcome(Welcome(incarnation: 1, heartbeatInterval: .seconds(9), leaseTime: .seconds(30))))
        #expect(bench.actions.isEmpty)
        bench.welcome()
        #expect(bench.heartbeats.map(\.credit) == [WorkerBench.credit])
    }

    @Test("after the Welcome, the worker sends a heartbeat at every interval that the coordinator set")
    func heartbeats() throws {
        var bench = WorkerBench()
        bench.handle(.started)
        bench.receive(
            .welcome(
                Welcome(incarnation: bench.state.incarnation, heartbeatInterval: .seconds(3), leaseTime: .seconds(30))))
        bench.wait(.milliseconds(2999))
        #expect(bench.heartbeats.isEmpty)
        bench.wait(.milliseconds(1))
        #expect(bench.heartbeats == [Heartbeat(incarnation: bench.state.incarnation, credit: WorkerBench.credit)])
        #expect(bench.state.nextDeadline == bench.now + .seconds(3))
    }

    @Test("after WhoAreYou, the worker sends Hello with the same incarnation and keeps its work")
    func whoAreYou() throws {
        var bench = try WorkerBench.ready()
        try bench.lend(WorkerBench.piece(0))
        try bench.lend(WorkerBench.piece(1))
        let incarnation = bench.state.incarnation
        bench.receive(.whoAreYou)
        #expect(bench.hellos.map(\.incarnation) == [incarnation])
        bench.welcome()
        #expect(bench.heartbeats.first?.held == [WorkerBench.piece(0), WorkerBench.piece(1)])
    }

    @Test("the Welcome of another generation drops what waits; what runs is finished")
    func anotherGeneration() throws {
        var bench = try WorkerBench.ready()
        try bench.lend(WorkerBench.piece(0))
        try bench.lend(WorkerBench.piece(1))
        bench.generation = 2
        bench.welcome()
        #expect(bench.heartbeats.first?.held == [WorkerBench.piece(0)])
        bench.compute(WorkerBench.piece(0))
        #expect(bench.results.map(\.piece) == [WorkerBench.piece(0)] && bench.scored.isEmpty)
    }

    // MARK: Working

    @Test("pieces are computed one at a time, in the order received; each result has credit and growing progress")
    func oneAtATime() throws {
        var bench = try WorkerBench.ready()
        try bench.lend(WorkerBench.piece(0))
        #expect(bench.scored == [WorkerBench.piece(0)])
        try bench.lend(WorkerBench.piece(1))
        #expect(bench.actions.isEmpty)
        bench.handle(.progressed)
        bench.compute(WorkerBench.piece(0))
        #expect(bench.scored == [WorkerBench.piece(1)])
        let first = try #require(bench.results.first)
        #expect(first.credit == WorkerBench.credit && first.answers == Samples.answers(rows: 4))
        bench.compute(WorkerBench.piece(1))
        #expect(try #require(bench.results.first).progress > first.progress)
    }

    @Test("progress shows in the next heartbeat")
    func progressIsTold() throws {
        var bench = try WorkerBench.ready()
        try bench.lend(WorkerBench.piece(0))
        bench.wait(.seconds(1))
        let before = try #require(bench.heartbeats.first)
        bench.wait(.seconds(1))
        #expect(bench.heartbeats.first?.progress == before.progress, "nothing done, nothing claimed")
        bench.handle(.progressed)
        bench.wait(.seconds(1))
        #expect(bench.heartbeats.first?.progress == before.progress + 1)
    }

    @Test("a piece's queued time is its whole time less its computation")
    func queuedTime() throws {
        var bench = try WorkerBench.ready()
        try bench.lend(WorkerBench.piece(0))
        bench.wait(.seconds(7))
        let times = StageTimes(embedded: .seconds(2), predicted: .seconds(1))
        bench.handle(.computed(WorkerBench.piece(0), Samples.answers(rows: 4), [], times))
        #expect(
            bench.results.first?.times == StageTimes(queued: .seconds(4), embedded: .seconds(2), predicted: .seconds(1))
        )
    }

    @Test("pieces beyond two that wait are returned, whatever the coordinator counted")
    func overCredit() throws {
        var bench = try WorkerBench.ready()
        for shard in UInt32(0)..<3 { try bench.lend(WorkerBench.piece(shard)) }
        #expect(bench.sent.isEmpty)
        try bench.lend(WorkerBench.piece(3))
        #expect(bench.sent == [.shardReturned(WorkerBench.piece(3), .overCredit)])
    }

    @Test(
        "the faster pieces are done, the more are granted and scored in a row; one slow piece among the latest reduces that to two"
    )
    func pace() throws {
        var bench = try WorkerBench.ready()
        let quick = { (piece: PieceName, time: Duration) in
            WorkerState.Event.computed(
                piece, Samples.answers(to: piece), [], StageTimes(embedded: time, predicted: .zero))
        }
        try bench.lend(WorkerBench.piece(0))
        bench.handle(quick(WorkerBench.piece(0), .milliseconds(1)))
        #expect(bench.results.first?.credit.pieces == 5, "what is done in 5 ms")
        for shard in UInt32(1)...5 {
            try bench.lend(WorkerBench.piece(shard))
            #expect(bench.scored == [WorkerBench.piece(shard)], "handed over at once, done one after the other")
        }
        try bench.lend(WorkerBench.piece(6))
        #expect(bench.scored.isEmpty)
        bench.handle(quick(WorkerBench.piece(1), .microseconds(1)))
        #expect(bench.results.first?.credit.pieces == 5, "a small piece says nothing about the others")
        #expect(bench.scored == [WorkerBench.piece(6)])
        bench.wait(.seconds(1))
        #expect(bench.heartbeats.first?.held == (2...6).map { WorkerBench.piece($0) })
        bench.handle(quick(WorkerBench.piece(2), .seconds(1)))
        #expect(bench.results.first?.credit == WorkerBench.credit)
        try bench.lend(WorkerBench.piece(7))
        #expect(bench.scored.isEmpty, "four are waiting to be done")
        for shard in UInt32(3)...10 {
            if shard > 7 { try bench.lend(WorkerBench.piece(shard)) }
            bench.handle(quick(WorkerBench.piece(shard), .microseconds(1)))
            let most = shard < 10 ? Limits.heldPiecesMin : Limits.heldPiecesMax
            #expect(bench.results.first?.credit.pieces == most)
        }
    }

    @Test("a context is prepared when what runs is done, before anything else starts")
    func contextBetweenQuickPieces() throws {
        var bench = try WorkerBench.ready()
        try bench.lend(WorkerBench.piece(0))
        let time = StageTimes(embedded: .microseconds(1), predicted: .zero)
        bench.handle(.computed(WorkerBench.piece(0), Samples.answers(rows: 4), [], time))
        try bench.lend(WorkerBench.piece(1))
        let context = try Samples.context(2)
        bench.receive(.context(context))
        #expect(bench.prepared.isEmpty)
        try bench.lend(WorkerBench.piece(2), context: 2)
        try bench.lend(WorkerBench.piece(3))
        #expect(bench.scored.isEmpty)
        bench.handle(.computed(WorkerBench.piece(1), Samples.answers(rows: 4), [], time))
        #expect(bench.prepared == [context.digest] && bench.scored.isEmpty)
        bench.handle(.contextPrepared(context.digest, failure: nil))
        #expect(bench.scored == [WorkerBench.piece(2), WorkerBench.piece(3)])
    }

    @Test("a copy of a shard's message changes nothing")
    func duplicatedShard() throws {
        var bench = try WorkerBench.ready()
        for shard in [0, 1, 0, 1] as [UInt32] { try bench.lend(WorkerBench.piece(shard)) }
        #expect(bench.actions.isEmpty)
        bench.compute(WorkerBench.piece(0))
        #expect(bench.scored == [WorkerBench.piece(1)])
        bench.compute(WorkerBench.piece(1))
        #expect(bench.scored.isEmpty)
    }

    // MARK: Contexts

    @Test("a missing context is requested at once, and again at each heartbeat until it arrives")
    func contextWanted() throws {
        var bench = WorkerBench()
        bench.handle(.started)
        bench.welcome()
        let context = try Samples.context(1)
        try bench.lend(WorkerBench.piece(0))
        #expect(bench.sent == [.contextWanted(context.digest)] && bench.scored.isEmpty)
        bench.wait(.seconds(1))
        #expect(bench.sent.contains(.contextWanted(context.digest)) && bench.heartbeats.count == 1)
        bench.receive(.context(context))
        #expect(bench.prepared == [context.digest])
        bench.wait(.seconds(1))
        #expect(!bench.sent.contains(.contextWanted(context.digest)))
        bench.receive(.context(context))
        #expect(bench.prepared.isEmpty, "prepared once")
        bench.handle(.contextPrepared(context.digest, failure: nil))
        #expect(bench.scored == [WorkerBench.piece(0)])
    }

    @Test("preparing is a computation too: nothing is scored meanwhile")
    func preparingIsExclusive() throws {
        var bench = try WorkerBench.ready()
        try bench.lend(WorkerBench.piece(0))
        bench.receive(.context(try Samples.context(2)))
        #expect(bench.prepared.isEmpty)
        bench.compute(WorkerBench.piece(0))
        #expect(bench.prepared == [try Samples.context(2).digest])
        try bench.lend(WorkerBench.piece(1))
        #expect(bench.scored.isEmpty)
        bench.handle(.contextPrepared(try Samples.context(2).digest, failure: nil))
        #expect(bench.scored == [WorkerBench.piece(1)])
    }

    @Test("a context that cannot be prepared answers every row of its shards with the reason")
    func failedContext() throws {
        var bench = WorkerBench()
        bench.handle(.started)
        bench.welcome()
        let context = try Samples.context(1)
        bench.receive(.context(context))
        try bench.lend(WorkerBench.piece(0))
        bench.handle(.contextPrepared(context.digest, failure: .init(message: "a reward is not a number")))
        let result = try #require(bench.results.first)
        #expect(result.faults.map(\.row) == [0, 1, 2, 3] && result.answers == AnswerBlock([nil, nil, nil, nil]))
        #expect(result.faults.allSatisfy { $0.code == "context_failed" && $0.message == "a reward is not a number" })
        try bench.lend(WorkerBench.piece(1))
        #expect(bench.results.map(\.piece) == [WorkerBench.piece(1)], "and of those that arrive later")
    }

    @Test("the least recently used context is forgotten for a fifth one, never one that is needed")
    func contextsMakeRoom() throws {
        var bench = try WorkerBench.ready()
        try bench.lend(WorkerBench.piece(0))
        for number in 2...4 { bench.receive(.context(try Samples.context(number))) }
        #expect(bench.forgotten.isEmpty)
        bench.receive(.context(try Samples.context(5)))
        #expect(bench.forgotten == [try Samples.context(2).digest], "1 is the oldest, and in use")
    }

    // MARK: Leaving

    @Test(
        "draining finishes what runs, returns what waits and sends bye last, whether a signal or the coordinator asks",
        arguments: [false, true])
    func drain(isAskedByCoordinator: Bool) throws {
        var bench = try WorkerBench.ready()
        for shard in UInt32(0)..<3 { try bench.lend(WorkerBench.piece(shard)) }
        if isAskedByCoordinator { bench.receive(.drain) } else { bench.handle(.drainRequested) }
        #expect(
            bench.sent == [
                .drain, .shardReturned(WorkerBench.piece(1), .draining),
                .shardReturned(WorkerBench.piece(2), .draining),
            ])
        #expect(bench.exits.isEmpty)
        try bench.lend(WorkerBench.piece(3))
        #expect(bench.sent == [.shardReturned(WorkerBench.piece(3), .draining)])
        bench.wait(.seconds(1))
        #expect(bench.heartbeats.map(\.credit) == [.none])
        bench.compute(WorkerBench.piece(0))
        #expect(bench.results.map(\.credit) == [.none])
        #expect(bench.sent.last == .bye && bench.exits == [.drained])
        bench.wait(.seconds(100))
        #expect(bench.actions.isEmpty, "a worker that has left sends nothing")
    }

    @Test(
        "a worker that holds nothing and is drained leaves at once, before or after a Welcome",
        arguments: [true, false])
    func drainIdle(isWelcome: Bool) {
        var bench = WorkerBench()
        bench.handle(.started)
        if isWelcome { bench.welcome() }
        bench.handle(.drainRequested)
        #expect(bench.sent == [.drain, .bye] && bench.exits == [.drained])
    }

    @Test("a worker whose model is unavailable returns what runs and what waits, and leaves with the reason")
    func modelUnavailable() throws {
        var bench = try WorkerBench.ready()
        for shard in UInt32(0)..<2 { try bench.lend(WorkerBench.piece(shard)) }
        bench.handle(.modelUnavailable("server down"))
        #expect(
            bench.sent == [
                .drain, .shardReturned(WorkerBench.piece(0), .draining),
                .shardReturned(WorkerBench.piece(1), .draining), .bye,
            ])
        #expect(bench.exits == [.modelUnavailable("server down")])
        bench.wait(.seconds(100))
        #expect(bench.actions.isEmpty)
    }

    @Test("a refused worker exits with the reason and never returns")
    func refused() {
        var bench = WorkerBench()
        bench.handle(.started)
        bench.receive(.refused(.fingerprint, message: "another model"))
        #expect(bench.exits == [.refused(.fingerprint, message: "another model")])
        bench.wait(.seconds(100))
        #expect(bench.actions.isEmpty)
    }

    @Test("a dismissed worker returns as another incarnation, without its queue")
    func dismissed() throws {
        var bench = try WorkerBench.ready()
        let former = bench.state.incarnation
        bench.receive(.dismissed(incarnation: former &+ 1))
        #expect(bench.actions.isEmpty, "that was for another incarnation")
        bench.receive(.dismissed(incarnation: former))
        #expect(bench.state.incarnation != former && bench.hellos.map(\.incarnation) == [bench.state.incarnation])
        bench.receive(.dismissed(incarnation: former))
        #expect(bench.actions.isEmpty, "once is enough")
    }

    @Test("a worker dismissed with a computation that does not end grants nothing until it has ended")
    func dismissedWhileStuck() throws {
        var bench = try WorkerBench.ready()
        try bench.lend(WorkerBench.piece(0))
        try bench.lend(WorkerBench.piece(1))
        bench.receive(.dismissed(incarnation: bench.state.incarnation))
        #expect(
            bench.hellos.map(\.role) == [.worker(Samples.model, .none)],
            "new work would be stuck behind the old, and count its deaths")
        bench.welcome()
        #expect(bench.heartbeats.map(\.credit) == [.none])
        bench.compute(WorkerBench.piece(0))
        #expect(bench.results.map(\.credit) == [WorkerBench.credit] && bench.scored.isEmpty)
        bench.wait(.seconds(1))
        #expect(bench.heartbeats.map(\.credit) == [WorkerBench.credit])
    }

    @Test("a worker dismissed while it prepares a context grants nothing until that has ended")
    func dismissedWhilePreparing() throws {
        var bench = try WorkerBench.ready()
        let context = try Samples.context(2)
        bench.receive(.context(context))
        bench.receive(.dismissed(incarnation: bench.state.incarnation))
        #expect(bench.hellos.map(\.role) == [.worker(Samples.model, .none)])
        bench.welcome()
        bench.handle(.contextPrepared(context.digest, failure: nil))
        bench.wait(.seconds(1))
        #expect(bench.heartbeats.map(\.credit) == [WorkerBench.credit])
    }

    @Test("the worker leaves when the coordinator is silent for the time allowed, and says how long it waited")
    func abandoned() {
        var bench = WorkerBench(abandonTime: .seconds(60))
        bench.handle(.started)
        bench.wait(.seconds(40))
        bench.welcome()
        bench.wait(.milliseconds(59_999))
        #expect(bench.exits.isEmpty)
        bench.wait(.milliseconds(1))
        #expect(bench.exits == [.abandoned(after: .seconds(60))])
    }
}
