import Foundation
import GRDB
import Routing
import SQLite
package import Scoring

/// The outcomes of `/v1/outcomes`, in SQLite: the part of the histories that grows while the server runs.
///
/// An outcome counts once by its event id, also over restarts. The file holds the prompts' texts, because a context is made
/// of texts: protect it like the prompts.
package struct OutcomeStore: Sendable {
    /// One outcome, checked.
    package struct Event: Sendable {
        let eventID: String
        let model: String
        let text: String
        let outcome: Outcome
        /// The prediction that it is compared with; it is not stored.
        var pair: CalibrationWatch.Pair?

        package init(eventID: String, model: String, text: String, outcome: Outcome) {
            self.eventID = eventID
            self.model = model
            self.text = text
            self.outcome = outcome
        }
    }

    private let queue: DatabaseQueue

    private let bytesMax: Int

    /// Newest outcomes kept for a model. An event id is dropped with its row.
    static let rowsMax = 20_000

    /// Opens or creates the file. Of a model, the newest outcomes whose prompts have at most `bytesMax` bytes are kept, one at
    /// least. Throws `state`.
    package init(path: String, bytesMax: Int = 64 << 20) throws(RouterHTTPError) {
        self.bytesMax = bytesMax
        do {
            // An outcome that was accepted survives a power cut.
            (queue, _) = try SQLiteFile.open(path, durability: .disk, sharing: .shared) { database in
                try database.execute(
                    sql: """
                        CREATE TABLE IF NOT EXISTS outcomes (
                            number INTEGER PRIMARY KEY AUTOINCREMENT, event_id TEXT NOT NULL UNIQUE,
                            model TEXT NOT NULL, prompt TEXT NOT NULL, reward REAL NOT NULL, n INTEGER NOT NULL);
                        CREATE INDEX IF NOT EXISTS outcomes_by_model ON outcomes (model, number);
                        """)
                try Self.countBytes(database)
            }
        } catch {
            throw .state(path: path, reason: "the outcomes cannot be kept: \(error)")
        }
    }

    /// Keeps the number of bytes of each model's prompts beside the rows, so that nobody has to read them all to know it.
    private static func countBytes(_ database: Database) throws {
        guard try !database.tableExists("outcome_bytes") else { return }
        try database.execute(
            sql: """
                CREATE TABLE outcome_bytes (model TEXT PRIMARY KEY, bytes INTEGER NOT NULL);
                INSERT INTO outcome_bytes
                    SELECT model, SUM(LENGTH(CAST(prompt AS BLOB))) FROM outcomes GROUP BY model;
                CREATE TRIGGER outcome_added AFTER INSERT ON outcomes BEGIN
                    INSERT INTO outcome_bytes VALUES (new.model, LENGTH(CAST(new.prompt AS BLOB)))
                    ON CONFLICT (model) DO UPDATE SET bytes = bytes + excluded.bytes;
                END;
                CREATE TRIGGER outcome_removed AFTER DELETE ON outcomes BEGIN
                    UPDATE outcome_bytes SET bytes = bytes - LENGTH(CAST(old.prompt AS BLOB)) WHERE model = old.model;
                END;
                """)
    }

    /// Stores events, all or none; returns for each whether it was new. Deletes a model's oldest rows beyond the bounds.
    package func record(_ events: [Event]) async throws(RouterHTTPError) -> [Bool] {
        do {
            return try await queue.write { database in
                var fresh: [Bool] = []
                for event in events {
                    try database.execute(
                        sql:
                            "INSERT OR IGNORE INTO outcomes (event_id, model, prompt, reward, n) VALUES (?, ?, ?, ?, ?)",
                        arguments: [
                            StoredText(event.eventID), StoredText(event.model), StoredText(event.text),
                            event.outcome.reward, event.outcome.n,
                        ])
                    fresh.append(database.changesCount > 0)
                }
                for model in Set(events.map(\.model)) {
                    try shorten(model, database)
                    try database.execute(
                        sql: """
                            DELETE FROM outcomes WHERE model = ? AND number <= (
                                SELECT number FROM outcomes WHERE model = ? ORDER BY number DESC LIMIT 1 OFFSET ?)
                            """, arguments: [StoredText(model), StoredText(model), Self.rowsMax])
                }
                return fresh
            }
        } catch {
            throw .state(path: queue.path, reason: "an outcome could not be written: \(error)")
        }
    }

    private func shorten(_ model: String, _ database: Database) throws {
        while try Int.fetchOne(
            database, sql: "SELECT bytes FROM outcome_bytes WHERE model = ?", arguments: [StoredText(model)])
            ?? 0
            > bytesMax
        {
            try database.execute(
                sql: """
                    DELETE FROM outcomes WHERE model = ?1
                        AND number = (SELECT MIN(number) FROM outcomes WHERE model = ?1)
                        AND number < (SELECT MAX(number) FROM outcomes WHERE model = ?1)
                    """, arguments: [StoredText(model)])
            guard database.changesCount > 0 else { return }
        }
    }

    /// Which of some event ids are stored.
    func known(_ eventIDs: [String]) async throws(RouterHTTPError) -> Set<String> {
        do {
            return try await queue.read { database in
                var known: Set<String> = []
                for id in eventIDs
                where try Bool.fetchOne(
                    database, sql: "SELECT EXISTS (SELECT 1 FROM outcomes WHERE event_id = ?)",
                    arguments: [StoredText(id)]) == true
                {
                    known.insert(id)
                }
                return known
            }
        } catch {
            throw .state(path: queue.path, reason: "the outcomes cannot be read: \(error)")
        }
    }

    /// A model's newest outcomes, oldest first, at most `limit`.
    package func newest(of model: String, limit: Int) throws(RouterHTTPError) -> [ContextSet.Row] {
        do {
            return try queue.read { database in
                let rows = try Row.fetchAll(
                    database,
                    sql: "SELECT prompt, reward, n FROM outcomes WHERE model = ? ORDER BY number DESC LIMIT ?",
                    arguments: [StoredText(model), limit])
                // A damaged row is left out: a history is the better with every row, and right without one.
                return rows.reversed().compactMap { row in
                    guard let reward = try? row.checked("reward", as: Double.self),
                        let n = try? row.checked("n", as: Int.self), let text = try? row.text("prompt")
                    else { return nil }
                    return Outcome(reward: reward, n: n).map { ContextSet.Row(text: text, outcome: $0) }
                }
            }
        } catch {
            throw .state(path: queue.path, reason: "the outcomes cannot be read: \(error)")
        }
    }
}
