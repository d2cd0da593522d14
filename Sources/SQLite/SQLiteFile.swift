import Glibc
public import GRDB

/// Opens SQLite databases: the one place for the settings of the run journal, the coordinator's journal and the
/// outcomes of the router.
///
/// All of them use write-ahead logging (WAL). GRDB's own WAL setting is not used, because it lowers `synchronous` to
/// NORMAL: a commit would not be on the disk.
public enum SQLiteFile {
    /// What a commit guarantees when it returns.
    public enum Durability: String, Sendable {
        /// The commit survives a killed process; a power cut can lose the last commits.
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
    public static func open<Value>(
        _ path: String?, durability: Durability, sharing: Sharing, prepare: (Database) throws -> Value
    ) throws -> (queue: DatabaseQueue, value: Value) {
        if let path { createPrivately(path) }
        var configuration = GRDB.Configuration()
        configuration.busyMode = .immediateError
        configuration.prepareDatabase { database in
            if sharing == .exclusive { try database.execute(sql: "PRAGMA locking_mode = EXCLUSIVE") }
            if path != nil { try database.execute(sql: "PRAGMA journal_mode = WAL") }
            try setDurability(durability, of: database)
        }
        let queue =
            try path.map { try DatabaseQueue(path: $0, configuration: configuration) }
            ?? DatabaseQueue(configuration: configuration)
        return (queue, try queue.write(prepare))
    }

    /// Creates an empty file with the mode that SQLite gives to its write-ahead log too. SQLite reports what fails here.
    private static func createPrivately(_ path: String) {
        // An existing file is not opened: to close it would end the locks that this process has on it.
        let descriptor = Glibc.open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        if descriptor >= 0 { close(descriptor) }
    }

    /// Changes what the next commits guarantee. Must be called outside a transaction.
    public static func setDurability(_ durability: Durability, of database: Database) throws {
        try database.execute(sql: "PRAGMA synchronous = \(durability.rawValue)")
    }
}
