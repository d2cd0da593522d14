import Cluster
import Foundation
import GRDB
import SQLite
import Scoring

/// The journal's texts: each text once, and which prompts of which policies are known by it.
///
/// A text that nothing names any more is deleted some time later, a part of the table at each commit.
struct PromptTable {
    /// Rows deleted since the last sweep that may have left a text without a user.
    private var released = 0
    /// Digest of the last text that the present sweep has seen; `nil` between sweeps.
    private var sweepAt: Data?
    /// Texts, about.
    private var count: Int

    /// Texts that a commit sweeps.
    private static let sweepRows = 1024
    /// Rows deleted before a sweep begins; or a quarter of the table, if that is more.
    private static let releasedMin = 4096

    init(_ database: Database) throws {
        try database.execute(
            sql: """
                CREATE TABLE IF NOT EXISTS prompt (digest BLOB PRIMARY KEY, text TEXT NOT NULL) WITHOUT ROWID;
                CREATE TABLE IF NOT EXISTS known_text (
                    sequence INTEGER PRIMARY KEY, policy TEXT NOT NULL, prompt_id TEXT NOT NULL, prompt BLOB NOT NULL);
                CREATE UNIQUE INDEX IF NOT EXISTS known_text_prompt_id ON known_text (policy, prompt_id);
                CREATE INDEX IF NOT EXISTS known_text_prompt ON known_text (prompt);
                """)
        count = try Int.fetchOne(database, sql: "SELECT count(*) FROM prompt") ?? 0
    }

    /// Keeps a text; returns its digest.
    mutating func keep(_ text: String, in database: Database) throws -> Data {
        let digest = Data(Digest(of: text).bytes)
        try database.cachedStatement(sql: "INSERT OR IGNORE INTO prompt (digest, text) VALUES (?, ?)")
            .execute(arguments: [digest, StoredText(text)])
        count += database.changesCount
        return digest
    }

    /// Records what deleting rows that name texts may have left behind.
    mutating func release(_ rows: Int) { released += rows }

    // MARK: Known texts

    mutating func name(_ texts: [NamedText], of policy: StoredPolicy, in database: Database) throws {
        let statement = try database.cachedStatement(sql: JournalTable.knownText.insertion)
        for named in texts {
            let digest = try keep(named.text, in: database)
            try statement.execute(arguments: [policy, StoredText(named.promptID), digest])
        }
        // A row that was replaced may have had another text.
        release(texts.count)
    }

    mutating func forget(_ promptIDs: [String], of policy: StoredPolicy, in database: Database) throws {
        let statement = try database.cachedStatement(sql: "DELETE FROM known_text WHERE policy = ? AND prompt_id = ?")
        for promptID in promptIDs { try statement.execute(arguments: [policy, StoredText(promptID)]) }
        release(promptIDs.count)
    }

    mutating func forgetAll(of policy: StoredPolicy, in database: Database) throws {
        try database.execute(sql: "DELETE FROM known_text WHERE policy = ?", arguments: [policy])
        release(database.changesCount)
    }

    // MARK: Sweep

    /// Deletes texts that nothing names, a part of the table at a time.
    mutating func sweep(_ database: Database) throws {
        if sweepAt == nil, released < max(Self.releasedMin, count / 4) { return }
        if sweepAt == nil { released = 0 }
        let digests = try Data.fetchAll(
            database.cachedStatement(sql: "SELECT digest FROM prompt WHERE digest > ? ORDER BY digest LIMIT ?"),
            arguments: [sweepAt ?? Data(), Self.sweepRows])
        guard let last = digests.last, let first = digests.first else {
            sweepAt = nil
            return
        }
        try database.cachedStatement(
            sql: """
                DELETE FROM prompt WHERE digest >= ? AND digest <= ?
                AND NOT EXISTS (SELECT 1 FROM outcome WHERE outcome.prompt = digest)
                AND NOT EXISTS (SELECT 1 FROM known_text WHERE known_text.prompt = digest)
                """
        ).execute(arguments: [first, last])
        count -= database.changesCount
        sweepAt = digests.count < Self.sweepRows ? nil : last
    }
}
