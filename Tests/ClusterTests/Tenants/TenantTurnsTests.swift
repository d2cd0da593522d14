import Cluster
import Scoring
import Testing
import Wire

@Suite("Tenants: turns at shared workers")
struct TenantTurnsTests {
    private let a = Peer([0xA1], owner: "client", tenant: "a")
    private let b = Peer([0xB1], owner: "client", tenant: "b")
    private let own = Peer([0xC1], owner: "client")
    private static let credit = Credit(rows: 1024, tokens: 1 << 16)

    /// A shared worker without credit, so that all is submitted before anything is lent.
    private func bench(lagMax: Int = 1 << 20) throws -> CoordinatorBench {
        var configuration = CoordinatorState.Configuration()
        configuration.lagTokensMax = lagMax
        var bench = CoordinatorBench(configuration)
        bench.join(1, credit: .none)
        return bench
    }

    private func open(_ bench: inout CoordinatorBench, _ number: Int, of client: Peer) throws {
        try bench.open(Samples.job(number), context: number, client: client)
    }

    private func submit(
        _ bench: inout CoordinatorBench, _ shards: Range<UInt32>, of number: Int, rows: Int = 4, tokens: Int? = nil,
        client: Peer
    ) {
        for shard in shards {
            bench.submit(Samples.shard(shard, of: Samples.job(number), rows: rows, tokens: tokens), client: client)
        }
    }

    /// The jobs of the pieces that the worker is lent, in order, until it was lent so many; `after` is called after each.
    private func lend(
        _ bench: inout CoordinatorBench, _ count: Int, credit: Credit = Self.credit,
        after: (inout CoordinatorBench, Int) -> Void = { _, _ in }
    ) -> [PieceName] {
        bench.beat(1, credit: credit)
        var held = bench.lent(to: 1)
        var all = held
        while all.count < count, let next = held.first {
            held.removeFirst()
            after(&bench, all.count)
            bench.receive(Samples.result(next, credit: credit), from: CoordinatorBench.peer(1))
            held += bench.lent(to: 1)
            all += bench.lent(to: 1)
        }
        return all
    }

    @Test("a tenant with eight jobs and one with one are lent the same")
    func jobsDoNotCount() throws {
        var bench = try bench()
        for number in 1...8 {
            try open(&bench, number, of: a)
            submit(&bench, 0..<8, of: number, client: a)
        }
        try open(&bench, 9, of: b)
        submit(&bench, 0..<20, of: 9, client: b)
        let order = lend(&bench, 40).map { $0.job == Samples.job(9) ? "b" : "a" }
        #expect(order.prefix(40).count { $0 == "b" } == 20, "\(order)")
        #expect(zip(order, order.dropFirst()).allSatisfy { $0 != $1 }, "\(order)")
    }

    @Test("a tenant with large pieces gets fewer of them")
    func sizeCounts() throws {
        var bench = try bench()
        try open(&bench, 1, of: a)
        submit(&bench, 0..<20, of: 1, rows: 4, tokens: 4000, client: a)
        try open(&bench, 2, of: b)
        submit(&bench, 0..<60, of: 2, rows: 4, tokens: 1000, client: b)
        let order = lend(&bench, 50).prefix(50)
        #expect(order.count { $0.job == Samples.job(1) } == 10, "\(order.map(\.job))")
    }

    @Test("a client that says too few tokens pays for the size of its texts, and for each row")
    func liesAboutTokens() throws {
        var bench = try bench()
        let job = Samples.job(1)
        try open(&bench, 1, of: a)
        for shard in UInt32(0)..<20 {
            let texts = TextBlock((0..<4).map { "\($0) " + String(repeating: "x", count: 4000) })
            bench.submit(SubmitShard(job: job, shard: shard, tokens: 1, affinity: 0, texts: texts), client: a)
        }
        try open(&bench, 2, of: b)
        submit(&bench, 0..<60, of: 2, rows: 4, tokens: 1000, client: b)
        let order = lend(&bench, 50).prefix(50)
        #expect((9...11).contains(order.count { $0.job == job }), "\(order.map(\.job))")
    }

    @Test("the jobs of a tenant take turns although others are served between them")
    func jobsOfATenant() throws {
        var bench = try bench()
        for number in 1...3 {
            try open(&bench, number, of: a)
            submit(&bench, 0..<10, of: number, client: a)
        }
        try open(&bench, 4, of: b)
        submit(&bench, 0..<30, of: 4, client: b)
        let order = lend(&bench, 40).map(\.job).filter { $0 != Samples.job(4) }
        for number in 1...3 {
            #expect((6...7).contains(order.prefix(20).count { $0 == Samples.job(number) }), "\(order)")
        }
    }

    @Test("a tenant that comes later is next, and gets no more than its part for having needed nothing")
    func comesLater() throws {
        var bench = try bench()
        for (number, client) in [(1, a), (2, own)] {
            try open(&bench, number, of: client)
            submit(&bench, 0..<60, of: number, client: client)
        }
        try open(&bench, 3, of: b)
        let order = lend(&bench, 90) { bench, count in
            guard count == 30 else { return }
            for shard in UInt32(0)..<60 { bench.submit(Samples.shard(shard, of: Samples.job(3)), client: b) }
        }
        let later = order.dropFirst(30).prefix(60).map(\.job)
        #expect(later.first == Samples.job(3), "\(later)")
        #expect(later.count { $0 == Samples.job(3) } == 20, "\(later)")
    }

    @Test("a tenant does not forget by a pause what it was lent beyond the others")
    func pauses() throws {
        var bench = try bench()
        try open(&bench, 1, of: a)
        submit(&bench, 0..<60, of: 1, rows: 4, tokens: 100, client: a)
        try open(&bench, 2, of: b)
        submit(&bench, 0..<1, of: 2, rows: 4, tokens: 1000, client: b)
        // Each large piece of b is submitted when the one before it was lent, so none waits in between.
        var next = UInt32(1)
        let order = lend(&bench, 44) { bench, _ in
            guard bench.lent(to: 1).contains(where: { $0.job == Samples.job(2) }) else { return }
            bench.submit(Samples.shard(next, of: Samples.job(2), rows: 4, tokens: 1000), client: b)
            next += 1
        }
        #expect((4...5).contains(order.prefix(44).count { $0.job == Samples.job(2) }), "\(order.map(\.job))")
    }

    @Test("a piece that does not fit beside others is overtaken by a bounded number of them")
    func tooLarge() throws {
        let small = Credit(rows: 16, tokens: 400)
        var bench = try bench(lagMax: 400)
        try open(&bench, 1, of: a)
        submit(&bench, 0..<60, of: 1, rows: 4, tokens: 100, client: a)
        try open(&bench, 2, of: b)
        let order = lend(&bench, 30, credit: small) { bench, count in
            if count == 5 { bench.submit(Samples.shard(0, of: Samples.job(2), rows: 15, tokens: 390), client: b) }
        }
        let found = order.firstIndex { $0.job == Samples.job(2) }
        let place = try #require(found, "it was never lent")
        #expect(place <= 5 + 6, "after \(place) others")
    }

    @Test("what a tenant's own workers are lent does not count")
    func ownWorkers() throws {
        var bench = try bench()
        try open(&bench, 1, of: a)
        submit(&bench, 0..<60, of: 1, client: a)
        try open(&bench, 2, of: b)
        submit(&bench, 0..<60, of: 2, client: b)
        let worker = Peer([0x0A], owner: "worker-a", tenant: "a")
        bench.receive(
            .hello(Hello(role: .worker(Samples.model, Self.credit), name: "own", incarnation: 77)), from: worker)
        var held = bench.sent(to: worker).compactMap { if case .shard(let piece, _, _) = $0 { piece } else { nil } }
        for _ in 0..<20 {
            guard let next = held.first else { break }
            held.removeFirst()
            bench.receive(Samples.result(next, credit: Self.credit), from: worker)
            held += bench.sent(to: worker).compactMap { if case .shard(let piece, _, _) = $0 { piece } else { nil } }
        }
        let order = lend(&bench, 20).prefix(20)
        #expect(order.count { $0.job == Samples.job(1) } == 10, "\(order.map(\.job))")
    }

    @Test("a large shard is lent in pieces, and answered whole", arguments: [(4096, 4096), (8, 1 << 20), (600, 600)])
    func cut(rows: Int, tokens: Int) throws {
        var bench = try bench()
        try open(&bench, 1, of: a)
        submit(&bench, 0..<1, of: 1, rows: rows, tokens: tokens, client: a)
        let pieces = lend(&bench, 1000)
        #expect(
            pieces.allSatisfy { $0.rows.count <= 512 && $0.rows.count * tokens / rows <= max(32_768, tokens / rows) })
        #expect(pieces.count == max((rows + 511) / 512, min(rows, (tokens + 32_767) / 32_768)))
        let answer = try #require(bench.answers(to: a).first)
        #expect(answer.answers == Samples.answers(rows: rows))
    }
}
