import Cluster
import DequeModule
import Foundation
import GRDB
import SQLite
import Scoring

/// The journal's texts: each text once, and which prompts of which policies are known by it.
///
/// Texts lie in the file in the order in which they came, with an index of their digests. In files of versions to 0.1 they lie in
/// the order of their digests, so that each new one changes a page of its own; the statements are the same.
///
/// A text that nothing names any more is deleted some time later, a few at a time.
struct PromptTable {
    /// Texts that something named which is deleted.
    private var released: Deque<Data> = []
    /// While the whole table is looked through: the last digest that was seen. At first it is, because what an earlier process
    /// released is not known.
    private var passAt: Data? = Data()

    /// Texts that are looked at together: of long ones, this takes a millisecond.
    private static let textsAtOnce = 16
    /// Instead of so many, the whole table is looked through.
    private static let releasedMax = 1 << 17

    init(_ database: Database) throws {
        try database.execute(
            sql: """
                CREATE TABLE IF NOT EXISTS prompt (digest BLOB PRIMARY KEY, text TEXT NOT NULL);
                CREATE TABLE IF NOT EXISTS known_text (
                    sequence INTEGER PRIMARY KEY, policy TEXT NOT NULL, prompt_id TEXT NOT NULL, prompt BLOB NOT NULL);
                CREATE UNIQUE INDEX IF NOT EXISTS known_text_prompt_id ON known_text (policy, prompt_id);
                CREATE INDEX IF NOT EXISTS known_text_prompt ON known_text (prompt);
                """)
    }

    /// Keeps a text; returns its digest.
    func keep(_ text: String, in database: Database) throws -> Data {
        let digest = Data(Digest(of: text).bytes)
        try database.cachedStatement(sql: "INSERT OR IGNORE INTO prompt (digest, text) VALUES (?, ?)")
            .execute(arguments: [digest, StoredText(text)])
        return digest
    }

    /// Records which texts were named by something that is deleted.
    mutating func release(_ digests: [Data]) {
        guard released.count + digests.count <= Self.releasedMax else {
            released = []
            passAt = Data()
            return
        }
        released.append(contentsOf: digests)
    }

    // MARK: Known texts

    mutating func name(_ texts: [NamedText], of policy: StoredPolicy, in database: Database) throws {
        let known = try database.cachedStatement(
            sql: "SELECT prompt FROM known_text WHERE policy = ? AND prompt_id = ?")
        let statement = try database.cachedStatement(sql: JournalTable.knownText.insertion)
        for named in texts {
            let digest = try keep(named.text, in: database)
            let former = try Data.fetchOne(known, arguments: [policy, StoredText(named.promptID)])
            guard former != digest else { continue }
            if let former { release([former]) }
            try statement.execute(arguments: [policy, StoredText(named.promptID), digest])
        }
    }

    mutating func forget(_ promptIDs: [String], of policy: StoredPolicy, in database: Database) throws {
        let statement = try database.cachedStatement(
            sql: "DELETE FROM known_text WHERE policy = ? AND prompt_id = ? RETURNING prompt")
        for promptID in promptIDs {
            release(try Data.fetchAll(statement, arguments: [policy, StoredText(promptID)]))
        }
    }

    /// Forgets any so many texts of a policy.
    mutating func forget(_ count: Int, of policy: StoredPolicy, in database: Database) throws {
        let statement = try database.cachedStatement(
            sql: """
                DELETE FROM known_text WHERE sequence IN (SELECT sequence FROM known_text WHERE policy = ? LIMIT ?)
                RETURNING prompt
                """)
        release(try Data.fetchAll(statement, arguments: [policy, count]))
    }

    mutating func forgetAll(of policy: StoredPolicy, in database: Database) throws {
        release(
            try Data.fetchAll(
                database, sql: "DELETE FROM known_text WHERE policy = ? RETURNING prompt", arguments: [policy]))
    }

    // MARK: Tidying

    /// Whether there is no text that nothing names.
    var isTidy: Bool { passAt == nil && released.isEmpty }

    /// Looks at the next few texts that may be such, and deletes those that are.
    mutating func tidy(_ database: Database) throws {
        if let at = passAt {
            let digests = try Data.fetchAll(
                database.cachedStatement(sql: "SELECT digest FROM prompt WHERE digest > ? ORDER BY digest LIMIT ?"),
                arguments: [at, Self.textsAtOnce])
            try delete(digests, in: database)
            passAt = digests.count < Self.textsAtOnce ? nil : digests.last
        } else {
            try delete(released.prefix(Self.textsAtOnce), in: database)
            released.removeFirst(min(Self.textsAtOnce, released.count))
        }
    }

    private func delete(_ digests: some Sequence<Data>, in database: Database) throws {
        let statement = try database.cachedStatement(
            sql: """
                DELETE FROM prompt WHERE digest = ?1
                AND NOT EXISTS (SELECT 1 FROM outcome WHERE outcome.prompt = ?1)
                AND NOT EXISTS (SELECT 1 FROM known_text WHERE known_text.prompt = ?1)
                """)
        for digest in digests { try statement.execute(arguments: [digest]) }
    }
}
