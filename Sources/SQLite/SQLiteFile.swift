import Foundation
public import GRDB
import Glibc

/// Opens SQLite databases: the one place for the settings of the run journal, the coordinator's journal and the
/// outcomes of the router.
///
/// All of them use write-ahead logging (WAL). GRDB's own WAL setting is not used, because it lowers `synchronous` to
/// NORMAL: a commit would not be on the disk.
public enum SQLiteFile {
    /// What a commit guarantees when it returns.
    public enum Durability: String, Sendable {
        /// The commit survives a killed process; a power cut can lose the last commits, but those before `DiskFile.sync` returned.
        case process = "NORMAL"
        /// The commit is on the disk and survives a power cut.
        case disk = "FULL"
    }

    /// Who may open the file while it is open.
    public enum Sharing: Sendable {
        /// Nobody: a second process gets SQLITE_BUSY at once. The lock is held until the database is closed.
        case exclusive
        /// Other processes, for example to query it.
        case shared
    }

    /// Opens a database or creates it, for its owner alone: it has prompts and outcomes. Without a path it is in memory and
    /// ends with its object. `prepare` creates the tables, in one transaction. Throws GRDB's errors.
    ///
    /// - Parameter releasesSpace: Whether the file becomes smaller when rows are deleted, by `releaseSpace`. A file that
    ///   was made without this is rewritten once.
    public static func open<Value>(
        _ path: String?, durability: Durability, sharing: Sharing, releasesSpace: Bool = false,
        prepare: (Database) throws -> Value
    ) throws -> (queue: DatabaseQueue, value: Value) {
        let path = path.map(location)
        if let path { createPrivately(path) }
        var configuration = GRDB.Configuration()
        // A reader, such as a backup, delays no writer; a second writer is waited for.
        configuration.busyMode = sharing == .exclusive ? .immediateError : .timeout(sharedWaitSeconds)
        configuration.prepareDatabase { database in
            if sharing == .exclusive { try database.execute(sql: "PRAGMA locking_mode = EXCLUSIVE") }
            if path != nil { try database.execute(sql: "PRAGMA journal_mode = WAL; PRAGMA cache_size = \(cacheSize)") }
            // What undoes one statement is kept in memory, not in a file of its own.
            try database.execute(sql: "PRAGMA temp_store = MEMORY")
            try database.execute(sql: "PRAGMA synchronous = \(durability.rawValue)")
            // Some systems build SQLite so that it writes every page of a deleted row anew, with zeros: deleting a text cost more
            // than keeping it. Deleted rows are overwritten where that writes nothing more.
            try database.execute(sql: "PRAGMA secure_delete = FAST")
        }
        let queue =
            try path.map { try DatabaseQueue(path: $0, configuration: configuration) }
            ?? DatabaseQueue(configuration: configuration)
        if releasesSpace, path != nil { try queue.writeWithoutTransaction(vacuumIncrementally) }
        return (queue, try queue.write(prepare))
    }

    /// Where a database is whose path is a symbolic link: SQLite keeps the log there, so whatever else is beside the database must be
    /// there too. Otherwise the path itself.
    public static func location(of path: String) -> String {
        var path = path
        // As many as Linux follows.
        for _ in 0..<40 {
            guard let target = try? FileManager.default.destinationOfSymbolicLink(atPath: path) else { break }
            let folder = path.lastIndex(of: "/").map { path[...$0] } ?? ""
            path = target.hasPrefix("/") ? target : folder + target
        }
        return path
    }

    private static let sharedWaitSeconds = 10.0
    /// Pages in memory: so many KiB, as SQLite's negative number says. Its own 2 MiB are less than one plan writes: the pages
    /// went to the log, and were read again, before the commit.
    private static let cacheSize = -16_384

    /// Creates an empty file with the mode that SQLite gives to its write-ahead log too. SQLite reports what fails here.
    private static func createPrivately(_ path: String) {
        // An existing file is not opened: to close it would end the locks that this process has on it.
        let descriptor = Glibc.open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        if descriptor >= 0 { close(descriptor) }
    }

    private static func vacuumIncrementally(_ database: Database) throws {
        // A write-ahead log that was long once is cut when it is written from its beginning again.
        try database.execute(sql: "PRAGMA journal_size_limit = \(logBytesMax)")
        guard try Int.fetchOne(database, sql: "PRAGMA auto_vacuum") != 2 else { return }
        try database.execute(sql: "PRAGMA auto_vacuum = INCREMENTAL; VACUUM")
    }

    /// Bytes of the write-ahead log that stay on the disk, until the file is closed: what is written over takes less time than what is
    /// added. More than those of a log that is begun anew.
    private static let logBytesMax = 80 << 20
    /// Free pages, of 4 KiB, from which on space is returned, and how many are returned at once.
    private static let freePagesMin = 1024
    private static let pagesReturned = 64

    /// Returns some free pages to the system if they are many and more than a quarter of the file; returns whether it has. Must be
    /// called outside a transaction. Cost: two reads of the file's header; a millisecond or two where space is returned.
    public static func releaseSpace(of database: Database) throws -> Bool {
        let free = try freePages(of: database)
        guard free >= freePagesMin else { return false }
        let pages = try Int.fetchOne(database.cachedStatement(sql: "PRAGMA page_count")) ?? 0
        guard free > pages / 4 else { return false }
        _ = try Row.fetchAll(database, sql: "PRAGMA incremental_vacuum(\(pagesReturned))")
        // A file that cannot be made smaller has as many as before.
        return try freePages(of: database) < free
    }

    private static func freePages(of database: Database) throws -> Int {
        try Int.fetchOne(database.cachedStatement(sql: "PRAGMA freelist_count")) ?? 0
    }

    /// Moves what is committed from the write-ahead log into the file, as far as no reader needs it; returns the pages of the log,
    /// those that were moved among them. Must be called outside a transaction.
    public static func checkpoint(_ database: Database) throws -> Int {
        let row = try Row.fetchOne(database, sql: "PRAGMA wal_checkpoint(PASSIVE)")
        return row.map { max(0, $0["log"] ?? 0) } ?? 0
    }

    /// Leaves checkpoints to the owner. SQLite makes one in the commit that makes the log long.
    public static func endAutomaticCheckpoints(of database: Database) throws {
        try database.execute(sql: "PRAGMA wal_autocheckpoint = 0")
    }
}
