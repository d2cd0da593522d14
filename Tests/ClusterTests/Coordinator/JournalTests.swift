import Cluster
import Scoring
import Testing
import Wire

@Suite("Coordinator: what is durable")
struct JournalTests {
    private let job = Samples.job(1)

    @Test("each start has the next generation, journaled before anything is sent")
    func generations() {
        var entries: [JournalEntry] = []
        for generation in UInt64(1)...4 {
            let bench = CoordinatorBench(replaying: entries)
            #expect(bench.state.generation == generation && bench.actions.entries == [.generationStarted(generation)])
            entries = bench.journal
        }
    }

    @Test("entries are written before the messages that depend on them")
    func orderOfActions() throws {
        var bench = CoordinatorBench()
        bench.join(1)
        #expect(Self.order(bench.actions) == ["journal", "log", "send"], "adopted, joined, Welcome")
        try bench.open()
        #expect(Self.order(bench.actions) == ["journal", "log", "send"], "opened, logged, JobAccepted")
        bench.submit(Samples.shard(0, of: job))
        bench.receive(Samples.result(try bench.onlyLent(to: 1)), from: CoordinatorBench.peer(1))
        #expect(Self.order(bench.actions) == ["journal", "send"], "answered, ShardAnswer")
        bench.receive(.closeJob(job), from: CoordinatorBench.client)
        #expect(Self.order(bench.actions) == ["journal", "log", "send"], "closed, logged, JobClosed")
    }

    private static func order(_ actions: [CoordinatorState.Action]) -> [String] {
        actions.map { action in
            switch action {
            case .journal: "journal"
            case .log: "log"
            case .send: "send"
            }
        }
    }

    @Test("a restarted coordinator sends an answered shard's answer without a worker, and lends the rest again")
    func restart() throws {
        var before = try CoordinatorBench.ready()
        before.submit(Samples.shard(0, of: job), Samples.shard(1, of: job))
        before.receive(
            Samples.result(PieceName(job: job, shard: 0, rows: 0..<4, attempt: 1)),
            from: CoordinatorBench.peer(1))
        let answer = before.answers()
        var after = CoordinatorBench(replaying: before.journal)
        #expect(after.state.generation == 2 && after.state.fingerprint == Samples.model)
        after.submit(Samples.shard(0, of: job))
        #expect(after.sent(to: CoordinatorBench.client) == [.whoAreYou])
        try after.open()
        after.submit(Samples.shard(0, of: job))
        #expect(after.answers() == answer)
        after.join(1)
        after.submit(Samples.shard(1, of: job))
        #expect(after.lent(to: 1).map(\.shard) == [1])
    }

    @Test(
        "replaying the journal gives the state that wrote it, after random events and restarts", arguments: 0..<200
    )
    func replay(seed: UInt64) {
        var walk = CoordinatorWalk(seed: seed)
        for step in 0..<400 {
            walk.step()
            let broken = walk.broken
            #expect(broken.isEmpty, "seed \(seed), step \(step): \(broken)")
            guard broken.isEmpty else { return }
        }
        #expect(walk.durableChanges > 10, "seed \(seed) changed nothing")
    }
}
