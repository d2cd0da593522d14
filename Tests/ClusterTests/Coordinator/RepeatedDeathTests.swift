import Cluster
import Testing
import Wire

@Suite("Coordinator: one worker that dies again and again")
struct RepeatedDeathTests {
    private let job = Samples.job(1)

    /// Lets incarnations of one worker die with the first piece that they get, in the presence of those that are there.
    /// Returns the rows of the pieces that they died with.
    private func deaths(
        _ bench: inout CoordinatorBench, times: Int, name: (Int) -> String, key: (Int) -> String? = { _ in nil }
    ) -> [Range<Int>] {
        var rows: [Range<Int>] = []
        for number in 100..<100 + times {
            bench.join(number, name: name(number), key: key(number))
            guard let piece = bench.lent(to: number).first else { continue }
            rows.append(piece.rows)
            bench.handle(.unroutable(CoordinatorBench.peer(number)))
        }
        return rows
    }

    private func poisoned(_ bench: CoordinatorBench) -> Int {
        bench.journal.reduce(0) { count, entry in
            if case .shardAnswered(let answer) = entry { count + answer.faults.count } else { count }
        }
    }

    @Test("the piece that it died with is for another worker, and is answered by it")
    func another() throws {
        var bench = try CoordinatorBench.ready(credit: Credit(rows: 1, tokens: 40))
        bench.submit(Samples.shard(0, of: job, rows: 1))
        let first = try bench.onlyLent(to: 1)
        bench.submit(Samples.shard(1, of: job, rows: 1))
        let rows = deaths(&bench, times: 20) { "bad/\($0)" }
        #expect(rows == [0..<1], "it gets the piece once")
        #expect(poisoned(bench) == 0)
        bench.receive(
            Samples.result(first, credit: Credit(rows: 1, tokens: 40)), from: CoordinatorBench.peer(1))
        let second = try bench.onlyLent(to: 1)
        #expect(second.shard == 1)
        bench.receive(Samples.result(second), from: CoordinatorBench.peer(1))
        #expect(poisoned(bench) == 0 && bench.state.status.shardsPending + bench.state.status.shardsLeased == 0)
    }

    @Test("with keys, the key counts: other names with the same key are the same worker")
    func keys() throws {
        var bench = try CoordinatorBench.ready(credit: Credit(rows: 1, tokens: 40))
        bench.submit(Samples.shard(0, of: job, rows: 1), Samples.shard(1, of: job, rows: 1))
        let rows = deaths(&bench, times: 20, name: { "name-\($0)" }, key: { _ in "bad" })
        #expect(rows == [0..<1] && poisoned(bench) == 0)
    }

    @Test("workers of different keys poison a row at the fourth death, also with the same name")
    func different() throws {
        var bench = try CoordinatorBench.ready(credit: Credit(rows: 1, tokens: 40))
        bench.submit(Samples.shard(0, of: job, rows: 1), Samples.shard(1, of: job, rows: 1))
        let rows = deaths(&bench, times: 20, name: { _ in "worker" }, key: { "key-\($0)" })
        #expect(rows == [0..<1, 0..<1, 0..<1, 0..<1] && poisoned(bench) == 1)
    }

    @Test("alone, it gets the piece again, and the row is poisoned at its fourth death, so that the job ends")
    func alone() throws {
        var bench = try CoordinatorBench.ready()
        bench.receive(.bye, from: CoordinatorBench.peer(1))
        bench.submit(Samples.shard(0, of: job, rows: 1))
        let rows = deaths(&bench, times: 20) { "bad/\($0)" }
        #expect(rows.count == 4)
        let faults = bench.journal.compactMap { entry -> [RowFault]? in
            if case .shardAnswered(let answer) = entry { answer.faults } else { nil }
        }
        #expect(faults.first?.first?.message.hasPrefix("one worker died 4 times, and no other was there") == true)
    }

    @Test("two workers that both die with a row poison it together")
    func both() throws {
        var bench = try CoordinatorBench.ready()
        bench.receive(.bye, from: CoordinatorBench.peer(1))
        bench.submit(Samples.shard(0, of: job, rows: 1))
        var deaths = 0
        for number in stride(from: 100, to: 120, by: 2) where poisoned(bench) == 0 {
            bench.join(number, name: "a")
            bench.join(number + 1, name: "b")
            for worker in [number, number + 1] where poisoned(bench) == 0 {
                bench.handle(.unroutable(CoordinatorBench.peer(worker)))
                deaths += 1
            }
        }
        #expect(deaths == 4 && poisoned(bench) == 1)
    }

    @Test("a worker that accepts no work, or drains, is not another that could run the piece")
    func notOpen() throws {
        var bench = try CoordinatorBench.ready(credit: .none)
        bench.join(2)
        bench.receive(.drain, from: CoordinatorBench.peer(2))
        bench.submit(Samples.shard(0, of: job, rows: 1))
        #expect(deaths(&bench, times: 20) { _ in "bad" }.count == 4)
    }

    @Test("the shards of all jobs of one key, and of all jobs, are bounded together")
    func memory() throws {
        var configuration = CoordinatorState.Configuration()
        let shard = Samples.shard(0, of: job).windowTokens
        configuration.windowTokensPerOwner = 2 * shard
        configuration.windowTokensTotal = 3 * shard
        var bench = CoordinatorBench(configuration)
        bench.join(1, credit: .none)
        let (one, two) = (Peer([1, 1], owner: "one"), Peer([2, 2], owner: "two"))
        for (number, client) in [(1, one), (2, one), (3, two)] {
            try bench.open(Samples.job(number), client: client)
        }
        func submit(_ number: Int, _ index: UInt32, _ client: Peer) -> Int {
            let former = bench.state.status.shardsPending
            bench.submit(Samples.shard(index, of: Samples.job(number)), client: client)
            return bench.state.status.shardsPending - former
        }
        #expect(submit(1, 0, one) == 1 && submit(2, 0, one) == 1)
        #expect(submit(1, 1, one) == 0, "the key has its share")
        #expect(submit(3, 0, two) == 1)
        #expect(submit(3, 1, two) == 0, "all jobs together have theirs")
    }
}
