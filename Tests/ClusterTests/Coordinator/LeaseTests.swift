import Cluster
import Testing
import Wire

@Suite("Coordinator: leases, silence and deaths")
struct LeaseTests {
    private let job = Samples.job(1)

    /// Seconds of heartbeats from a worker, each naming `pieces`; everything that was lent on the way.
    private func beats(
        _ bench: inout CoordinatorBench, worker: Int, seconds: Int, naming pieces: [PieceName],
        progress: (Int) -> UInt64 = { _ in 0 }
    ) -> [PieceName] {
        var lent: [PieceName] = []
        for second in 1...seconds {
            bench.pass(.seconds(1))
            lent += bench.lent(to: worker)
            guard bench.sent(to: worker).allSatisfy({ if case .dismissed = $0 { false } else { true } }) else { break }
            bench.beat(worker, progress: progress(second), naming: pieces)
            lent += bench.lent(to: worker)
        }
        return lent
    }

    @Test("progress renews the lease of a piece for as long as it comes")
    func progressRenews() throws {
        var bench = try CoordinatorBench.ready()
        bench.submit(Samples.shard(0, of: job))
        let piece = try bench.onlyLent(to: 1)
        let more = beats(&bench, worker: 1, seconds: 120, naming: [piece]) { UInt64($0 / 20) }
        #expect(more.isEmpty && bench.state.status.shardsLeased == 1)
        bench.receive(Samples.result(piece, progress: 99), from: CoordinatorBench.peer(1))
        #expect(bench.answers().count == 1)
    }

    @Test(
        "a lease that its worker does not name expires, and the piece returns to the head of the queue; no death is counted"
    )
    func lostShard() throws {
        var bench = try CoordinatorBench.ready(credit: Credit(rows: 4, tokens: 40))
        bench.submit(Samples.shard(0, of: job), Samples.shard(1, of: job))
        #expect(bench.lent(to: 1).map(\.shard) == [0])
        // 0 s ── shard 0 is lent, its message is lost ── 29 s: still lent ── 30 s: at the head again, and lent again.
        for _ in 1...29 {
            bench.pass(.seconds(1))
            bench.beat(1, credit: Credit(rows: 4, tokens: 40))
            #expect(bench.lent(to: 1).isEmpty)
        }
        bench.pass(.seconds(1))
        let again = try bench.onlyLent(to: 1)
        #expect(again == PieceName(job: job, shard: 0, rows: 0..<4, attempt: 2))
        #expect(
            bench.logEvents == [
                .leaseExpired(PieceName(job: job, shard: 0, rows: 0..<4, attempt: 1), worker: "w1")
            ])
        #expect(bench.state.status.workers == 1, "a lost message is no death")
    }

    @Test("a worker that answers an earlier attempt than it holds holds the piece no more")
    func earlierAttempt() throws {
        // Found by fuzzing: the later lease stayed, and a shard that was submitted again was lent to the worker twice.
        let credit = Credit(rows: 4, tokens: 40)
        var bench = try CoordinatorBench.ready(credit: credit)
        bench.submit(Samples.shard(0, of: job), Samples.shard(1, of: job))
        let first = try #require(bench.lent(to: 1).first)
        for _ in 1...29 {
            bench.pass(.seconds(1))
            bench.beat(1, credit: credit)
        }
        bench.pass(.seconds(1))
        #expect(try bench.onlyLent(to: 1) == PieceName(job: job, shard: 0, rows: 0..<4, attempt: 2))
        let answers = Samples.answers(rows: first.rows.count)
        bench.receive(
            .shardResult(ShardResult(piece: first, answers: answers, faults: [], credit: credit, progress: 1)),
            from: CoordinatorBench.peer(1))
        #expect(bench.answers().map(\.shard) == [0])
        #expect(bench.lent(to: 1).map(\.shard) == [1], "its credit is free")
    }

    @Test("results renew only what the worker has named: a lost piece returns to the queue while others are answered")
    func resultsDoNotRenewLostPieces() throws {
        var bench = try CoordinatorBench.ready()
        for index in UInt32(0)..<80 { bench.submit(Samples.shard(index, of: job)) }
        // Shard 1's message is lost; the worker answers another twice a second and never needs a heartbeat.
        var progress: UInt64 = 0
        var running = PieceName(job: job, shard: 0, rows: 0..<4, attempt: 1)
        var returned: Instant?
        for _ in 0..<70 where returned == nil {
            bench.pass(.milliseconds(500))
            if bench.logEvents.contains(where: {
                if case .leaseExpired(let piece, _) = $0 { piece.shard == 1 } else { false }
            }) {
                returned = bench.now
                break
            }
            progress += 1
            bench.receive(Samples.result(running, progress: progress), from: CoordinatorBench.peer(1))
            running = try bench.onlyLent(to: 1)
        }
        #expect(returned == Instant(.seconds(30)))
    }

    @Test("a stuck worker, which names its piece and makes no progress, is dismissed for ever")
    func stuckWorker() throws {
        var bench = try CoordinatorBench.ready()
        bench.submit(Samples.shard(0, of: job), Samples.shard(1, of: job))
        let pieces = bench.lent(to: 1)
        _ = beats(&bench, worker: 1, seconds: 29, naming: pieces)
        #expect(bench.state.status.workers == 1)
        bench.pass(.seconds(1))
        #expect(bench.sent(to: 1) == [.dismissed(incarnation: 1)])
        #expect(bench.state.status.workers == 0 && bench.state.status.shardsPending == 2)
        bench.join(1)
        #expect(bench.sent(to: 1) == [.dismissed(incarnation: 1)])
    }

    @Test("a silent worker is declared dead, which counts only against the piece it was running")
    func silentWorker() throws {
        var bench = try CoordinatorBench.ready()
        bench.submit(Samples.shard(0, of: job), Samples.shard(1, of: job), Samples.shard(2, of: job))
        bench.beat(1, naming: bench.lent(to: 1))
        bench.pass(.milliseconds(4999))
        #expect(bench.state.status.workers == 1)
        bench.pass(.milliseconds(1))
        guard case .workerLost(name: "w1", incarnation: 1, let reason, pieces: 2)? = bench.logEvents.first else {
            throw Unexpected(bench.actions)
        }
        #expect(reason.contains("silent"))
        // Shard 0 was running, so it runs alone now; shard 1 only waited, so it shares its worker with shard 2.
        bench.join(2)
        let suspect = try bench.onlyLent(to: 2)
        #expect(suspect.shard == 0 && suspect.attempt == 2)
        bench.join(3)
        #expect(Set(bench.lent(to: 3).map(\.shard)) == [1, 2])
        #expect(bench.lent(to: 2).isEmpty)
    }

    @Test("a suspect piece waits for a worker that holds nothing, and runs alone")
    func suspectsRunAlone() throws {
        var bench = try CoordinatorBench.ready()
        bench.submit(Samples.shard(0, of: job))
        bench.handle(.unroutable(CoordinatorBench.peer(1)))
        bench.join(2, credit: .none)
        try bench.open(Samples.job(2), context: 2)
        bench.submit(Samples.shard(0, of: Samples.job(2)))
        bench.beat(2, credit: Credit(rows: 4, tokens: 40))
        let first = try bench.onlyLent(to: 2)
        bench.beat(2, naming: [first])
        if first.job == job {
            #expect(bench.lent(to: 2).isEmpty, "nothing joins a suspect")
        } else {
            #expect(bench.lent(to: 2).isEmpty, "a suspect joins nothing")
        }
        bench.receive(Samples.result(first), from: CoordinatorBench.peer(2))
        #expect(try bench.onlyLent(to: 2).job != first.job)
    }

    @Test("a shard that kills twice is halved, down to a single row, which is poisoned at its fourth death")
    func halvingFindsTheRow() throws {
        var bench = CoordinatorBench()
        try bench.open()
        bench.join(1, credit: .none)
        try bench.open()
        bench.submit(Samples.shard(0, of: job, rows: 8))
        // Row 5 kills every worker that computes it; each worker gets one piece at a time.
        var deaths: [Range<Int>] = []
        var number = 2
        while deaths.count < 40, bench.state.status.shardsPending + bench.state.status.shardsLeased > 0 {
            bench.join(number)
            guard let piece = bench.lent(to: number).first else { throw Unexpected(bench.actions) }
            if piece.rows.contains(5) {
                deaths.append(piece.rows)
                bench.handle(.unroutable(CoordinatorBench.peer(number)))
            } else {
                bench.receive(Samples.result(piece, credit: .none), from: CoordinatorBench.peer(number))
                bench.receive(.bye, from: CoordinatorBench.peer(number))
            }
            number += 1
        }
        #expect(deaths == [0..<8, 0..<8, 4..<8, 4..<6, 5..<6, 5..<6, 5..<6])
        let answer = try #require(
            bench.journal.compactMap { if case .shardAnswered(let answer) = $0 { answer } else { nil } }.first)
        #expect(answer.answers.count == 8)
        for row in 0..<8 where row != 5 {
            #expect(answer.answers[row] == Samples.answers(firstRow: 0, rows: 8)[row], "row \(row)")
        }
        #expect(answer.answers[5] == nil && answer.faults.map(\.row) == [5])
        let fault = try #require(answer.faults.first)
        #expect(fault.code == "worker_died")
        #expect(fault.message.hasPrefix("4 workers died") && fault.message.contains("worker w2 was lost at attempt 1"))
        #expect(fault.message.contains("its connection has ended"), "the message has the trace")
    }
}
