import Cluster
import Testing
import Wire

@Suite("Coordinator: results count once")
struct ResultTests {
    private let job = Samples.job(1)

    @Test("an answer is journaled, then sent, with the rows in order")
    func answered() throws {
        var bench = try CoordinatorBench.ready()
        bench.submit(Samples.shard(3, of: job))
        bench.receive(Samples.result(try bench.onlyLent(to: 1)), from: CoordinatorBench.peer(1))
        let answer = ShardAnswer(
            job: job, shard: 3, answers: Samples.answers(rows: 4), faults: [],
            sources: [AnswerSource(rows: 4, worker: WorkerLabel(name: "w1"))])
        #expect(bench.answers() == [answer])
        #expect(bench.actions.entries == [.shardAnswered(answer)])
    }

    @Test("the result of a former attempt still counts, once; the second copy is dropped")
    func oldAttemptCounts() throws {
        //  w1 ◀── piece, attempt 1        w1 goes silent and is dead
        //  w2 ◀── piece, attempt 2
        //  w1 ──▶ result of attempt 1     as its next incarnation: counts
        //  w2 ──▶ result of attempt 2     dropped
        var bench = try CoordinatorBench.ready()
        bench.submit(Samples.shard(0, of: job))
        let first = try bench.onlyLent(to: 1)
        bench.join(2)
        bench.handle(.unroutable(CoordinatorBench.peer(1)))
        let second = try bench.onlyLent(to: 2)
        #expect(second.attempt == 2)
        bench.join(11)
        bench.receive(Samples.result(first), from: CoordinatorBench.peer(11))
        #expect(bench.answers().count == 1)
        #expect(bench.state.status.shardsLeased == 0, "the other lease ends with the answer")
        bench.receive(Samples.result(second), from: CoordinatorBench.peer(2))
        #expect(bench.answers().isEmpty && bench.actions.entries.isEmpty)
    }

    @Test("a result for a piece that is pending again removes it from the queue")
    func resultForPending() throws {
        var bench = try CoordinatorBench.ready()
        bench.submit(Samples.shard(0, of: job))
        let first = try bench.onlyLent(to: 1)
        bench.handle(.unroutable(CoordinatorBench.peer(1)))
        #expect(bench.state.status.shardsPending == 1)
        bench.join(2, credit: .none)
        bench.receive(Samples.result(first, credit: .none), from: CoordinatorBench.peer(2))
        #expect(bench.answers().count == 1 && bench.state.status.shardsPending == 0)
    }

    @Test("a duplicated result is dropped")
    func duplicatedMessage() throws {
        var bench = try CoordinatorBench.ready()
        bench.submit(Samples.shard(0, of: job))
        let result = Samples.result(try bench.onlyLent(to: 1))
        bench.receive(result, from: CoordinatorBench.peer(1))
        bench.receive(result, from: CoordinatorBench.peer(1))
        #expect(bench.answers().isEmpty && bench.actions.entries.isEmpty)
    }

    @Test("a second, different result for one part of a shard does not replace the first")
    func firstResultStands() throws {
        var bench = try CoordinatorBench.ready()
        let (left, right, whole) = try halved(&bench)
        _ = whole
        bench.receive(Samples.result(left), from: CoordinatorBench.peer(3))
        let other = ShardResult(
            piece: left, answers: Samples.answers(firstRow: 100, rows: 2), faults: [], credit: CoordinatorBench.credit,
            progress: 9)
        bench.receive(.shardResult(other), from: CoordinatorBench.peer(3))
        bench.receive(Samples.result(right), from: CoordinatorBench.peer(3))
        #expect(bench.answers().map(\.answers) == [Samples.answers(rows: 4)])
    }

    @Test("a result for a piece that was halved since is dropped; the halves are computed")
    func resultAfterHalving() throws {
        var bench = try CoordinatorBench.ready()
        let (left, right, whole) = try halved(&bench)
        bench.receive(Samples.result(whole), from: CoordinatorBench.peer(3))
        #expect(bench.answers().isEmpty && bench.actions.entries.isEmpty)
        bench.receive(Samples.result(left), from: CoordinatorBench.peer(3))
        #expect(bench.answers().isEmpty, "half an answer is none")
        bench.receive(Samples.result(right), from: CoordinatorBench.peer(3))
        #expect(bench.answers().map(\.answers) == [Samples.answers(rows: 4)])
    }

    @Test("a fault's row is counted in the shard, not in the piece")
    func faultsMove() throws {
        var bench = try CoordinatorBench.ready()
        let (left, right, _) = try halved(&bench)
        bench.receive(Samples.result(left), from: CoordinatorBench.peer(3))
        let fault = RowFault(row: 1, code: "not_finite", message: "row 1")
        bench.receive(
            .shardResult(
                ShardResult(
                    piece: right, answers: AnswerBlock([Samples.answers(rows: 1)[0], nil]), faults: [fault],
                    credit: .none, progress: 9)),
            from: CoordinatorBench.peer(3))
        #expect(bench.answers().first?.faults == [RowFault(row: 3, code: "not_finite", message: "row 1")])
        #expect(bench.answers().first?.answers[3] == nil)
    }

    /// Two workers die with shard 0 of four rows; its halves, as worker 3 gets and would get them, and the whole.
    private func halved(_ bench: inout CoordinatorBench) throws -> (PieceName, PieceName, PieceName) {
        bench.submit(Samples.shard(0, of: job))
        bench.handle(.unroutable(CoordinatorBench.peer(1)))
        bench.join(2)
        let whole = try bench.onlyLent(to: 2)
        bench.handle(.unroutable(CoordinatorBench.peer(2)))
        bench.join(3)
        let left = try bench.onlyLent(to: 3)
        #expect(left.rows == 0..<2 && left.attempt == whole.attempt + 1)
        return (left, PieceName(job: job, shard: 0, rows: 2..<4, attempt: left.attempt), whole)
    }
}
