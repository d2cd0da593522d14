import Cluster
import Scoring
import Testing
import Wire

@Suite("Coordinator: side information and peers of an older version")
struct SideLendingTests {
    @Test("pieces of a job with side information are lent only to workers that read it")
    func lending() throws {
        var bench = CoordinatorBench()
        bench.join(1)
        let schema = SideSchema(references: [.init(name: "r")])
        let context = ContextBlock(try #require(ContextSet([], schema: schema)))
        let texts = TextBlock(["a", "b"], side: SideBlock([.none, .none], schema: schema))
        bench.receive(
            .hello(Hello(role: .client, name: "c", incarnation: 900)), from: CoordinatorBench.client)
        bench.receive(
            .submitJob(
                SubmitJob(
                    job: Samples.job(1), policy: Policy(id: "policy"), context: context,
                    fingerprint: Samples.model.digest)), from: CoordinatorBench.client)
        bench.submit(SubmitShard(job: Samples.job(1), shard: 0, tokens: 2, affinity: 0, texts: texts))
        #expect(bench.lent(to: 1).isEmpty)
        let hello = Hello(
            role: .worker(Samples.model, CoordinatorBench.credit), name: "w2", incarnation: 2, readsSide: true)
        bench.receive(.hello(hello), from: CoordinatorBench.peer(2))
        #expect(bench.lent(to: 2).count == 1 && bench.lent(to: 1).isEmpty)
    }

    @Test("side information and texts count in the window, whatever a client estimates")
    func window() throws {
        let schema = SideSchema(numbers: (0..<8).map { "n\($0)" })
        let context = ContextBlock(try #require(ContextSet([], schema: schema)))
        let known = SideInformation(references: [], numbers: [1, 2, 3, 4, 5, 6, 7, 8], categories: [])
        let plain = TextBlock([String](repeating: "a", count: 100))
        let texts = TextBlock(
            [String](repeating: "a", count: 100),
            side: SideBlock([SideInformation](repeating: known, count: 100), schema: schema))
        let shard = SubmitShard(job: Samples.job(1), shard: 0, tokens: 1, affinity: 0, texts: texts)
        #expect(SubmitShard(job: Samples.job(1), shard: 0, tokens: 1, affinity: 0, texts: plain).windowTokens == 25)
        #expect(shard.windowTokens > 800)
        // One more token than a shard has: the second shard uses the window up.
        var configuration = CoordinatorState.Configuration()
        configuration.windowTokens = shard.windowTokens + 1
        var bench = CoordinatorBench(configuration)
        bench.join(1)
        bench.receive(
            .hello(Hello(role: .client, name: "c", incarnation: 900)), from: CoordinatorBench.client)
        bench.receive(
            .submitJob(
                SubmitJob(
                    job: Samples.job(1), policy: Policy(id: "policy"), context: context,
                    fingerprint: Samples.model.digest)), from: CoordinatorBench.client)
        for number in 0..<4 {
            var next = shard
            next.shard = UInt32(number)
            bench.submit(next)
        }
        // The others are dropped.
        let held = bench.state.status.shardsPending
        #expect(held == 2, "\(held)")
    }

    @Test("a client with side information leaves a coordinator of an older version, and says why")
    func oldCoordinator() throws {
        let schema = SideSchema(references: [.init(name: "r")])
        let context = ContextBlock(try #require(ContextSet([], schema: schema)))
        for readsSide in [false, true] {
            var state = ClientState(
                ClientState.Configuration(name: "c", policy: Policy(id: "p"), context: context), seed: 1)
            var incarnation: UInt64 = 0
            for action in state.handle(.started, at: .zero) {
                if case .send(let envelope) = action, case .hello(let hello) = envelope.message {
                    incarnation = hello.incarnation
                }
            }
            let welcome = Welcome(
                incarnation: incarnation, heartbeatInterval: .seconds(1), leaseTime: .seconds(30),
                fingerprint: Samples.model, readsSide: readsSide)
            let actions = state.handle(.received(Envelope(generation: 1, .welcome(welcome))), at: .zero)
            let failed = actions.contains { action in
                if case .fail(.refused(.protocolVersion, let message)) = action { return message.contains("update it") }
                return false
            }
            #expect(failed == !readsSide)
        }
    }
}
