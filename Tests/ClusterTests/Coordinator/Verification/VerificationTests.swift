import Cluster
import Testing
import Wire

@Suite("Coordinator: shards that another worker computes again")
struct VerificationTests {
    private let job = Samples.job(1)
    private let credit = Credit(rows: 4, tokens: 400)

    /// Workers under keys of their own, and a job of which all shards are computed again.
    private func ready(workers: Int, share: Double = 1) throws -> CoordinatorBench {
        var bench = CoordinatorBench()
        for number in 1...workers { bench.join(number, credit: credit, key: "key-\(number)") }
        try bench.open(verify: share)
        return bench
    }

    /// A worker answers the only piece that the last event lent to it; a liar moves the rows.
    private func answer(_ bench: inout CoordinatorBench, _ worker: Int, lies: Bool = false) throws {
        try answer(&bench, worker, bench.onlyLent(to: worker), lies: lies)
    }

    private func answer(_ bench: inout CoordinatorBench, _ worker: Int, _ piece: PieceName, lies: Bool = false) {
        let first = piece.rows.lowerBound + (lies ? 100 * worker : 0)
        bench.receive(
            .shardResult(
                ShardResult(
                    piece: piece, answers: Samples.answers(firstRow: first, rows: piece.rows.count), faults: [],
                    credit: credit, progress: 9)),
            from: CoordinatorBench.peer(worker))
    }

    private func label(_ worker: Int) -> WorkerLabel { WorkerLabel(name: "w\(worker)", key: "key-\(worker)") }

    private var right: AnswerBlock { Samples.answers(rows: 4) }

    @Test("a second worker computes a shard again; the answer is sent when both agree, and names both")
    func agreed() throws {
        var bench = try ready(workers: 2)
        bench.submit(Samples.shard(0, of: job))
        let first = bench.lent(to: 1).isEmpty ? 2 : 1
        try answer(&bench, first)
        #expect(bench.answers().isEmpty && bench.actions.entries.isEmpty, "one opinion is no answer")
        try answer(&bench, 3 - first)
        #expect(bench.answers().map(\.answers) == [right])
        #expect(
            bench.answers().first?.sources == [
                AnswerSource(rows: 4, worker: label(first), verifiedBy: [label(3 - first)])
            ])
    }

    @Test("a row that ends all workers but the one that answered it has that answer, unverified")
    func deadlyForOthers() throws {
        var bench = try ready(workers: 1)
        bench.submit(Samples.shard(0, of: job, rows: 1))
        try answer(&bench, 1)
        var sources: [AnswerSource] = []
        for number in 2...5 {
            #expect(sources.isEmpty)
            bench.join(number, credit: credit, key: "key-\(number)")
            #expect(bench.lent(to: number).count == 1)
            bench.handle(.unroutable(CoordinatorBench.peer(number)))
            sources += bench.answers().flatMap(\.sources)
        }
        #expect(sources == [AnswerSource(rows: 1, worker: label(1), isUnverified: true)])
    }

    @Test("nothing is computed again without a share, and the answer names its worker")
    func none() throws {
        var bench = try ready(workers: 2, share: 0)
        bench.submit(Samples.shard(0, of: job))
        let first = bench.lent(to: 1).isEmpty ? 2 : 1
        try answer(&bench, first)
        #expect(bench.answers().first?.sources == [AnswerSource(rows: 4, worker: label(first))])
        #expect(bench.lent(to: 1).isEmpty && bench.lent(to: 2).isEmpty)
    }

    @Test("a third worker decides between two; the other one is quarantined and gets nothing more", arguments: 1...3)
    func liar(liar: Int) throws {
        var bench = try ready(workers: 3)
        bench.submit(Samples.shard(0, of: job))
        for _ in 1...3 where bench.answers().isEmpty {
            let worker = try #require((1...3).first { !bench.lent(to: $0).isEmpty })
            try answer(&bench, worker, lies: worker == liar)
        }
        #expect(bench.answers().map(\.answers) == [right])
        guard bench.journal.contains(.workerQuarantined("key-\(liar)")) else {
            // Two honest workers were first, and nobody asked the liar.
            return #expect(bench.answers().first?.sources.first?.verifiedBy.count == 1)
        }
        bench.submit(Samples.shard(1, of: job), Samples.shard(2, of: job), Samples.shard(3, of: job))
        #expect(bench.lent(to: liar).isEmpty)
        bench.receive(.bye, from: CoordinatorBench.peer(liar))
        bench.join(20 + liar, credit: credit, key: "key-\(liar)")
        #expect(bench.lent(to: 20 + liar).isEmpty, "another incarnation with the key is the same worker")
    }

    /// A job in which worker 1 has lied unseen: its shard 0 is answered and not verified, then shard 1 shows the lie.
    private func unmasked(_ bench: inout CoordinatorBench) throws {
        bench.join(1, credit: credit, key: "key-1")
        try bench.open(verify: 1)
        bench.submit(Samples.shard(0, of: job))
        try answer(&bench, 1, lies: true)
        while bench.journal.count(where: { if case .shardAnswered = $0 { true } else { false } }) == 0 {
            bench.beat(1, credit: credit)
            bench.pass(.seconds(1))
        }
        bench.submit(Samples.shard(1, of: job))
        try answer(&bench, 1, lies: true)
        bench.join(2, credit: credit, key: "key-2")
        try answer(&bench, 2)
        bench.join(3, credit: credit, key: "key-3")
        try answer(&bench, 3)
    }

    @Test("where no other worker is there, the answer is sent after a while, and says that nobody has verified it")
    func alone() throws {
        var bench = try ready(workers: 1)
        bench.submit(Samples.shard(0, of: job))
        try answer(&bench, 1)
        var seconds = 0
        while bench.answers().isEmpty, seconds < 60 {
            bench.beat(1, credit: credit)
            bench.pass(.seconds(1))
            seconds += 1
        }
        #expect(seconds == 10 && bench.answers().map(\.answers) == [right])
        #expect(bench.answers().first?.sources == [AnswerSource(rows: 4, worker: label(1), isUnverified: true)])
        #expect(bench.logEvents.contains(.unverified(job, shard: 0, worker: "w1", pieces: 1)))
    }

    @Test(
        "what rests on the word of a quarantined worker is withdrawn durably, its client learns it, and it is computed again"
    )
    func withdrawn() throws {
        var bench = CoordinatorBench()
        try unmasked(&bench)
        #expect(bench.actions.entries.contains(.answersWithdrawn(job, [0])))
        let accepted = bench.sent(to: CoordinatorBench.client).compactMap { message in
            if case .jobAccepted(let accepted) = message { accepted } else { nil }
        }
        #expect(accepted.map(\.quarantined) == [["key-1"]])
        let replayed = CoordinatorState(replaying: bench.journal)
        #expect(replayed.durable.jobs[job]?.answers.keys.sorted() == [1] && replayed.durable.quarantined == ["key-1"])
        bench.submit(Samples.shard(0, of: job))
        #expect(bench.answers().isEmpty, "the false answer is forgotten")
        let worker = bench.lent(to: 2).isEmpty ? 3 : 2
        try answer(&bench, worker)
        try answer(&bench, 5 - worker)
        #expect(bench.answers().map(\.answers) == [right])
    }

    @Test("a quarantine survives a restart while a job is open, and ends with a start without jobs")
    func lifted() throws {
        var bench = CoordinatorBench()
        try unmasked(&bench)
        var next = CoordinatorBench(replaying: bench.journal)
        next.join(1, credit: credit, key: "key-1")
        try next.open(verify: 1)
        next.submit(Samples.shard(5, of: job))
        #expect(next.lent(to: 1).isEmpty)
        next.receive(.closeJob(job), from: CoordinatorBench.client)
        var last = CoordinatorBench(replaying: next.journal)
        #expect(last.journal.last == .quarantineLifted)
        last.join(1, credit: credit, key: "key-1")
        try last.open()
        last.submit(Samples.shard(5, of: job))
        #expect(last.lent(to: 1).count == 1)
    }

    @Test(
        "two workers that differ stop the job, and neither answer is used; the same command and a third worker continue it"
    )
    func undecided() throws {
        var bench = try ready(workers: 2)
        bench.submit(Samples.shard(0, of: job))
        let first = bench.lent(to: 1).isEmpty ? 2 : 1
        try answer(&bench, first, lies: true)
        try answer(&bench, 3 - first)
        #expect(bench.logEvents.contains { if case .disagreement = $0 { true } else { false } })
        var refusals: [Message] = []
        for _ in 0..<15 where refusals.isEmpty {
            for worker in 1...2 { bench.beat(worker, credit: credit) }
            bench.pass(.seconds(1))
            refusals = bench.sent(to: CoordinatorBench.client).filter {
                if case .jobRefused = $0 { true } else { false }
            }
        }
        guard case .jobRefused(job, .verification, let message)? = refusals.first else {
            return #expect(Bool(false), "the job does not stop")
        }
        #expect(message.contains("w1") && message.contains("w2") && message.contains("start another worker"))
        #expect(!bench.journal.contains { if case .shardAnswered = $0 { true } else { false } })
        for worker in 1...2 { bench.beat(worker, credit: credit) }
        bench.join(3, credit: credit, key: "key-3")
        try bench.open(verify: 1)
        bench.submit(Samples.shard(0, of: job))
        for _ in 1...3 where bench.answers().isEmpty {
            let worker = try #require((1...3).first { !bench.lent(to: $0).isEmpty })
            try answer(&bench, worker, lies: worker == first)
        }
        #expect(bench.answers().map(\.answers) == [right])
    }

    @Test("workers that share a key, or without keys a host, are one worker: they do not verify each other")
    func sameIdentity() throws {
        for (names, keys) in [(["a", "b"], ["one", "one"]), (["host/1", "host/2"], [nil, nil])]
            as [([String], [String?])]
        {
            var bench = CoordinatorBench()
            for number in 1...2 { bench.join(number, credit: credit, name: names[number - 1], key: keys[number - 1]) }
            try bench.open(verify: 1)
            bench.submit(Samples.shard(0, of: job))
            try answer(&bench, bench.lent(to: 1).isEmpty ? 2 : 1)
            #expect(bench.lent(to: 1).isEmpty && bench.lent(to: 2).isEmpty)
        }
    }

    @Test("a second copy of the same worker's result is no second opinion")
    func duplicate() throws {
        var bench = try ready(workers: 2)
        bench.submit(Samples.shard(0, of: job))
        let first = bench.lent(to: 1).isEmpty ? 2 : 1
        let piece = try bench.onlyLent(to: first)
        answer(&bench, first, piece, lies: true)
        let second = try bench.onlyLent(to: 3 - first)
        answer(&bench, first, piece, lies: true)
        #expect(bench.answers().isEmpty)
        answer(&bench, 3 - first, second)
        #expect(bench.answers().isEmpty, "they differ")
    }

    @Test(
        "the verifier dies, drains or leaves: another one verifies, or nobody, and the job never hangs",
        arguments: 0...2)
    func verifierGone(how: Int) throws {
        var bench = try ready(workers: 2)
        bench.submit(Samples.shard(0, of: job))
        let first = bench.lent(to: 1).isEmpty ? 2 : 1
        let second = 3 - first
        try answer(&bench, first)
        let piece = try bench.onlyLent(to: second)
        switch how {
        case 0: bench.handle(.unroutable(CoordinatorBench.peer(second)))
        case 1: bench.receive(.bye, from: CoordinatorBench.peer(second))
        default:
            bench.receive(.drain, from: CoordinatorBench.peer(second))
            bench.receive(.shardReturned(piece, .draining), from: CoordinatorBench.peer(second))
        }
        var waited = 0
        while bench.answers().isEmpty, waited < 60 {
            bench.beat(first, credit: credit)
            bench.pass(.seconds(1))
            waited += 1
        }
        #expect(bench.answers().map(\.answers) == [right] && bench.answers().first?.sources.first?.isUnverified == true)
    }

    @Test("a row that one worker cannot compute is decided by two others, and nobody is quarantined for it")
    func faults() throws {
        var bench = try ready(workers: 3)
        bench.submit(Samples.shard(0, of: job, rows: 1))
        let fault = RowFault(row: 0, code: "embedding_failed", message: "no memory")
        let first = try #require((1...3).first { !bench.lent(to: $0).isEmpty })
        bench.receive(
            .shardResult(
                ShardResult(
                    piece: try bench.onlyLent(to: first), answers: AnswerBlock([nil]), faults: [fault], credit: credit,
                    progress: 1)), from: CoordinatorBench.peer(first))
        for _ in 1...2 {
            let worker = try #require((1...3).first { !bench.lent(to: $0).isEmpty })
            try answer(&bench, worker)
        }
        #expect(bench.answers().map(\.answers) == [Samples.answers(rows: 1)])
        #expect(!bench.journal.contains { if case .workerQuarantined = $0 { true } else { false } })
    }

    @Test("faults that tell of the rows' place spare neither predictions nor texts the comparison", arguments: [1, 4])
    func places(faulty: Int) throws {
        var bench = try ready(workers: 1)
        bench.submit(Samples.shard(0, of: job))
        let piece = try bench.onlyLent(to: 1)
        let faults = (0..<UInt32(faulty)).map { RowFault(row: $0, code: "range_unreachable", message: "none") }
        bench.receive(
            .shardResult(
                ShardResult(
                    piece: piece, answers: Samples.answers(firstRow: 100, rows: piece.rows.count), faults: faults,
                    credit: credit, progress: 1)), from: CoordinatorBench.peer(1))
        #expect(bench.answers().isEmpty && bench.actions.entries.isEmpty)
    }

    @Test("a shard that two workers differ on is before others that wait for a second worker")
    func disputedFirst() throws {
        var bench = try ready(workers: 1)
        bench.submit(Samples.shard(0, of: job), Samples.shard(1, of: job), Samples.shard(2, of: job))
        for _ in 0..<3 { try answer(&bench, 1) }
        bench.join(2, credit: credit, key: "key-2")
        try answer(&bench, 2, lies: true)
        #expect(bench.lent(to: 2).map(\.shard) == [1])
        bench.join(3, credit: credit, key: "key-3")
        #expect(bench.lent(to: 3).map(\.shard) == [0])
    }

    @Test("an answer of a quarantined worker is withdrawn when its job, read from the journal, is to be verified")
    func withdrawnLater() throws {
        var bench = CoordinatorBench()
        bench.join(1, credit: credit, key: "key-1")
        try bench.open()
        bench.submit(Samples.shard(0, of: job))
        try answer(&bench, 1, lies: true)
        var next = CoordinatorBench(replaying: bench.journal + [.workerQuarantined("key-1")])
        try next.open(verify: 1)
        #expect(next.actions.entries == [.answersWithdrawn(job, [0])])
        next.submit(Samples.shard(0, of: job))
        #expect(next.answers().isEmpty)
    }

    @Test("the bound of quarantined workers lets the earliest one go, in a replay too")
    func quarantineBound() {
        let entries = (0...Limits.quarantinedMax).map { JournalEntry.workerQuarantined("w\($0)") }
        let quarantined = CoordinatorState(replaying: entries).durable.quarantined
        #expect(quarantined.count == Limits.quarantinedMax && !quarantined.contains("w0"))
    }

    @Test("a share draws about so many shards, the same ones again, and others under another key")
    func sample() {
        let one = SampleKey([1])
        let drawn = (0..<10_000).filter { one.draws($0, of: job, share: 0.01) }
        #expect((60...140).contains(drawn.count))
        #expect(drawn == (0..<10_000).filter { one.draws($0, of: job, share: 0.01) })
        #expect(drawn != (0..<10_000).filter { SampleKey([2]).draws($0, of: job, share: 0.01) })
        #expect(!one.draws(0, of: job, share: 0) && one.draws(0, of: job, share: 1))
    }
}
