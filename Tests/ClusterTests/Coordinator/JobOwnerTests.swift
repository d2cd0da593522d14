import Cluster
import Scoring
import Testing
import Wire

@Suite("Coordinator: jobs belong to keys")
struct JobOwnerTests {
    private let job = Samples.job(1)
    private let owner = Peer(Array("own".utf8), owner: "batch-1")
    private let again = Peer(Array("again".utf8), owner: "batch-1")
    private let other = Peer(Array("other".utf8), owner: "batch-2")

    private func bench() throws -> CoordinatorBench {
        var bench = CoordinatorBench()
        bench.join(1)
        for peer in [owner, again, other] {
            bench.receive(
                .hello(Hello(role: .client, name: "client", incarnation: UInt64(peer.bytes.count))), from: peer)
        }
        try bench.open(client: owner)
        return bench
    }

    @Test("who opens a job with a key is journalled with it")
    func journalled() throws {
        let bench = try bench()
        #expect(bench.actions.entries == [.jobOpened(job), .jobOwned(job, owner: "batch-1")])
    }

    @Test("the holder of another key can neither open nor close a job whose client is away, and the message says why")
    func foreign() throws {
        var bench = try bench()
        bench.receive(.bye, from: owner)
        bench.receive(.closeJob(job), from: other)
        guard case .jobRefused(job, .context, let message)? = bench.sent(to: other).first else {
            throw Unexpected(bench.actions)
        }
        #expect(message.contains("another key"))
        try bench.open(client: other)
        guard case .jobRefused(job, .context, _)? = bench.sent(to: other).first else { throw Unexpected(bench.actions) }
    }

    @Test("the same key opens its job over another connection")
    func own() throws {
        var bench = try bench()
        bench.receive(.bye, from: owner)
        try bench.open(client: again)
        guard case .jobAccepted? = bench.sent(to: again).first else { throw Unexpected(bench.actions) }
    }
}
