import Cluster
import Scoring
import Testing
import Wire

@Suite("Client: a job from its first Hello to its end")
struct ClientStateTests {
    private let job = ClientBench.job

    // MARK: Beginning

    @Test("the client repeats Hello until a Welcome names a model; then the output is opened, once")
    func waitsForModel() throws {
        var bench = try ClientBench()
        for _ in 0..<3 {
            bench.welcome(nil)
            #expect(bench.actions.isEmpty, "no worker has joined yet")
            bench.wait(.seconds(2))
            #expect(bench.hellos.count == 1)
        }
        bench.welcome()
        #expect(bench.opened == [Samples.model])
        bench.welcome()
        #expect(bench.opened.isEmpty)
        bench.receive(.whoAreYou)
        bench.welcome()
        #expect(bench.opened.isEmpty, "not even after an interruption")
        bench.handle(.surveyed(rows: 900, durable: 320))
        bench.handle(.ready(job, firstShard: 5))
        #expect(bench.jobs.map(\.rowsTotal) == [900] && bench.jobs.map(\.rowsConfirmed) == [320])
        #expect(bench.jobs.map(\.confirmedBelow) == [5] && bench.jobs.map(\.fingerprint) == [Samples.model.digest])
    }

    @Test("a job without an acceptance is submitted again")
    func opensAgain() throws {
        var bench = try ClientBench()
        bench.welcome()
        bench.handle(.ready(job, firstShard: 0))
        #expect(bench.jobs.count == 1)
        bench.wait(.milliseconds(4999))
        #expect(bench.jobs.isEmpty)
        bench.wait(.milliseconds(1))
        #expect(bench.jobs.count == 1)
        bench.accept()
        #expect(bench.asksForMore)
    }

    @Test("a refusal of client or job ends it with the coordinator's message")
    func refused() throws {
        var bench = try ClientBench()
        bench.receive(.refused(.protocolVersion, message: "old"))
        #expect(bench.failures == [.refused(.protocolVersion, message: "old")])
        var other = try ClientBench()
        other.welcome()
        other.handle(.ready(job, firstShard: 0))
        other.receive(.jobRefused(Samples.job(9), .capacity, message: "not ours"))
        #expect(other.failures.isEmpty)
        other.receive(.jobRefused(job, .capacity, message: "full"))
        #expect(other.failures == [.jobRefused(.capacity, message: "full")] && other.sent == [.bye])
        other.wait(.seconds(60))
        #expect(other.actions.isEmpty)
    }

    // MARK: Streaming

    @Test("eight shards are requested at a time, and each is submitted when it arrives")
    func producesInOrder() throws {
        var bench = try ClientBench.streaming()
        #expect(bench.askedFor == 8)
        for shard in UInt32(0)..<5 {
            bench.wait(.milliseconds(10))
            #expect(!bench.asksForMore, "they were asked for already")
            bench.produce(shard)
            #expect(bench.submitted == [shard])
            #expect(bench.askedFor == 1, "one arrived, one more is requested")
        }
        // Every shard that was requested and is missing has the same answer.
        for _ in 0..<8 {
            bench.handle(.inputEnded(shards: 5))
            #expect(!bench.asksForMore)
        }
    }

    @Test("no more rows are requested than fit in the window; durable rows free space, answered ones do not")
    func windowOfRows() throws {
        // The window fits two shards of the largest size.
        var bench = try ClientBench.streaming(rows: 2 * Limits.shardRowsMax)
        #expect(bench.askedFor == 2)
        bench.produce(0)
        #expect(!bench.asksForMore, "the one that was asked for may be large")
        bench.produce(1, rows: Limits.shardRowsMax)
        #expect(!bench.asksForMore, "a whole shard more might not fit")
        bench.answer(1, rows: Limits.shardRowsMax)
        #expect(!bench.asksForMore)
        bench.answer(0)
        bench.handle(.durable(below: 2))
        #expect(bench.sent == [.confirm(job, below: 2)] && bench.asksForMore)
    }

    @Test("nothing is requested while unanswered tokens fill the window; answers free space")
    func windowOfTokens() throws {
        var bench = try ClientBench.streaming(tokens: 100)
        for shard in UInt32(0)..<8 { bench.produce(shard, tokens: 51) }
        #expect(!bench.asksForMore)
        bench.answer(0)
        #expect(bench.submitted == [2] && !bench.asksForMore, "what arrived too early is submitted first")
        for shard in UInt32(1)..<6 { bench.answer(shard) }
        #expect(bench.submitted == [7] && !bench.asksForMore)
        bench.answer(6)
        #expect(bench.askedFor == 1, "one at a time while the window is more than half full")
        bench.answer(7)
        #expect(bench.askedFor == 7)
    }

    @Test("a shard that arrives when tokens fill the window waits until it fits")
    func heldBack() throws {
        var bench = try ClientBench.streaming(tokens: 100)
        var submitted: [UInt32] = []
        for shard in UInt32(0)..<8 {
            bench.produce(shard, tokens: 60)
            submitted += bench.submitted
        }
        #expect(submitted == [0, 1], "the second is the one that may go beyond the window")
        bench.receive(.whoAreYou)
        bench.welcome()
        bench.accept(tokens: 100, held: [0])
        #expect(bench.submitted == [1], "what waited waits after an interruption too")
        bench.answer(1)
        #expect(bench.submitted == [2])
        bench.answer(0)
        #expect(bench.submitted == [3])
    }

    @Test("each shard is delivered once; copies, unknown shards and answers with other row counts are dropped")
    func deliveredOnce() throws {
        var bench = try ClientBench.streaming()
        bench.produce(0)
        bench.answer(0, rows: 3)
        #expect(bench.delivered.isEmpty)
        bench.answer(7)
        #expect(bench.delivered.isEmpty)
        bench.answer(0)
        #expect(bench.delivered == [0])
        bench.answer(0)
        #expect(bench.delivered.isEmpty)
    }

    @Test("after an interruption only what is neither answered nor held is submitted again")
    func resubmits() throws {
        var bench = try ClientBench.streaming()
        for shard in UInt32(0)..<4 { bench.produce(shard) }
        bench.answer(1)
        bench.receive(.whoAreYou)
        #expect(bench.hellos.count == 1)
        bench.welcome()
        #expect(bench.jobs.count == 1)
        bench.accept(held: [2])
        #expect(bench.submitted == [0, 3])
    }

    @Test("shards that arrive during an interruption are submitted after it")
    func producedMeanwhile() throws {
        var bench = try ClientBench.streaming()
        bench.receive(.whoAreYou)
        bench.produce(0)
        #expect(bench.submitted.isEmpty)
        bench.welcome()
        bench.accept()
        #expect(bench.submitted == [0])
    }

    @Test("the job is opened again when no answer arrives for the lease time")
    func stall() throws {
        var bench = try ClientBench.streaming()
        bench.produce(0)
        let status = ClusterStatus(workers: 1, shardsPending: 0, shardsLeased: 0)
        for second in 1...29 {
            bench.wait(.seconds(1))
            #expect(bench.jobs.isEmpty, "second \(second)")
            bench.receive(.clusterStatus(status))
        }
        bench.wait(.seconds(1))
        #expect(bench.jobs.count == 1)
        bench.accept()
        #expect(bench.submitted == [0])
    }

    @Test("Hello is sent again when the coordinator is silent for the liveness time")
    func silence() throws {
        var bench = try ClientBench.streaming()
        for _ in 1...4 {
            bench.wait(.seconds(1))
            #expect(bench.hellos.isEmpty)
            guard case .heartbeat? = bench.sent.first else { throw Unexpected(bench.actions) }
        }
        bench.wait(.seconds(1))
        #expect(bench.hellos.count == 1)
    }

    @Test("another model later fails the job, and the message names both digests")
    func anotherModel() throws {
        var bench = try ClientBench.streaming()
        bench.produce(0)
        bench.receive(.whoAreYou)
        bench.welcome(Samples.model(7))
        guard case .jobRefused(.fingerprint, let message)? = bench.failures.first else {
            throw Unexpected(bench.actions)
        }
        #expect(message.contains(Samples.model.digest.hex) && message.contains(Samples.model(7).digest.hex))
        #expect(bench.sent.last == .bye)
    }

    @Test("the client gives up when the coordinator is silent for the time allowed, and says how long it waited")
    func abandoned() throws {
        var bench = try ClientBench(abandonTime: .seconds(60))
        bench.wait(.milliseconds(59_999))
        #expect(bench.failures.isEmpty)
        bench.wait(.milliseconds(1))
        #expect(bench.failures == [.abandoned(after: .seconds(60))])
    }

    // MARK: Ending

    @Test("when all is durable the job is closed, and the answer ends the client")
    func closes() throws {
        var bench = try ClientBench.streaming()
        bench.produce(0)
        bench.handle(.inputEnded(shards: 1))
        bench.answer(0)
        #expect(!bench.sent.contains(.closeJob(job)), "answered is not durable")
        bench.handle(.durable(below: 1))
        #expect(bench.sent == [.confirm(job, below: 1), .closeJob(job)])
        bench.receive(.jobClosed(Samples.job(9)))
        #expect(!bench.isFinished)
        bench.receive(.jobClosed(job))
        #expect(bench.isFinished && bench.sent == [.bye])
    }

    @Test("an empty corpus is a finished job")
    func emptyCorpus() throws {
        var bench = try ClientBench.streaming()
        bench.handle(.inputEnded(shards: 0))
        #expect(bench.sent == [.closeJob(job)])
    }

    @Test("closing is tried four times; then the client finishes anyway, since everything is durable")
    func closingRetries() throws {
        var bench = try ClientBench.closing()
        for _ in 0..<3 {
            bench.wait(.seconds(1))
            #expect(bench.sent.contains(.closeJob(job)) && !bench.isFinished)
        }
        bench.wait(.seconds(1))
        #expect(bench.isFinished)
    }

    @Test("a coordinator that forgets a closing client does not keep it from finishing, with or without a model")
    func closingAtAnotherCoordinator() throws {
        for model in [nil, Samples.model(7)] {
            var bench = try ClientBench.closing()
            bench.receive(.whoAreYou)
            #expect(bench.hellos.count == 1)
            bench.welcome(model)
            #expect(bench.failures.isEmpty, "all is durable, so another model does no harm")
            bench.wait(.seconds(1))
            #expect(bench.sent.contains(.closeJob(job)))
            bench.receive(.jobClosed(job))
            #expect(bench.isFinished)
        }
    }
}
