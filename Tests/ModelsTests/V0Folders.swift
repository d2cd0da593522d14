import Foundation
import Models
import Scoring
import TestSupport
import Testing

/// Tiny converted models, from `Tests/Goldens/v0`; `scripts/goldens/v0/make.py` made them.
enum V0Folders {
    static let poolings = ["last_token", "fixed_query", "dynamic_query"]

    static func path(_ pooling: String) -> String {
        Repository.root.appending(path: "Tests/Goldens/v0/\(pooling)").path
    }

    /// A copy that a test may damage; the encoder is a folder there, not a link.
    static func copy(_ pooling: String) throws -> String {
        let copy = try ScratchFolder.copy(of: path(pooling))
        try FileManager.default.removeItem(atPath: "\(copy)/encoder")
        try FileManager.default.copyItem(atPath: path("encoder"), toPath: "\(copy)/encoder")
        return copy
    }

    /// A context of `rows` prompts, every third of them solved.
    static func context(rows: Int, salt: Int = 0, solved: (Int) -> Bool = { $0 % 3 == 0 }) throws -> ContextSet {
        let rows = (0..<rows).compactMap { row in
            Outcome(reward: solved(row) ? 1 : 0).map {
                ContextSet.Row(text: "What is \(row * 7 + salt) + \(row * row)?", outcome: $0)
            }
        }
        return try #require(ContextSet(rows))
    }
}
