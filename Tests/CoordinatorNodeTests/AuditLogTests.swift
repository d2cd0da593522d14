import Cluster
import CoordinatorNode
import Foundation
import Keys
import Logging
import Planning
import Synchronization
import TestSupport
import Testing
import Wire
import ZeroMQ

@Suite("CoordinatorNode: the audit log")
struct AuditLogTests {
    /// Keeps the metadata of lines of the category `audit`.
    private final class Lines: Sendable {
        let all = Mutex<[Logger.Metadata]>([])

        var logger: Logger {
            Logger(label: "test") { _ in Handler(lines: self) }
        }

        func lines(_ what: String) -> [Logger.Metadata] {
            all.withLock { $0.filter { $0["what"] == .string(what) } }
        }
    }

    private struct Handler: LogHandler {
        let lines: Lines
        var logLevel = Logger.Level.notice
        var metadata: Logger.Metadata = [:]

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            guard let facts = event.metadata, facts["category"] == "audit" else { return }
            lines.all.withLock { $0.append(facts) }
        }
    }

    private func peer(_ file: String, _ node: CoordinatorNode) throws -> RawPeer {
        let key = try KeyFile(readingFrom: file)
        let server = try #require(key.serverKey)
        return try RawPeer(try #require(node.endpoints.first), .client(try key.pair(path: file), server: server))
    }

    @Test("a flood of rewards and of reports has a bounded number of lines, which leave nothing out")
    func flood() throws {
        let scratch = try ScratchFolder()
        let folder = KeyFolder(path: scratch.file("keys"))
        for role in [Role.trainer, .rollout] {
            let terms = KeyTerms(tenant: "a")
            _ = try folder.add(
                role.rawValue, role: role, terms: terms, output: scratch.file(role.rawValue), at: Date())
        }
        var configuration = CoordinatorNode.Configuration(endpoints: [try Endpoint("tcp://127.0.0.1:0")])
        configuration.keys = try LiveKeys(folder, at: Date())
        let lines = Lines()
        let node = try CoordinatorNode(configuration, logger: lines.logger)
        var rollout = try peer(scratch.file("rollout"), node)
        try rollout.join(.rollout(Credit(rows: 1, tokens: 8)), name: "r")
        let name = AssignmentName(plan: PlanName(policyID: "p", step: 1), index: 0, attempt: 1)
        for _ in 0..<300 {
            try rollout.send(.rewards(Rewards(name: name, rewards: [1])))
            _ = try rollout.receive("an answer") { if case .rewardsRecorded(let it) = $0 { it } else { nil } }
        }
        var trainer = try peer(scratch.file("trainer"), node)
        try trainer.join(.trainer, name: "t")
        for number in UInt64(0)..<100 {
            try trainer.send(.reportOutcomes(ReportOutcomes(request: number, policyID: "p", outcomes: [])))
            _ = try trainer.receive("an answer") { message -> Bool? in
                switch message {
                case .outcomesRecorded, .requestRefused: true
                default: nil
                }
            }
        }
        #expect(lines.lines("rewards").isEmpty, "they are counted until a minute is over")
        #expect(lines.lines("reportOutcomes").count == AuditTally.linesMax)
        node.audit(AuditedChange(key: "token", tenant: nil, what: "POST /v1/plans", outcome: "200"))
        #expect(lines.lines("POST /v1/plans").first?["outcome"] == "200")
        node.stop()
        try node.wait()
        let rewards = lines.lines("rewards")
        #expect(rewards.count == 1 && rewards.first?["count"] == "300", "\(rewards)")
        #expect(rewards.first?["key"] == "rollout" && rewards.first?["tenant"] == "a", "\(rewards)")
        #expect(rewards.first?["first"] != nil && rewards.first?["last"] != nil, "\(rewards)")
        let reports = lines.lines("reportOutcomes")
        #expect(reports.count == AuditTally.linesMax + 1, "\(reports)")
        #expect(reports.last?["count"] == "\(100 - AuditTally.linesMax)", "\(reports)")
        #expect(reports.first?["policy"] == "p" && reports.last?["policy"] == nil, "\(reports)")
    }
}
