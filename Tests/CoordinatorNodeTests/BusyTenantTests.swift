import Cluster
import CoordinatorNode
import Foundation
import GRDB
import Keys
import TestSupport
import Testing
import Wire
import ZeroMQ

/// A tenant with so much to keep that its next request waits for the disk, and another one.
@Suite("CoordinatorNode: a tenant that is behind", .serialized)
struct BusyTenantTests {
    private static let reports = 20
    private static let outcomes = 1000
    /// Numbers of the other tenant's reports: as texts they are behind the busy tenant's.
    private static let otherFrom: UInt64 = 900
    private static let text = String(repeating: "x", count: 1000)

    private let scratch: ScratchFolder
    private let keys: LiveKeys

    init() throws {
        scratch = try ScratchFolder()
        let folder = KeyFolder(path: scratch.file("keys"))
        for tenant in ["a", "b"] {
            let terms = KeyTerms(tenant: tenant)
            _ = try folder.add(tenant, role: .trainer, terms: terms, output: scratch.file(tenant), at: Date())
        }
        keys = try LiveKeys(folder, at: Date())
    }

    private func node() throws -> CoordinatorNode {
        var configuration = CoordinatorNode.Configuration(
            endpoints: [try Endpoint("tcp://127.0.0.1:0")], journalPath: scratch.file("journal"))
        configuration.keys = keys
        // Behind during each commit.
        configuration.journalBytesWaitingMax = 0
        return try CoordinatorNode(configuration, logger: .quiet)
    }

    private func peer(_ name: String, _ node: CoordinatorNode) throws -> RawPeer {
        try RawPeer(node, keyAt: scratch.file(name))
    }

    private static func report(_ number: UInt64, outcomes: Int) -> Wire.Message {
        .reportOutcomes(
            ReportOutcomes(
                request: number, policyID: "p", rewards: 0...1,
                outcomes: (0..<outcomes).map { index in
                    GroupOutcome(
                        eventID: "\(number) \(index)", promptID: "\(number) \(index)",
                        text: "\(number) \(index) " + text, rewards: [1])
                }))
    }

    private static func isRecorded(_ answers: AsyncStream<Wire.Message>) async -> Bool {
        for await message in answers { if case .outcomesRecorded = message { return true } }
        return false
    }

    private static func recorded(_ node: CoordinatorNode, of tenant: String) async throws -> Int {
        try #require(await node.report(of: .tenant(tenant))).outcomesRecorded
    }

    /// Outcomes on the disk: all, and those that the busy tenant had there when the other one's were kept.
    private func kept() throws -> (all: Int, before: Int) {
        try DatabaseQueue(path: scratch.file("journal")).read { database in
            let first = try Int.fetchOne(
                database, sql: "SELECT max(sequence) FROM outcome WHERE event >= ?", arguments: ["\(Self.otherFrom)"])
            return (
                try Int.fetchOne(database, sql: "SELECT count(*) FROM outcome") ?? 0,
                try Int.fetchOne(
                    database, sql: "SELECT count(*) FROM outcome WHERE sequence < ?", arguments: [first]) ?? 0
            )
        }
    }

    @Test("requests over HTTP of one tenant wait for the disk, and those of another one do not wait with them")
    func requests() async throws {
        let node = try node()
        let busy = (0..<UInt64(Self.reports)).map {
            node.ask(Self.report($0, outcomes: Self.outcomes), in: .tenant("a"))
        }
        let other = (Self.otherFrom..<Self.otherFrom + 5).map {
            node.ask(Self.report($0, outcomes: 1), in: .tenant("b"))
        }
        for answers in other + busy { #expect(await Self.isRecorded(answers)) }
        #expect(try await Self.recorded(node, of: "a") == Self.reports * Self.outcomes)
        #expect(try await Self.recorded(node, of: "b") == 5)
        node.stop()
        try node.wait()
        let kept = try kept()
        #expect(kept.all == Self.reports * Self.outcomes + 5)
        #expect(kept.before < Self.reports * Self.outcomes / 2, "the other tenant waited for the busy one")
        #expect(try CoordinatorJournal(path: scratch.file("journal")).contents().damage.isEmpty)
    }

    @Test("the same over ZeroMQ, with messages that are decoded at once and on the work thread")
    func messages() async throws {
        let node = try node()
        var busy = try peer("a", node)
        try busy.join(.trainer, name: "busy")
        var other = try peer("b", node)
        try other.join(.trainer, name: "other")
        // Every other one is over the bound from which on the work thread decodes; all fit what may wait of a tenant.
        let sizes = (0..<12).map { $0 % 2 == 0 ? 100 : 280 }
        for (number, outcomes) in sizes.enumerated() {
            try busy.send(Self.report(UInt64(number), outcomes: outcomes))
        }
        for number in Self.otherFrom..<Self.otherFrom + 3 { try other.send(Self.report(number, outcomes: 1)) }
        for _ in 0..<3 { _ = try Self.answer(&other) }
        // The planner answers a short report before a long one.
        var answered: Set<UInt64> = []
        while answered.count < sizes.count { answered.insert(try Self.answer(&busy)) }
        let all = sizes.reduce(0, +)
        #expect(try await Self.recorded(node, of: "a") == all)
        node.stop()
        try node.wait()
        let kept = try kept()
        #expect(kept.all == all + 3)
        #expect(kept.before < all, "the other tenant waited for the busy one")
    }

    /// The number of a report that is answered.
    private static func answer(_ peer: inout RawPeer) throws -> UInt64 {
        try peer.receive("an answer") {
            if case .outcomesRecorded(let recorded) = $0 { recorded.request } else { nil }
        }
    }
}
