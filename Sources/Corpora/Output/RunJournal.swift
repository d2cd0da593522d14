import Foundation
import GRDB
import SQLite
import Scoring

/// What is durable about an unfinished run: its identity, and the parts that are committed.
///
/// A SQLite file whose commits are on the disk when they return. It is held exclusively, so that no second process can
/// write into the same folder.
final class RunJournal {
    let jobID: UUID
    private let queue: DatabaseQueue
    private let path: String

    /// Format of the tables; another one is refused.
    private static let version = 1

    /// Opens the journal of a folder, or creates it with this identity.
    init(path: String, beginning identity: RunIdentity) throws(CorporaError) {
        self.path = path
        (queue, jobID) = try Self.translating(path) {
            try SQLiteFile.open(path, durability: .disk, sharing: .exclusive) { database in
                try Self.createTables(database)
                return try Self.begin(database, identity)
            }
        }
    }

    /// The digests of the identity that the folder was created with.
    func digests() throws(CorporaError) -> [RunIdentity.Difference.What: Digest] {
        let found = try Self.translating(path) {
            try queue.read { database in
                try Row.fetchAll(database, sql: "SELECT what, digest FROM identity").map { row in
                    (RunIdentity.Difference.What(rawValue: try row.text("what")), try Self.digest(of: row))
                }
            }
        }
        var digests: [RunIdentity.Difference.What: Digest] = [:]
        for case (let what?, let digest) in found { digests[what] = digest }
        guard RunIdentity.Difference.What.required.allSatisfy({ digests[$0] != nil }) else {
            throw .damagedJournal(path: path, reason: "the run's identity is incomplete")
        }
        return digests
    }

    /// Committed parts, in order.
    func parts() throws(CorporaError) -> [OutputPart] {
        try Self.translating(path) {
            try queue.read { database in
                try Row.fetchAll(database, sql: "SELECT * FROM part ORDER BY part_index").map(Self.part(of:))
            }
        }
    }

    /// Who answered the committed parts, by their index. What cannot be read is left out: nothing depends on it.
    func workers() throws(CorporaError) -> [Int: [RunWorkers.Share]] {
        try Self.translating(path) {
            try queue.read { database in
                var workers: [Int: [RunWorkers.Share]] = [:]
                for row in try Row.fetchAll(database, sql: "SELECT part_index, shares FROM part_worker") {
                    guard let index = try? Self.count("part_index", of: row), let text = try? row.text("shares") else {
                        continue
                    }
                    workers[index] = try? JSONDecoder().decode([RunWorkers.Share].self, from: Data(text.utf8))
                }
                return workers
            }
        }
    }

    /// Commits a part, with the workers that answered it. Its file must be on the disk already.
    func record(_ part: OutputPart, answeredBy shares: [RunWorkers.Share]) throws(CorporaError) {
        try Self.translating(path) {
            try queue.write { database in
                try database.execute(
                    sql: "INSERT INTO part VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    arguments: [
                        part.index, part.firstRow, part.counts.ok, part.counts.error, part.counts.baseRate,
                        part.counts.truncated, part.counts.derivedIDs, part.bytes, Data(part.digest.bytes),
                    ])
                guard !shares.isEmpty else { return }
                let text = String(decoding: try JSONEncoder().encode(shares), as: UTF8.self)
                try database.execute(
                    sql: "INSERT OR REPLACE INTO part_worker VALUES (?, ?)", arguments: [part.index, text])
            }
        }
    }

    /// Closes the file, which also releases the lock.
    func close() throws(CorporaError) {
        try Self.translating(path) { try queue.close() }
    }

    private static func createTables(_ database: Database) throws {
        try database.execute(
            sql: """
                CREATE TABLE IF NOT EXISTS run (version INTEGER NOT NULL, job TEXT NOT NULL);
                CREATE TABLE IF NOT EXISTS identity (what TEXT PRIMARY KEY, digest BLOB NOT NULL);
                CREATE TABLE IF NOT EXISTS part (
                    part_index INTEGER PRIMARY KEY, first_row INTEGER NOT NULL, ok INTEGER NOT NULL,
                    error INTEGER NOT NULL, base_rate INTEGER NOT NULL, truncated INTEGER NOT NULL,
                    derived_ids INTEGER NOT NULL, bytes INTEGER NOT NULL, digest BLOB NOT NULL);
                CREATE TABLE IF NOT EXISTS part_worker (part_index INTEGER PRIMARY KEY, shares TEXT NOT NULL);
                """)
    }

    /// The job's id: the recorded one, or a new one that is recorded with the identity.
    private static func begin(_ database: Database, _ identity: RunIdentity) throws -> UUID {
        if let row = try Row.fetchOne(database, sql: "SELECT version, job FROM run") {
            guard try row.checked("version") == version else {
                throw Unreadable(reason: "it was written by another version of statezero")
            }
            guard let job = UUID(uuidString: try row.text("job")) else {
                throw Unreadable(reason: "its job has no id")
            }
            return job
        }
        let job = UUID()
        try database.execute(sql: "INSERT INTO run VALUES (?, ?)", arguments: [version, job.uuidString])
        for (what, digest) in identity.digests {
            try database.execute(
                sql: "INSERT INTO identity VALUES (?, ?)", arguments: [what.rawValue, Data(digest.bytes)])
        }
        return job
    }

    private static func part(of row: Row) throws -> OutputPart {
        var counts = RowCounts()
        counts.ok = try count("ok", of: row)
        counts.error = try count("error", of: row)
        counts.baseRate = try count("base_rate", of: row)
        counts.truncated = try count("truncated", of: row)
        counts.derivedIDs = try count("derived_ids", of: row)
        return OutputPart(
            index: try count("part_index", of: row), firstRow: try count("first_row", of: row), counts: counts,
            bytes: try row.checked("bytes"), digest: try digest(of: row))
    }

    /// More rows than any part has, and so few that sums over all parts fit.
    private static let countMax = 1 << 36

    private static func count(_ column: String, of row: Row) throws(ColumnFault) -> Int {
        let count: Int = try row.checked(column)
        guard 0...countMax ~= count else { throw ColumnFault(column: column, found: "the number \(count)") }
        return count
    }

    private static func digest(of row: Row) throws(ColumnFault) -> Digest {
        let bytes: Data = try row.checked("digest")
        guard let digest = Digest(bytes: bytes) else {
            throw ColumnFault(column: "digest", found: "\(bytes.count) bytes instead of 32")
        }
        return digest
    }

    private struct Unreadable: Error {
        let reason: String
    }

    private static func translating<T>(_ path: String, _ body: () throws -> T) throws(CorporaError) -> T {
        do {
            return try body()
        } catch let error as DatabaseError {
            let folder = path.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
            switch error.resultCode {
            case .SQLITE_BUSY, .SQLITE_LOCKED: throw .folderInUse(folder: folder)
            case .SQLITE_FULL: throw .diskFull(path: path, bytes: 4096)
            default:
                throw .damagedJournal(path: path, reason: error.message ?? "SQLite code \(error.resultCode.rawValue)")
            }
        } catch let error as Unreadable {
            throw .damagedJournal(path: path, reason: error.reason)
        } catch {
            throw .damagedJournal(path: path, reason: "\(error)")
        }
    }
}
