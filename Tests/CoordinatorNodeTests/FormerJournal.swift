import Foundation
import TestSupport

/// A journal that a former version wrote, and what that version read from it (scripts/goldens/journal/make_journal.py).
struct FormerJournal {
    let facts: Facts
    /// A copy of the journal's file.
    let path: String

    init() throws {
        let folder = Repository.path("Tests/Goldens/journal")
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        facts = try decoder.decode(Facts.self, from: Data(contentsOf: URL(filePath: folder + "/facts.json")))
        path = try ScratchFolder.new() + "/journal.sqlite"
        try Self.unpack(folder + "/journal.sqlite.gz", to: path)
    }

    private static func unpack(_ packed: String, to path: String) throws {
        _ = FileManager.default.createFile(atPath: path, contents: nil)
        let gzip = Process()
        gzip.executableURL = URL(filePath: "/usr/bin/env")
        gzip.arguments = ["gzip", "-dc", packed]
        gzip.standardOutput = try FileHandle(forWritingTo: URL(filePath: path))
        try gzip.run()
        gzip.waitUntilExit()
        guard gzip.terminationStatus == 0 else { throw Unreadable(path: packed) }
    }

    struct Unreadable: Error { let path: String }

    /// The answers of the former program, over HTTP and from its file.
    struct Facts: Decodable {
        let program: String
        let plans: [Snapshot]
        let openBudgets: [Budget]
        let outcomes: [String: [Outcome]]
        let jobs: [String: Job]
        let generation: UInt64
        let model: Model
    }

    /// A plan as `GET /v1/plans` gave it; `plan` is `nil` while it has not ended.
    struct Snapshot: Decodable {
        let plan: Plan?
        let groups: [Group]
    }

    struct Plan: Decodable {
        let policyId: String
        let step: Int
        let planId: String
        let status: String
        let total: Int
        let surplus: Int
        let utility: Double?
        let price: Double?
        let digest: String
        let items: [Budget]
    }

    struct Budget: Decodable, Hashable {
        let promptId: String
        let n: Int
        let p: Double?
        let kappa: Double?
        let source: String
        let reason: String
    }

    struct Group: Decodable, Hashable {
        let number: Int
        let promptId: String
        let rewards: [Double]
        let advantages: [Double]
        let baseline: Double
        let failed: Int
        let reason: String
        let references: [String]
    }

    struct Outcome: Decodable, Hashable {
        let eventId: String
        let reward: Double
        let n: Int
        let failed: Int
    }

    struct Job: Decodable {
        let confirmedBelow: UInt32
        let answered: [UInt32]
    }

    struct Model: Decodable {
        let name: String
        let digest: String
    }
}
