import Cluster
import Scoring
import Testing
import Wire

@Suite("Coordinator: lending against credit")
struct LendingTests {
    private let job = Samples.job(1)

    @Test("a worker without credit gets nothing until it grants some")
    func noCredit() throws {
        var bench = try CoordinatorBench.ready(credit: .none)
        bench.submit(Samples.shard(0, of: job))
        #expect(bench.lent(to: 1).isEmpty)
        bench.beat(1, credit: Credit(rows: 0, tokens: 400))
        #expect(bench.lent(to: 1).isEmpty)
        bench.beat(1)
        #expect(bench.lent(to: 1).count == 1)
    }

    @Test("a worker holds two pieces at most, however much credit it granted")
    func twoHeld() throws {
        var bench = try CoordinatorBench.ready(credit: Credit(rows: 4000, tokens: 1_000_000))
        bench.submit(Samples.shard(0, of: job), Samples.shard(1, of: job), Samples.shard(2, of: job))
        let pieces = bench.lent(to: 1)
        #expect(pieces.map(\.shard) == [0, 1])
        bench.receive(
            Samples.result(pieces[0], credit: Credit(rows: 4000, tokens: 1_000_000)), from: CoordinatorBench.peer(1))
        #expect(bench.lent(to: 1).map(\.shard) == [2], "a result frees credit for one")
    }

    @Test("a worker that grants more pieces holds more, still within its rows and tokens")
    func heldPieces() throws {
        var bench = try CoordinatorBench.ready(credit: Credit(rows: 4000, tokens: 10_000, pieces: 5))
        for shard in UInt32(0)..<9 { bench.submit(Samples.shard(shard, of: job, rows: 4, tokens: 1000)) }
        #expect(bench.state.status.shardsLeased == 5)
        bench.beat(1, credit: Credit(rows: 4000, tokens: 7000, pieces: 99))
        #expect(bench.lent(to: 1).map(\.shard) == [5, 6], "no more tokens than were granted")
        bench.beat(1, credit: Credit(rows: 4000, tokens: 10_000))
        #expect(bench.lent(to: 1).isEmpty, "two are granted, seven are held")
    }

    @Test("a worker's death counts only against the piece it was running, not the others that it held")
    func onlyTheRunningPieceIsBlamed() throws {
        var bench = try CoordinatorBench.ready(credit: Credit(rows: 4000, tokens: 10_000, pieces: 16))
        for shard in UInt32(0)..<6 { bench.submit(Samples.shard(shard, of: job)) }
        bench.join(2, credit: .none)
        bench.handle(.unroutable(CoordinatorBench.peer(1)))
        bench.beat(2, credit: Credit(rows: 4000, tokens: 10_000, pieces: 16))
        #expect(bench.lent(to: 2).map(\.shard) == [0], "the suspect is lent first, and alone")
        bench.receive(
            Samples.result(try bench.onlyLent(to: 2), credit: Credit(rows: 4000, tokens: 10_000, pieces: 16)),
            from: CoordinatorBench.peer(2))
        #expect(bench.lent(to: 2).map(\.shard) == [1, 2, 3, 4, 5])
    }

    @Test("a shard larger than the whole credit is lent alone")
    func largerThanCredit() throws {
        var bench = try CoordinatorBench.ready()
        bench.submit(Samples.shard(0, of: job, rows: 100, tokens: 9000), Samples.shard(1, of: job, rows: 1))
        let pieces = bench.lent(to: 1)
        #expect(pieces.map(\.shard) == [0])
        bench.receive(Samples.result(pieces[0]), from: CoordinatorBench.peer(1))
        #expect(bench.lent(to: 1).map(\.shard) == [1])
    }

    @Test(
        "the second piece must fit in the rows and in the tokens that are left",
        arguments: [(rows: 6, tokens: 10, fits: true), (7, 10, false), (6, 100, true), (6, 101, false)])
    func creditLeft(rows: Int, tokens: Int, fits: Bool) throws {
        var bench = try CoordinatorBench.ready()
        bench.submit(Samples.shard(0, of: job, rows: 10, tokens: 300))
        #expect(bench.lent(to: 1).count == 1)
        bench.submit(Samples.shard(1, of: job, rows: rows, tokens: tokens))
        #expect(bench.lent(to: 1).count == (fits ? 1 : 0))
    }

    @Test("a worker gets a context once, before its first shard, and again when it requests it")
    func contextsGoOnce() throws {
        var bench = try CoordinatorBench.ready()
        let context = try Samples.context(1)
        bench.submit(Samples.shard(0, of: job))
        guard case .context(context)? = bench.sent(to: 1).first,
            case .shard(_, context.digest, _)? = bench.sent(to: 1).last
        else { throw Unexpected(bench.actions) }
        bench.submit(Samples.shard(1, of: job))
        #expect(bench.lent(to: 1).count == 1 && bench.sent(to: 1).count == 1, "the shard only")
        bench.receive(.contextWanted(context.digest), from: CoordinatorBench.peer(1))
        #expect(bench.sent(to: 1) == [.context(context)])
        bench.join(2)
        bench.submit(Samples.shard(2, of: job))
        guard case .context(context)? = bench.sent(to: 2).first else { throw Unexpected(bench.actions) }
    }

    @Test("a worker that waits for a context of a closed job is dismissed, and the death counts against no piece")
    func contextOfNoJob() throws {
        var bench = try CoordinatorBench.ready()
        bench.submit(Samples.shard(0, of: job))
        bench.submit(Samples.shard(1, of: job))
        bench.receive(.contextWanted(Digest(of: "no such context")), from: CoordinatorBench.peer(1))
        guard case .dismissed? = bench.sent(to: 1).first else { throw Unexpected(bench.actions) }
        bench.join(2)
        #expect(bench.lent(to: 2).count == 2, "a piece under suspicion would be lent alone")
    }

    @Test("a context that four others have replaced is sent again")
    func contextsAreForgotten() throws {
        var bench = try CoordinatorBench.ready(credit: Credit(rows: 4, tokens: 400))
        var sent: [Digest] = []
        for number in [1, 2, 3, 4, 5, 5, 1] {
            try bench.open(Samples.job(number), context: number)
            bench.submit(Samples.shard(UInt32(sent.count) * 10, of: Samples.job(number)))
            sent += bench.sent(to: 1).compactMap { if case .context(let block) = $0 { block.digest } else { nil } }
            bench.receive(
                Samples.result(try bench.onlyLent(to: 1), credit: Credit(rows: 4, tokens: 400)),
                from: CoordinatorBench.peer(1))
        }
        #expect(sent == (try [1, 2, 3, 4, 5, 1].map { try Samples.context($0).digest }))
    }

    @Test("jobs take turns")
    func jobsTakeTurns() throws {
        var bench = CoordinatorBench()
        try bench.joinWithoutCredit(1)
        try bench.open(Samples.job(1))
        try bench.open(Samples.job(2), context: 2)
        for index in UInt32(0)..<3 { bench.submit(Samples.shard(index, of: Samples.job(1))) }
        for index in UInt32(0)..<3 { bench.submit(Samples.shard(index, of: Samples.job(2))) }
        bench.beat(1)
        var pieces = bench.lent(to: 1)
        var order = pieces.map(\.job)
        while let next = pieces.first {
            pieces.removeFirst()
            bench.receive(Samples.result(next), from: CoordinatorBench.peer(1))
            pieces += bench.lent(to: 1)
            order += bench.lent(to: 1).map(\.job)
        }
        #expect(order.count == 6)
        #expect(zip(order, order.dropFirst()).allSatisfy { $0 != $1 }, "\(order)")
    }

    @Test("the same texts are sent to the same worker in a later job, when all workers have credit")
    func affinity() throws {
        var bench = CoordinatorBench()
        for number in 1...3 { try bench.joinWithoutCredit(number) }
        var owners: [[UInt64: Int]] = []
        for number in [1, 2] {
            try bench.open(Samples.job(number), context: number)
            for index in UInt32(0)..<12 { bench.submit(Samples.shard(index, of: Samples.job(number))) }
            owners.append(try bench.workOff(Samples.job(number), workers: 3))
        }
        let same = owners[0].filter { owners[1][$0.key] == $0.value }.count
        #expect(owners[0].count == 12 && owners[1].count == 12)
        // A worker without a preferred piece among the first ones gets the head, so not every shard goes to the same
        // worker.
        #expect(same >= 9, "\(same) of 12 shards went to the worker that had them before")
    }

    @Test("a worker that is full does not get the same piece again before it grants credit again")
    func overCreditDoesNotPingPong() throws {
        var bench = try CoordinatorBench.ready()
        bench.submit(Samples.shard(0, of: job))
        let piece = try bench.onlyLent(to: 1)
        bench.receive(.shardReturned(piece, .overCredit), from: CoordinatorBench.peer(1))
        #expect(bench.lent(to: 1).isEmpty, "lent again at once, it would be returned at once")
        #expect(bench.state.status.shardsPending == 1)
        bench.beat(1)
        #expect(bench.lent(to: 1).count == 1)
    }
}

extension CoordinatorBench {
    mutating func joinWithoutCredit(_ number: Int) throws {
        join(number, credit: .none)
    }

    /// All workers grant credit for one shard at a time, in turn; who did which texts (by affinity).
    mutating func workOff(_ job: JobID, workers: Int) throws -> [UInt64: Int] {
        var owners: [UInt64: Int] = [:]
        let one = Credit(rows: 4, tokens: 40)
        for _ in 0..<100 where state.status.shardsPending > 0 {
            for number in 1...workers {
                beat(number, credit: one)
                for piece in lent(to: number) {
                    owners[Samples.shard(piece.shard, of: job).affinity] = number
                    receive(Samples.result(piece, credit: .none), from: Self.peer(number))
                }
            }
        }
        return owners
    }
}
