import Cluster
import Scoring
import Testing
import Wire

@Suite("Coordinator: row ranges, and peers that do not read them")
struct RangeLendingTests {
    private static func shard(_ number: UInt32, rows: Int = 2) throws -> SubmitShard {
        let ranges = RowRanges(
            files: [RowRanges.File(path: "/a.parquet", kind: .parquet, bytes: 9, modified: 1)],
            ranges: [RowRanges.Range(file: 0, firstRow: 1 + Int(number) * rows, rows: rows)], keys: RowRanges.Keys(),
            digest: Digest(of: "texts"))
        return SubmitShard(
            job: Samples.job(1), shard: number, tokens: 2, affinity: 0, content: .ranges(try RangeBlock(ranges)))
    }

    private static func join(_ bench: inout CoordinatorBench, _ number: Int, readsRanges: Bool) {
        let hello = Hello(
            role: .worker(Samples.model, CoordinatorBench.credit), name: "w\(number)", incarnation: UInt64(number),
            readsRanges: readsRanges)
        bench.receive(.hello(hello), from: CoordinatorBench.peer(number))
    }

    private static func open(_ bench: inout CoordinatorBench, from peer: Peer = CoordinatorBench.client) throws {
        bench.receive(.hello(Hello(role: .client, name: "c", incarnation: 900)), from: peer)
        bench.receive(
            .submitJob(
                SubmitJob(
                    job: Samples.job(1), policy: Policy(id: "policy"), context: try Samples.context(1),
                    fingerprint: Samples.model.digest)), from: peer)
    }

    @Test("row ranges are lent only to workers that read them; others get the texts behind them")
    func lending() throws {
        var bench = CoordinatorBench()
        Self.join(&bench, 1, readsRanges: false)
        try Self.open(&bench)
        bench.submit(try Self.shard(0), try Self.shard(1))
        #expect(bench.lent(to: 1).isEmpty)
        #expect(bench.state.status.rangeWorkers == 0)
        bench.submit(Samples.shard(2, of: Samples.job(1)))
        #expect(bench.lent(to: 1).map(\.shard) == [2])
        Self.join(&bench, 2, readsRanges: true)
        #expect(bench.lent(to: 2).map(\.shard).sorted() == [0, 1])
        #expect(bench.state.status.rangeWorkers == 1)
        let content = bench.sent(to: 2).compactMap { if case .shard(_, _, let content) = $0 { content } else { nil } }
        #expect(try Set(content) == [Self.shard(0).content, Self.shard(1).content])
    }

    @Test("a suspect piece of row ranges at the head waits for a worker that reads it, and holds up no other")
    func suspect() throws {
        var bench = CoordinatorBench()
        Self.join(&bench, 1, readsRanges: true)
        try Self.open(&bench)
        bench.submit(try Self.shard(0))
        #expect(bench.lent(to: 1).count == 1)
        bench.handle(.unroutable(CoordinatorBench.peer(1)))
        Self.join(&bench, 2, readsRanges: false)
        #expect(bench.lent(to: 2).isEmpty)
        bench.submit(Samples.shard(1, of: Samples.job(1)))
        #expect(bench.lent(to: 2).map(\.shard) == [1])
        Self.join(&bench, 3, readsRanges: true)
        #expect(bench.lent(to: 3).map(\.shard) == [0])
    }

    @Test("a client that comes back without row ranges can submit the same shards as texts")
    func back() throws {
        var bench = CoordinatorBench()
        Self.join(&bench, 1, readsRanges: false)
        try Self.open(&bench)
        bench.submit(try Self.shard(0))
        let other = CoordinatorBench.peer(77)
        try Self.open(&bench, from: other)
        let held = bench.sent(to: 77).compactMap { if case .jobAccepted(let job) = $0 { job.held } else { nil } }
        #expect(held.last == [])
        bench.submit(Samples.shard(0, of: Samples.job(1)), client: other)
        #expect(bench.lent(to: 1).map(\.shard) == [0])
    }

    @Test("a client with row ranges leaves a coordinator of an older version, and says why")
    func oldCoordinator() throws {
        for readsRanges in [false, true] {
            var configuration = ClientState.Configuration(
                name: "c", policy: Policy(id: "p"), context: try Samples.context(1))
            configuration.sendsRanges = true
            var state = ClientState(configuration, seed: 1)
            var incarnation: UInt64 = 0
            for action in state.handle(.started, at: .zero) {
                if case .send(let envelope) = action, case .hello(let hello) = envelope.message {
                    incarnation = hello.incarnation
                }
            }
            let welcome = Welcome(
                incarnation: incarnation, heartbeatInterval: .seconds(1), leaseTime: .seconds(30),
                fingerprint: Samples.model, readsSide: true, readsRanges: readsRanges)
            let actions = state.handle(.received(Envelope(generation: 1, .welcome(welcome))), at: .zero)
            let failed = actions.contains { action in
                if case .fail(.refused(.protocolVersion, let message)) = action { return message.contains("update it") }
                return false
            }
            #expect(failed == !readsRanges)
        }
    }

    @Test("a client that gives its job up closes it, also if no answer comes, and finishes")
    func givenUp() throws {
        for isAnswered in [true, false] {
            var bench = try ClientBench.streaming()
            bench.produce(0)
            bench.handle(.givenUp)
            #expect(bench.sent.contains(.closeJob(ClientBench.job)))
            if isAnswered {
                bench.receive(.jobClosed(ClientBench.job))
                #expect(bench.isFinished)
            } else {
                bench.answer(0)
                #expect(bench.delivered.isEmpty || !bench.isFinished)
                for _ in 0..<5 where !bench.isFinished { bench.wait(.seconds(1)) }
                #expect(bench.isFinished)
            }
        }
    }
}
