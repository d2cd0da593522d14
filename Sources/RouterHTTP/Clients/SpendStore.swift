import GRDB
import SQLite

/// What clients have spent, by day, in SQLite: a restart does not give a client its money back.
///
/// A commit survives a killed process; a power cut can lose the last ones, because a request must not wait for the disk.
struct SpendStore: Sendable {
    /// One client's day.
    struct Entry: Sendable {
        /// `nil` for requests without a client.
        let client: String?
        let nanodollars: Int64
    }

    private let queue: DatabaseQueue
    /// Days that are kept.
    private static let daysMax = 400

    /// Opens or creates the file. Throws `state`.
    init(path: String) throws(RouterHTTPError) {
        do {
            (queue, _) = try SQLiteFile.open(path, durability: .process, sharing: .shared) { database in
                try database.execute(
                    sql: """
                        CREATE TABLE IF NOT EXISTS spend (
                            day INTEGER NOT NULL, client TEXT NOT NULL, nanodollars INTEGER NOT NULL,
                            PRIMARY KEY (day, client))
                        """)
            }
        } catch {
            throw .state(path: path, reason: "the spending cannot be kept: \(error)")
        }
    }

    /// Adds to a client's day, at most four billion dollars: SQLite would turn a larger sum into a floating-point number.
    /// Cost: some tens of microseconds. Throws `state`.
    func add(_ entry: Entry, day: Int) throws(RouterHTTPError) {
        do {
            try queue.write { database in
                try database.execute(
                    sql: """
                        INSERT INTO spend (day, client, nanodollars) VALUES (?, ?, ?)
                        ON CONFLICT (day, client) DO UPDATE
                        SET nanodollars = MIN(nanodollars + excluded.nanodollars, 4000000000000000000)
                        """, arguments: [day, StoredText(entry.client ?? ""), entry.nanodollars])
                try database.execute(sql: "DELETE FROM spend WHERE day < ?", arguments: [day - Self.daysMax])
            }
        } catch {
            throw .state(path: queue.path, reason: "an amount could not be written: \(error)")
        }
    }

    /// What was spent on a day. Throws `state`.
    func entries(day: Int) throws(RouterHTTPError) -> [Entry] {
        do {
            return try queue.read { database in
                try Row.fetchAll(database, sql: "SELECT client, nanodollars FROM spend WHERE day = ?", arguments: [day])
                    .map { row in
                        let client = try row.text("client")
                        let amount: Int64 = try row.checked("nanodollars")
                        return Entry(client: client.isEmpty ? nil : client, nanodollars: max(0, amount))
                    }
            }
        } catch {
            throw .state(path: queue.path, reason: "the spending cannot be read: \(error)")
        }
    }
}
