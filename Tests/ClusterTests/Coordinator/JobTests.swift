import Cluster
import Scoring
import Testing
import Wire

@Suite("Coordinator: jobs and their clients")
struct JobTests {
    private let job = Samples.job(1)

    private func accepted(_ bench: CoordinatorBench, to client: Peer = CoordinatorBench.client) throws -> JobAccepted {
        guard case .jobAccepted(let accepted)? = bench.sent(to: client).first else { throw Unexpected(bench.actions) }
        return accepted
    }

    @Test("a job is accepted with its window, and opening it is durable first")
    func opened() throws {
        let bench = try CoordinatorBench.ready()
        let terms = try accepted(bench)
        #expect(terms == JobAccepted(job: job, windowRows: 131_072, windowTokens: 16_000_000))
        #expect(bench.actions.entries == [.jobOpened(job)])
    }

    @Test("a job begun with another model is refused, and the message names both digests")
    func otherModel() throws {
        var bench = CoordinatorBench()
        bench.join(1, model: Samples.model(7))
        try bench.open()
        guard case .jobRefused(job, .fingerprint, let message)? = bench.sent(to: CoordinatorBench.client).first else {
            throw Unexpected(bench.actions)
        }
        #expect(message.contains(Samples.model.digest.hex) && message.contains(Samples.model(7).digest.hex))
    }

    @Test("a job that is submitted again with another context is refused, and the message names both digests")
    func otherContext() throws {
        var bench = try CoordinatorBench.ready()
        try bench.open(context: 2)
        guard case .jobRefused(job, .context, let message)? = bench.sent(to: CoordinatorBench.client).first else {
            throw Unexpected(bench.actions)
        }
        let digests = try [1, 2].map { try Samples.context($0).digest.hex }
        #expect(digests.allSatisfy { message.contains($0) })
        try bench.open(context: 1)
        #expect(try accepted(bench).job == job)
    }

    @Test("jobs beyond the limit are refused, unless one whose client is away can be closed")
    func jobsMax() throws {
        var configuration = CoordinatorState.Configuration()
        configuration.jobsMax = 2
        var bench = CoordinatorBench(configuration)
        bench.join(1)
        let other = Peer([0xC2])
        try bench.open(Samples.job(1))
        try bench.open(Samples.job(2), client: other)
        try bench.open(Samples.job(3))
        guard case .jobRefused(Samples.job(3), .capacity, _)? = bench.sent(to: CoordinatorBench.client).first else {
            throw Unexpected(bench.actions)
        }
        bench.receive(.bye, from: other)
        try bench.open(Samples.job(3))
        #expect(try accepted(bench).job == Samples.job(3))
        #expect(bench.actions.entries == [.jobClosed(Samples.job(2)), .jobOpened(Samples.job(3))])
    }

    @Test("a shard for a job of another client is ignored, and its sender gets WhoAreYou")
    func foreignShard() throws {
        var bench = try CoordinatorBench.ready()
        bench.submit(Samples.shard(0, of: Samples.job(9)))
        #expect(bench.sent(to: CoordinatorBench.client) == [.whoAreYou])
        #expect(bench.state.status.shardsPending == 0)
    }

    @Test("a shard submitted twice is computed once")
    func submittedTwice() throws {
        var bench = try CoordinatorBench.ready()
        bench.submit(Samples.shard(0, of: job), Samples.shard(0, of: job))
        #expect(bench.lent(to: 1).count == 1)
        #expect(bench.state.status == ClusterStatus(workers: 1, shardsPending: 0, shardsLeased: 1))
    }

    @Test("an answered shard that is submitted again gets its answer again; a confirmed one gets none")
    func answeredAgain() throws {
        var bench = try CoordinatorBench.ready()
        bench.submit(Samples.shard(0, of: job))
        bench.receive(Samples.result(try bench.onlyLent(to: 1)), from: CoordinatorBench.peer(1))
        let answer = bench.answers()
        bench.submit(Samples.shard(0, of: job))
        #expect(bench.answers() == answer && answer.count == 1)
        #expect(bench.lent(to: 1).isEmpty && bench.actions.entries.isEmpty)
        bench.receive(.confirm(job, below: 1), from: CoordinatorBench.client)
        #expect(bench.actions.entries == [.confirmed(job, below: 1)])
        bench.receive(.confirm(job, below: 1), from: CoordinatorBench.client)
        #expect(bench.actions.entries.isEmpty, "old news")
        bench.submit(Samples.shard(0, of: job))
        #expect(bench.actions.isEmpty)
    }

    @Test("rows beyond the window are ignored until the client confirms; one shard always fits")
    func windowOfRows() throws {
        var configuration = CoordinatorState.Configuration()
        configuration.windowRows = 10
        var bench = CoordinatorBench(configuration)
        bench.join(1, credit: .none)
        try bench.open()
        bench.submit(Samples.shard(0, of: job, rows: 20))
        #expect(bench.state.status.shardsPending == 1, "a shard larger than the window is accepted alone")
        bench.receive(.confirm(job, below: 1), from: CoordinatorBench.client)
        bench.submit(
            Samples.shard(1, of: job, rows: 6), Samples.shard(2, of: job, rows: 4), Samples.shard(3, of: job, rows: 1))
        #expect(bench.state.status.shardsPending == 2)
        bench.receive(.confirm(job, below: 2), from: CoordinatorBench.client)
        bench.submit(Samples.shard(3, of: job, rows: 1))
        #expect(bench.state.status.shardsPending == 2)
    }

    @Test("when a client is away, pending shards are forgotten and answers are kept for it")
    func clientAwayAndBack() throws {
        var bench = try CoordinatorBench.ready(credit: Credit(rows: 4, tokens: 40))
        for index in UInt32(0)..<4 { bench.submit(Samples.shard(index, of: job)) }
        let one = Credit(rows: 4, tokens: 40)
        let first = PieceName(job: job, shard: 0, rows: 0..<4, attempt: 1)
        bench.receive(Samples.result(first, credit: one), from: CoordinatorBench.peer(1))
        let second = try bench.onlyLent(to: 1)
        bench.receive(.bye, from: CoordinatorBench.client)
        #expect(bench.logEvents == [.clientLost(job)])
        #expect(bench.state.status == ClusterStatus(workers: 1, shardsPending: 0, shardsLeased: 1))
        bench.receive(Samples.result(second, credit: one), from: CoordinatorBench.peer(1))
        #expect(bench.answers().isEmpty && bench.actions.entries.count == 1, "durable, and no client to send it to")
        // Back over another connection: nothing is held, so everything unanswered is submitted again.
        let back = Peer([0xC9])
        try bench.open(client: back)
        #expect(try accepted(bench, to: back).held.isEmpty)
        bench.submit(Samples.shard(0, of: job), Samples.shard(1, of: job), client: back)
        #expect(bench.answers(to: back).map(\.shard) == [0, 1])
        bench.submit(Samples.shard(2, of: job), client: back)
        #expect(bench.lent(to: 1).map(\.shard) == [2])
    }

    @Test("a client that returns learns which of its shards are held, and gets the answer")
    func heldShards() throws {
        var bench = try CoordinatorBench.ready()
        bench.submit(Samples.shard(0, of: job))
        let piece = try bench.onlyLent(to: 1)
        bench.handle(.unroutable(CoordinatorBench.client))
        let back = Peer([0xC9])
        try bench.open(client: back)
        #expect(try accepted(bench, to: back).held == [0])
        bench.receive(Samples.result(piece), from: CoordinatorBench.peer(1))
        #expect(bench.answers(to: back).map(\.shard) == [0] && bench.answers().isEmpty)
    }

    @Test("work of a client that is away is dropped when its worker dies; no death is counted")
    func lostWhileAway() throws {
        var bench = try CoordinatorBench.ready()
        bench.submit(Samples.shard(0, of: job), Samples.shard(1, of: job))
        bench.receive(.bye, from: CoordinatorBench.client)
        bench.handle(.unroutable(CoordinatorBench.peer(1)))
        #expect(bench.state.status == ClusterStatus(workers: 0, shardsPending: 0, shardsLeased: 0))
    }

    @Test("a client is away after three times the liveness time")
    func silentClient() throws {
        var bench = CoordinatorBench()
        bench.join(1, credit: .none)
        try bench.open()
        bench.submit(Samples.shard(0, of: job))
        for second in 1...15 {
            bench.wait(.seconds(1))
            if second == 14 { #expect(bench.state.status.shardsPending == 1) }
            bench.beat(1, credit: .none)
        }
        #expect(bench.state.status.shardsPending == 0)
    }

    @Test("nothing of a closed job is kept; closing it again is answered again")
    func closed() throws {
        var bench = try CoordinatorBench.ready()
        bench.submit(Samples.shard(0, of: job))
        let piece = try bench.onlyLent(to: 1)
        bench.receive(.closeJob(job), from: CoordinatorBench.client)
        #expect(bench.actions.entries == [.jobClosed(job)])
        #expect(bench.sent(to: CoordinatorBench.client) == [.jobClosed(job)])
        #expect(bench.state.status == ClusterStatus(workers: 1, shardsPending: 0, shardsLeased: 0))
        bench.receive(Samples.result(piece), from: CoordinatorBench.peer(1))
        #expect(bench.actions.isEmpty)
        bench.receive(.closeJob(job), from: CoordinatorBench.client)
        #expect(bench.sent(to: CoordinatorBench.client) == [.jobClosed(job)] && bench.actions.entries.isEmpty)
    }
}
