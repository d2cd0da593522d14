import Cluster
import CoordinatorNode
import Logging
import Scoring
import TestSupport
import Testing
import Threads
import Wire
import ZeroMQ

@Suite("CoordinatorNode: its driver, with raw peers", .serialized)
struct CoordinatorNodeTests {
    private static let model = ModelFingerprint(name: "model", digest: Digest(of: "model"))
    private let folder: ScratchFolder

    init() throws { folder = try ScratchFolder() }

    private func start(journal: String? = nil) throws -> CoordinatorNode {
        let configuration = CoordinatorNode.Configuration(
            endpoints: [try Endpoint("ipc://\(folder.file("socket"))")], journalPath: journal)
        return try CoordinatorNode(configuration, logger: .quiet)
    }

    private func stop(_ node: CoordinatorNode) throws {
        node.stop()
        try node.wait()
    }

    @Test("a shard is sent from a client to a worker, and its answers return; the report counts them")
    func shard() async throws {
        let node = try start(journal: folder.file("journal"))
        let endpoint = try #require(node.endpoints.first)
        var worker = try RawPeer(endpoint)
        try worker.join(.worker(Self.model, Credit(rows: 1000, tokens: 100_000)), name: "worker")
        try worker.send(
            .heartbeat(Heartbeat(incarnation: 1, credit: Credit(rows: 1000, tokens: 100_000))))
        var client = try RawPeer(endpoint)
        try client.join(.client, name: "client")

        let job = JobID(high: 1, low: 2)
        let context = ContextBlock(try #require(ContextSet([])))
        try client.send(
            .submitJob(
                SubmitJob(
                    job: job, policy: Policy(id: "p"), context: context, fingerprint: Self.model.digest)))
        _ = try client.receive("the job's acceptance") { if case .jobAccepted(let terms) = $0 { terms } else { nil } }
        let texts = TextBlock(["one", "two"])
        try client.send(.submitShard(SubmitShard(job: job, shard: 0, tokens: 4, affinity: 1, texts: texts)))

        let (piece, received) = try worker.receive("a piece") { message in
            if case .shard(let piece, _, let texts) = message { (piece, texts) } else { nil }
        }
        #expect(received == texts)
        let prediction = try #require(Prediction(p: 0.25, kappa: 2, pLo: 0.1, pHi: 0.5))
        let answers = AnswerBlock([prediction, prediction])
        try worker.send(
            .shardResult(
                ShardResult(
                    piece: piece, answers: answers, faults: [], credit: Credit(rows: 1000, tokens: 100_000),
                    progress: 1)))
        let answer = try client.receive("the answers") { if case .shardAnswer(let answer) = $0 { answer } else { nil } }
        #expect(answer.shard == 0 && answer.answers == answers && answer.faults.isEmpty)

        let report = try #require(await node.report())
        #expect(report.rowsAnswered == 2 && report.rowErrors == 0 && report.workers == 1 && report.jobs == 1)
        #expect(report.messagesReceived >= 5 && report.messagesSent >= 5 && report.messagesRefused == 0)
        try stop(node)
    }

    @Test("messages that cannot be read are counted and dropped; the coordinator continues")
    func malformed() async throws {
        let node = try start()
        let endpoint = try #require(node.endpoints.first)
        let dealer = try Socket(.dealer, in: try Context(), options: SocketOptions())
        try dealer.connect(endpoint)
        #expect(try dealer.send([Frame("not ours")]) == .sent)
        #expect(try dealer.send(Message([Frame](repeating: .empty, count: 10))) == .sent)
        var client = try RawPeer(endpoint)
        try client.join(.client, name: "client")
        var refused = 0
        let deadline = ContinuousClock.now + testTimeout
        while refused < 2, ContinuousClock.now < deadline {
            refused = try #require(await node.report()).messagesRefused
        }
        #expect(refused == 2)
        try stop(node)
    }

    @Test("a peer cannot use the routing id of a local peer")
    func reservedID() async throws {
        let node = try start()
        var options = SocketOptions()
        options.routingID = [0x6C, 1, 0, 0, 0, 0, 0, 0, 0]
        let dealer = try Socket(.dealer, in: try Context(), options: options)
        try dealer.connect(try #require(node.endpoints.first))
        let hello = Envelope(generation: 0, .hello(Hello(role: .trainer, name: "thief", incarnation: 1)))
        #expect(try dealer.send(ZeroMQ.Message(hello.frames.map { Frame($0) })) == .sent)
        var refused = 0
        let deadline = ContinuousClock.now + testTimeout
        while refused < 1, ContinuousClock.now < deadline {
            refused = try #require(await node.report()).messagesRefused
        }
        #expect(refused == 1)
        #expect(try dealer.receive() == .nothing)
        try stop(node)
    }

    @Test("a local peer gets its answer in order; its stream ends when the coordinator stops")
    func localPeer() async throws {
        let node = try start()
        let plan = PlanName(policyID: "nobody's", step: 1)
        var answers = node.ask(.followPlan(plan, groupsAfter: 0)).makeAsyncIterator()
        guard case .requestRefused(let refusal) = await answers.next() else {
            Issue.record("an unknown plan was not refused")
            return
        }
        #expect(refusal.reason == .unknown)
        let other = node.ask(.followPlan(PlanName(policyID: "other", step: 2), groupsAfter: 0))
        try stop(node)
        for await _ in other {}
        #expect(await node.report() == nil)
        for await _ in node.ask(.followPlan(plan, groupsAfter: 0)) { Issue.record("a stopped coordinator answered") }
    }

    @Test("a public address is refused without leave, and an address in use with what to do")
    func addresses() throws {
        let open = CoordinatorNode.Configuration(endpoints: [try Endpoint("tcp://*:0")])
        let error = #expect(throws: CoordinatorError.self) { try CoordinatorNode(open, logger: .quiet) }
        #expect(error?.description.contains("--allow-plaintext") == true)
        let first = try CoordinatorNode(
            CoordinatorNode.Configuration(endpoints: [try Endpoint("tcp://127.0.0.1:0")]), logger: .quiet)
        #expect(first.endpoints.count == 1 && !first.endpoints[0].isWildcard)
        let second = CoordinatorNode.Configuration(endpoints: first.endpoints)
        #expect(throws: CoordinatorError.self) { try CoordinatorNode(second, logger: .quiet) }
        try stop(first)
    }

    @Test("one coordinator listens at several endpoints")
    func endpoints() throws {
        let node = try CoordinatorNode(
            CoordinatorNode.Configuration(
                endpoints: [try Endpoint("tcp://127.0.0.1:0"), try Endpoint("ipc://\(folder.file("second"))")]),
            logger: .quiet)
        for (index, endpoint) in node.endpoints.enumerated() {
            var client = try RawPeer(endpoint)
            try client.join(.client, name: "client \(index)")
        }
        try stop(node)
    }
}
