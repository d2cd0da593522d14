import Cluster
import Testing
import Wire

/// What keeps a verified job moving, its log short and its answers within a message.
@Suite("Coordinator: bounds of verification")
struct VerificationBoundsTests {
    private let job = Samples.job(1)
    private let credit = Credit(rows: 4, tokens: 400)

    private func answer(_ bench: inout CoordinatorBench, _ worker: Int, lies: Bool = false) throws {
        let piece = try bench.onlyLent(to: worker)
        bench.receive(
            .shardResult(
                ShardResult(
                    piece: piece, answers: Samples.answers(firstRow: lies ? 100 : 0, rows: piece.rows.count),
                    faults: [], credit: credit, progress: 9)),
            from: CoordinatorBench.peer(worker))
    }

    /// Shard 0 is answered by worker 1, and lent to worker 2.
    private func half() throws -> CoordinatorBench {
        var bench = CoordinatorBench()
        bench.join(1, credit: credit, key: "key-1")
        try bench.open(verify: 1)
        bench.submit(Samples.shard(0, of: job))
        try answer(&bench, 1)
        bench.join(2, credit: credit, key: "key-2")
        return bench
    }

    @Test(
        "a worker that gives a piece back again and again is no second opinion: the piece is answered as with one worker",
        .bug(id: "the job waited for it for ever"))
    func returned() throws {
        var bench = try half()
        var returns = 0
        while let piece = bench.lent(to: 2).first, returns < 100 {
            bench.receive(.shardReturned(piece, .draining), from: CoordinatorBench.peer(2))
            returns += 1
        }
        #expect(returns == 8)
        var seconds = 0
        while bench.answers().isEmpty, seconds < 60 {
            bench.beat(1, credit: credit)
            bench.beat(2, credit: credit)
            #expect(bench.lent(to: 2).isEmpty)
            bench.pass(.seconds(1))
            seconds += 1
        }
        #expect(seconds == 10 && bench.answers().first?.sources.first?.isUnverified == true)
    }

    @Test("a worker that gives pieces back gets those that nobody has answered, and a third one still verifies")
    func returnedFirst() throws {
        var bench = try half()
        while let piece = bench.lent(to: 2).first {
            bench.receive(.shardReturned(piece, .draining), from: CoordinatorBench.peer(2))
        }
        bench.join(3, credit: credit, key: "key-3")
        try answer(&bench, 3)
        #expect(bench.answers().first?.sources.first?.verifiedBy.map(\.key) == ["key-3"])
        bench.receive(.bye, from: CoordinatorBench.peer(1))
        bench.receive(.bye, from: CoordinatorBench.peer(3))
        bench.submit(Samples.shard(1, of: job))
        #expect(bench.lent(to: 2).count == 1)
    }

    @Test("shards that nobody verifies are one line of the log a job and minute, with their number")
    func quiet() throws {
        var bench = CoordinatorBench()
        bench.join(1, credit: credit, key: "key-1")
        try bench.open(verify: 1)
        var lines: [CoordinatorState.LogEvent] = []
        for second in 0..<100 {
            bench.submit(Samples.shard(UInt32(second), of: job))
            if !bench.lent(to: 1).isEmpty { try answer(&bench, 1) }
            bench.beat(1, credit: credit)
            bench.pass(.seconds(1))
            lines += bench.logEvents.filter { if case .unverified = $0 { true } else { false } }
        }
        let pieces = lines.map { if case .unverified(_, _, _, let pieces) = $0 { pieces } else { 0 } }
        #expect(pieces.count == 2 && pieces.first == 1 && (pieces.last ?? 0) > 50, "\(pieces)")
    }

    @Test(
        "an answer that one quarantined worker has verified for another is withdrawn with the second of them",
        .bug(id: "each rested on somebody else"))
    func accomplices() throws {
        var bench = CoordinatorBench()
        for number in 1...2 { bench.join(number, credit: credit, key: "key-\(number)") }
        try bench.open(verify: 1)
        bench.submit(Samples.shard(0, of: job))
        let first = bench.lent(to: 1).isEmpty ? 2 : 1
        try answer(&bench, first, lies: true)
        try answer(&bench, 3 - first, lies: true)
        #expect(bench.answers().count == 1, "both tell the same lie")
        for number in 1...2 { bench.receive(.bye, from: CoordinatorBench.peer(number)) }
        // Each of them is contradicted by two others, on a shard of its own.
        for liar in 1...2 {
            bench.join(10 * liar, credit: credit, key: "key-\(liar)")
            bench.submit(Samples.shard(UInt32(liar), of: job))
            try answer(&bench, 10 * liar, lies: true)
            for honest in [10 * liar + 1, 10 * liar + 2] {
                bench.join(honest, credit: credit, key: "key-\(honest)")
                try answer(&bench, honest)
            }
            for number in 0...2 { bench.receive(.bye, from: CoordinatorBench.peer(10 * liar + number)) }
        }
        let withdrawn = bench.journal.compactMap { entry in
            if case .answersWithdrawn(_, let shards) = entry { shards } else { nil }
        }
        #expect(withdrawn == [[0]])
    }

    @Test("sources of neighbours with the same workers are one, and as many as a shard has rows fit into a header")
    func sources() throws {
        let same = AnswerSource(rows: 2, worker: WorkerLabel(name: "a"))
        let other = AnswerSource(rows: 1, worker: WorkerLabel(name: "b"))
        #expect([same, same, other, same].bounded.map(\.rows) == [4, 1, 2])
        let rows = Limits.shardRowsMax
        func label(_ number: Int, key: Bool) -> WorkerLabel {
            let long = String(repeating: "x", count: 250) + String(number + 1000)
            return WorkerLabel(name: long + "/" + long, key: key ? long : nil)
        }
        for hasKeys in [false, true] {
            let sources = (0..<rows).map { row in
                AnswerSource(
                    rows: 1, worker: label(row, key: hasKeys),
                    verifiedBy: (1...Limits.verifiersMax).map { label(row + $0, key: hasKeys) })
            }
            let faults = (0..<rows).map { row in
                RowFault(
                    row: UInt32(row), code: String(repeating: "c", count: 64),
                    message: String(repeating: "m", count: 4096))
            }
            let answer = ShardAnswer(
                job: job, shard: 0, answers: AnswerBlock(Array(repeating: nil, count: rows)), faults: faults,
                sources: sources.bounded)
            let read = try Envelope(frames: Envelope(generation: 1, .shardAnswer(answer)).frames)
            guard case .shardAnswer(let found) = read.message else { throw Silence() }
            #expect(found.sources.map(\.worker?.identity) == sources.map(\.worker?.identity))
            #expect(found.sources.allSatisfy { $0.verifiedBy.isEmpty } && found.faults.count == rows)
        }
    }

    private struct Silence: Error {}
}
