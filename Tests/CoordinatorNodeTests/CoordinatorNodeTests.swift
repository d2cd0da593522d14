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
            if case .shard(let piece, _, .texts(let texts)) = message { (piece, texts) } else { nil }
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

    /// A request of about 3 MB, by a policy of its own.
    private static func largeRequest(step: Int) -> Wire.Message {
        let text = String(repeating: "a long prompt ", count: 1000)
        var request = RequestPlan(
            plan: PlanName(policyID: "p", step: step), total: 1600,
            candidates: (0..<200).map { PlanCandidate(promptID: "q\($0)", text: "\($0) \(text)") })
        request.deadline = .milliseconds(200)
        return .requestPlan(request)
    }

    @Test("a large request over the wire is answered, and what its sender sends behind it is handled behind it")
    func large() async throws {
        let node = try start(journal: folder.file("large"))
        var trainer = try RawPeer(try #require(node.endpoints.first))
        try trainer.join(.trainer, name: "trainer")
        try trainer.send(Self.largeRequest(step: 1))
        // Were it handled before the request, the plan would be unknown.
        try trainer.send(.followPlan(PlanName(policyID: "p", step: 1), groupsAfter: 0))
        let end = try trainer.receive("the plan's end") { message in
            if case .requestRefused(let refused) = message { Issue.record("\(refused)") }
            return if case .planEnd(_, let end) = message { end } else { nil }
        }
        #expect(end.prompts == 200 && end.status == .fallback && end.total == 1600)
        let report = try #require(await node.report())
        #expect(report.turns.counts.reduce(0, +) > 0 && report.commits.counts.reduce(0, +) > 0)
        #expect(report.workBytes == 0 && report.messagesRefused == 0)
        try stop(node)
    }

    @Test("prompts are known by their ids after a restart, and histories can be read and forgotten")
    func restart() async throws {
        let path = folder.file("restart")
        var node = try start(journal: path)
        for await message in node.ask(Self.largeRequest(step: 1)) { if case .planEnd = message { break } }
        try stop(node)
        node = try start(journal: path)
        guard case .requestPlan(var request) = Self.largeRequest(step: 2) else { return }
        for place in request.candidates.indices { request.candidates[place].text = "" }
        var prompts: Int?
        for await message in node.ask(.requestPlan(request)) {
            if case .requestRefused(let refused) = message { Issue.record("\(refused)") }
            if case .planEnd(_, let end) = message {
                prompts = end.prompts
                break
            }
        }
        #expect(prompts == 200)
        guard case .policies(let policies)? = await node.query(.policies) else {
            Issue.record("the policies were not listed")
            return
        }
        #expect(policies.map(\.policyID) == ["p"] && policies[0].prompts == 200 && policies[0].plans == [1, 2])
        guard case .forgotten? = await node.query(.forget(policyID: "p")) else {
            Issue.record("the policy was not forgotten")
            return
        }
        try stop(node)
        node = try start(journal: path)
        guard case .policies(let rest)? = await node.query(.policies) else { return }
        #expect(rest.isEmpty)
        try stop(node)
        #expect(await node.query(.policies) == nil)
    }

    @Test("a coordinator that has stopped has left its socket and journal, although child processes start beside it")
    func leaves() throws {
        let path = folder.file("leaves")
        let children = StartingChildren()
        defer { withExtendedLifetime(children) {} }
        for _ in 1...40 { try stop(start(journal: path)) }
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
