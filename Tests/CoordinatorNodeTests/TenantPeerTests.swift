import Cluster
import CoordinatorNode
import Foundation
import Keys
import Logging
import Planning
import Scoring
import TestSupport
import Testing
import Threads
import Wire
import ZeroMQ

@Suite("CoordinatorNode: tenants with real keys", .serialized)
struct TenantPeerTests {
    private static let model = ModelFingerprint(name: "model", digest: Digest(of: "model"))
    private let scratch: ScratchFolder
    private let folder: KeyFolder
    private let keys: LiveKeys

    init() throws {
        scratch = try ScratchFolder()
        folder = KeyFolder(path: scratch.file("keys"))
        for tenant in ["a", "b", nil] {
            for role in [Role.trainer, .rollout, .worker, .client] {
                let name = "\(role)-\(tenant ?? "none")"
                _ = try folder.add(
                    name, role: role, terms: KeyTerms(tenant: tenant), output: scratch.file(name), at: Date())
            }
        }
        let slow = KeyTerms(tenant: "a", messagesPerSecond: 1)
        _ = try folder.add("slow", role: .trainer, terms: slow, output: scratch.file("slow"), at: Date())
        keys = try LiveKeys(folder, at: Date())
    }

    private func node(_ journal: String? = nil) throws -> CoordinatorNode {
        var configuration = CoordinatorNode.Configuration(
            endpoints: [try Endpoint("tcp://127.0.0.1:0")], journalPath: journal)
        configuration.keys = keys
        return try CoordinatorNode(configuration, logger: .quiet)
    }

    private func peer(_ name: String, _ node: CoordinatorNode) throws -> RawPeer {
        try RawPeer(node, keyAt: scratch.file(name))
    }

    private func stop(_ node: CoordinatorNode) throws {
        node.stop()
        try node.wait()
    }

    private func report(_ tenant: String, request: UInt64 = 5) -> Wire.Message {
        .reportOutcomes(
            ReportOutcomes(
                request: request, policyID: "shared",
                outcomes: [
                    GroupOutcome(
                        eventID: "e", promptID: "q", text: "secret of \(tenant)", policyVersion: 1, rewards: [0, 1])
                ]))
    }

    private func request(step: Int, text: String = "") -> RequestPlan {
        var request = RequestPlan(
            plan: PlanName(policyID: "shared", step: step), total: 8,
            candidates: [PlanCandidate(promptID: "q", text: text)])
        request.deadline = .milliseconds(50)
        return request
    }

    @Test("another tenant's trainer with the same policy reads nothing, changes nothing, and is refused in words")
    func trainers() async throws {
        let journal = scratch.file("journal")
        var node = try node(journal)
        do {
            var trainer = try peer("trainer-a", node)
            try trainer.join(.trainer, name: "t")
            try trainer.send(report("a"))
            let recorded = try trainer.receive("an answer") {
                if case .outcomesRecorded(let recorded) = $0 { recorded } else { nil }
            }
            #expect(recorded.accepted == 1)
            // The text is known to this tenant by its prompt's id.
            try trainer.send(.requestPlan(request(step: 1)))
            _ = try trainer.receive("the plan's end") { if case .planEnd(_, let end) = $0 { end } else { nil } }
        }
        for restarts in 0..<2 {
            for name in ["trainer-b", "trainer-none"] {
                var stranger = try peer(name, node)
                try stranger.join(.trainer, name: "t")
                try stranger.send(.followPlan(PlanName(policyID: "shared", step: 1), groupsAfter: 0))
                let refused = try stranger.receive("a refusal") { message -> String? in
                    switch message {
                    case .requestRefused(let refused): refused.message
                    case .budgets, .planEnd: "the plan of another tenant"
                    default: nil
                    }
                }
                #expect(refused.contains("has no plan here"), "\(refused)")
                try stranger.send(.requestPlan(request(step: 2)))
                let unknown = try stranger.receive("a refusal") { message -> RequestRefused? in
                    if case .requestRefused(let refused) = message { refused } else { nil }
                }
                #expect(unknown.reason == .unknown && unknown.message.contains("none was sent before"))
                try stranger.send(.dropPlans(DropPlans(request: 9, policyID: "shared", fromStep: 0)))
                _ = try stranger.receive("an answer") { if case .plansDropped(let it) = $0 { it } else { nil } }
            }
            for scope in [Scope.tenant("b"), .tenant(nil)] {
                guard case .policies(let policies)? = await node.query(.policies, in: scope) else {
                    throw TestTimeout(what: "the policies")
                }
                #expect(policies.allSatisfy { $0.outcomes == 0 && $0.prompts == 0 }, "\(policies)")
            }
            guard
                case .outcomes(let outcomes, _)? = await node.query(
                    .outcomes(policyID: "shared", from: 0, count: 9), in: .tenant("a"))
            else { throw TestTimeout(what: "the outcomes") }
            #expect(outcomes.map(\.text) == ["secret of a"])
            try stop(node)
            if restarts == 0 { node = try self.node(journal) }
        }
    }

    @Test("the same event of the same policy counts once for each tenant")
    func events() async throws {
        let node = try node()
        for name in ["a", "b", "none"] {
            var trainer = try peer("trainer-\(name)", node)
            try trainer.join(.trainer, name: "t")
            try trainer.send(report(name))
            let recorded = try trainer.receive("an answer") {
                if case .outcomesRecorded(let recorded) = $0 { recorded } else { nil }
            }
            #expect(recorded.accepted == 1 && recorded.duplicates == 0)
        }
        for tenant in ["a", "b"] {
            let report = try #require(await node.report(of: .tenant(tenant)))
            #expect(report.historyOutcomes == 1 && report.policies == 1 && report.messagesReceived >= 2)
        }
        #expect(await node.report()?.historyOutcomes == 3)
        try stop(node)
    }

    @Test("a tenant's worker gets no piece of another tenant's job; its own does")
    func workers() async throws {
        let node = try node()
        let role = Hello.Role.worker(Self.model, Credit(rows: 10, tokens: 1000))
        var other = try peer("worker-b", node)
        try other.join(role, name: "other", incarnation: 2)
        var client = try peer("client-a", node)
        try client.join(.client, name: "client")
        let job = JobID(high: 7, low: 8)
        let context = ContextBlock(try #require(ContextSet([])))
        try client.send(
            .submitJob(SubmitJob(job: job, policy: Policy(id: "p"), context: context, fingerprint: Self.model.digest)))
        _ = try client.receive("acceptance") { if case .jobAccepted(let it) = $0 { it } else { nil } }
        try client.send(
            .submitShard(SubmitShard(job: job, shard: 0, tokens: 10, affinity: 1, texts: TextBlock(["secret"]))))
        var own = try peer("worker-a", node)
        try own.join(role, name: "own", incarnation: 3)
        let piece = try own.receive("a piece") { if case .shard(let piece, _, _) = $0 { piece } else { nil } }
        #expect(piece.job == job)
        // What was sent before arrives before.
        try other.send(.heartbeat(Heartbeat(incarnation: 2, credit: Credit(rows: 10, tokens: 1000))))
        let first = try other.receive("a status") { message -> String? in
            switch message {
            case .shard, .context: "another tenant's work"
            case .clusterStatus(let status): "\(status.workers) \(status.shardsPending) \(status.shardsLeased)"
            default: nil
            }
        }
        #expect(first == "1 0 0")
        try stop(node)
    }

    @Test("messages beyond a key's rate are dropped and counted, and heartbeats are not")
    func rate() async throws {
        let node = try node()
        var trainer = try peer("slow", node)
        try trainer.join(.trainer, name: "t")
        for number in 0..<50 { try trainer.send(report("a", request: UInt64(number))) }
        for _ in 0..<20 { try trainer.send(.heartbeat(Heartbeat(incarnation: 1))) }
        var beats = 0
        while beats < 20 {
            _ = try trainer.receive("a status") { if case .clusterStatus(let it) = $0 { it } else { nil } }
            beats += 1
        }
        let report = try #require(await node.report())
        #expect(report.messagesRefused > 0 && report.messagesRefused <= 50)
        #expect(await node.report(of: .tenant("a"))?.messagesRefused == report.messagesRefused)
        #expect(await node.report(of: .tenant("b"))?.messagesRefused == 0)
        try stop(node)
    }
}
