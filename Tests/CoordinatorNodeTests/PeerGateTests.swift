import Cluster
import CoordinatorNode
import Foundation
import Keys
import Logging
import Scoring
import TestSupport
import Testing
import Threads
import Wire
import ZeroMQ

@Suite("CoordinatorNode: peers with keys", .serialized)
struct PeerGateTests {
    private static let model = ModelFingerprint(name: "model", digest: Digest(of: "model"))
    private static let worker = Hello.Role.worker(model, Credit(rows: 10, tokens: 1000))
    private let scratch: ScratchFolder
    private let folder: KeyFolder
    private let keys: LiveKeys
    private let node: CoordinatorNode

    init() throws {
        scratch = try ScratchFolder()
        folder = KeyFolder(path: scratch.file("keys"))
        for role in Role.allCases {
            _ = try folder.add(role.rawValue, role: role, output: scratch.file(role.rawValue), at: Date())
        }
        keys = try LiveKeys(folder, at: Date())
        // Any address is allowed with keys; a test binds loopback alone.
        var configuration = CoordinatorNode.Configuration(endpoints: [try Endpoint("tcp://127.0.0.1:0")])
        configuration.keys = keys
        node = try CoordinatorNode(configuration, logger: .quiet)
    }

    private func peer(_ role: Role) throws -> RawPeer {
        let path = scratch.file(role.rawValue)
        let file = try KeyFile(readingFrom: path)
        let server = try #require(file.serverKey)
        return try RawPeer(try #require(node.endpoints.first), .client(try file.pair(path: path), server: server))
    }

    private func stop() throws {
        node.stop()
        try node.wait()
    }

    private func refusal(_ peer: inout RawPeer) throws -> String {
        try peer.receive("a refusal") { message in
            if case .refused(.permission, let text) = message { text } else { nil }
        }
    }

    @Test("a peer joins as what its key's role permits")
    func permitted() throws {
        for (role, hello) in [
            (Role.worker, Self.worker), (.client, .client), (.trainer, .trainer), (.trainer, .client),
            (.admin, .client),
        ] as [(Role, Hello.Role)] {
            var peer = try peer(role)
            try peer.join(hello, name: "\(role)-\(hello)")
        }
        try stop()
    }

    @Test("a peer that says it is something else is refused by name, and the refusal is counted")
    func wrongRole() async throws {
        for (role, hello) in [
            (Role.worker, Hello.Role.client), (.client, Self.worker), (.client, .trainer), (.rollout, Self.worker),
        ] {
            var peer = try peer(role)
            try peer.send(.hello(Hello(role: hello, name: "x", incarnation: 1)))
            #expect(try refusal(&peer).contains("\"\(role.rawValue)\" has the role \(role.rawValue)"))
        }
        #expect(await node.report()?.messagesRefused == 4)
        #expect(await node.report()?.workers == 0)
        try stop()
    }

    @Test("a message of another role is dropped, although its sender is a member")
    func wrongMessage() async throws {
        var worker = try peer(.worker)
        try worker.join(Self.worker, name: "worker")
        let job = JobID(high: 1, low: 2)
        let context = ContextBlock(try #require(ContextSet([])))
        try worker.send(
            .submitJob(SubmitJob(job: job, policy: Policy(id: "p"), context: context, fingerprint: Self.model.digest)))
        var client = try peer(.client)
        try client.join(.client, name: "client")
        #expect(await node.report()?.jobs == 0)
        #expect(await node.report()?.messagesRefused == 1)
        try stop()
    }

    @Test("a worker with a key may say that it drains, and is then lent nothing more")
    func drain() async throws {
        var worker = try peer(.worker)
        try worker.join(Self.worker, name: "worker")
        try worker.send(.drain)
        let end = ContinuousClock.now + .seconds(300)
        var isDraining = false
        var incarnation: UInt64 = 1
        while !isDraining, ContinuousClock.now < end, case .details(let details)? = await node.operate(.details) {
            isDraining = details.workers.first?.isDraining == true
            // On a busy machine it may have been silent for too long before its message was read: it joins again.
            if details.workers.isEmpty {
                incarnation += 1
                try worker.join(Self.worker, name: "worker", incarnation: incarnation)
                try worker.send(.drain)
            }
            try await Task.sleep(for: .milliseconds(20))
        }
        #expect(isDraining)
        #expect(await node.report()?.messagesRefused == 0)
        try stop()
    }

    @Test("a large message is refused by its sender's key too, although another thread decodes it")
    func largeMessage() async throws {
        var request = RequestPlan(
            plan: PlanName(policyID: "p", step: 1), total: 8,
            candidates: [PlanCandidate(promptID: "a", text: String(repeating: "x", count: 1 << 20))])
        request.deadline = .milliseconds(100)
        var client = try peer(.client)
        try client.join(.client, name: "client")
        try client.send(.requestPlan(request))
        let end = ContinuousClock.now + .seconds(300)
        var refused = 0
        while refused == 0, ContinuousClock.now < end { refused = await node.report()?.messagesRefused ?? 1 }
        #expect(refused == 1)
        guard case .policies(let policies)? = await node.query(.policies) else {
            Issue.record("the policies were not listed")
            return
        }
        #expect(policies.isEmpty)
        var trainer = try peer(.trainer)
        try trainer.join(.trainer, name: "trainer")
        try trainer.send(.requestPlan(request))
        let prompts = try trainer.receive("the plan's end") { message in
            if case .planEnd(_, let end) = message { end.prompts } else { nil }
        }
        #expect(prompts == 1)
        try stop()
    }

    @Test("a key that is revoked while its holder is connected ends to work at the next reload")
    func revoked() throws {
        var client = try peer(.client)
        try client.join(.client, name: "client")
        try folder.revoke("client", at: Date())
        #expect(try keys.reload(at: Date()) == Role.allCases.count - 1)
        try client.send(.hello(Hello(role: .client, name: "client", incarnation: 1)))
        #expect(try refusal(&client).contains("not admitted"))
        try stop()
    }

    @Test("a peer without a key reaches nothing, and others are served beside it")
    func stranger() async throws {
        var stranger = try RawPeer(try #require(node.endpoints.first))
        try stranger.send(.hello(Hello(role: .client, name: "stranger", incarnation: 1)))
        var client = try peer(.client)
        try client.join(.client, name: "client")
        #expect(await node.report()?.messagesReceived == 1)
        try stop()
    }
}

@Suite("CoordinatorNode: public addresses")
struct PublicAddressTests {
    @Test("an address that others can reach needs keys or an explicit permission")
    func refused() throws {
        let configuration = CoordinatorNode.Configuration(endpoints: [try Endpoint("tcp://0.0.0.0:0")])
        let error = try #require(
            #expect(throws: CoordinatorError.self) { _ = try CoordinatorNode(configuration, logger: .quiet) })
        #expect("\(error)".contains("--keys"))
    }
}
