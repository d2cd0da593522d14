import Foundation
import GRDB
import SQLite

/// What an operator does with a journal: check it, copy what is sound, back it up while it runs, make its file small.
public enum JournalCare {
    /// What a check or a repair found.
    public struct Report: Sendable {
        /// Bytes of the file, without its log.
        public let bytes: Int
        /// Whether a coordinator has it open.
        public let isOpen: Bool
        /// The rows; none where the file cannot be read at all.
        public let contents: JournalContents
        /// What is wrong with the file beyond single rows.
        public let fileFault: String?

        /// Whether nothing is wrong.
        public var isSound: Bool { contents.damage.isEmpty && fileFault == nil }
    }

    /// Reads a journal without changing it, also while a coordinator uses it. Throws `journal` where there is none, or no
    /// copy can be made beside it. Cost: a copy of the file, which is removed again.
    public static func check(_ path: String) throws(CoordinatorError) -> Report {
        let path = SQLiteFile.location(of: path)
        let log = isOpen(path) ? nil : JournalDamage.ofLog(beside: path)
        return try withCopy(of: path) { copy throws(CoordinatorError) in
            var (contents, fault) = try salvage(copy)
            if let log { contents.damage.insert(log, at: 0) }
            return Report(bytes: bytes(of: path), isOpen: isOpen(path), contents: contents, fileFault: fault)
        }
    }

    /// Copies what is sound into a new journal; the damaged one stays as it is. Throws `journal` where the new file exists.
    public static func repair(_ path: String, to target: String) throws(CoordinatorError) -> Report {
        let path = SQLiteFile.location(of: path)
        try refuseExisting(target)
        return try withCopy(of: path) { copy throws(CoordinatorError) in
            let (contents, fault) = try salvage(copy)
            let journal = try CoordinatorJournal(path: target, outcomesMax: .max >> 1)
            for (tenant, entries) in [(nil, contents.plannerEntries)] + contents.tenants.map({ ($0, $1) }) {
                for start in stride(from: 0, to: entries.count, by: partEntries) {
                    let part = Array(entries[start..<min(start + partEntries, entries.count)])
                    try journal.commit([], tenant == nil ? part : [], tenants: tenant.map { [$0: part] } ?? [:])
                }
            }
            try journal.commit(contents.entries)
            return Report(bytes: bytes(of: path), isOpen: isOpen(path), contents: contents, fileFault: fault)
        }
    }

    /// Copies a journal by SQLite's backup, also while a coordinator writes to it: the copy is the journal at one moment.
    /// Returns its bytes.
    public static func backup(_ path: String, to target: String) throws(CoordinatorError) -> Int {
        try refuseExisting(target)
        do throws(any Error) {
            try copy(path, to: target)
            return bytes(of: target)
        } catch {
            try? FileManager.default.removeItem(atPath: target)
            throw CoordinatorJournal.error(error, path: path)
        }
    }

    /// Makes the file as small as its rows. Throws `journal` while a coordinator uses it. Returns bytes before and after.
    public static func compact(_ path: String) throws(CoordinatorError) -> (before: Int, after: Int) {
        let path = SQLiteFile.location(of: path)
        try refuseMissing(path)
        guard let lock = FileLock(beside: path) else {
            throw .journal(
                path: path, reason: "a coordinator uses it, or its folder cannot be written; stop the coordinator first"
            )
        }
        defer { withExtendedLifetime(lock) {} }
        let before = bytes(of: path)
        do throws(any Error) {
            let (queue, _) = try SQLiteFile.open(path, durability: .disk, sharing: .shared, releasesSpace: true) { _ in
            }
            try queue.writeWithoutTransaction { database in
                try database.execute(sql: "VACUUM")
                _ = try Row.fetchAll(database, sql: "PRAGMA wal_checkpoint(TRUNCATE)")
            }
            try queue.close()
        } catch {
            throw CoordinatorJournal.error(error, path: path)
        }
        return (before, bytes(of: path))
    }

    /// Entries of one commit of a repair.
    private static let partEntries = 4096

    // MARK: Reading

    /// What can be read of a file, whatever is wrong with it.
    private static func salvage(_ path: String) throws(CoordinatorError) -> (JournalContents, String?) {
        var fault: String?
        do throws(CoordinatorError) {
            return (try CoordinatorJournal(path: path).contents(), nil)
        } catch .journalUnreadable(_, let reason) {
            fault = reason
        } catch .journal(_, let reason) {
            fault = reason
        }
        do throws(any Error) {
            var configuration = GRDB.Configuration()
            configuration.prepareDatabase { $0.add(function: JournalTable.function) }
            let queue = try DatabaseQueue(path: path, configuration: configuration)
            return (
                try queue.writeWithoutTransaction { database in
                    try? JournalTable.addColumns(to: database)
                    return try JournalScan(database).contents
                }, fault
            )
        } catch {
            return (JournalContents(), "\(fault ?? "") (\(error)): nothing can be read; restore a backup")
        }
    }

    // MARK: Copies

    /// Runs `body` with a copy of a journal, beside it and for its owner alone.
    private static func withCopy(
        of path: String, _ body: (String) throws(CoordinatorError) -> Report
    ) throws(CoordinatorError) -> Report {
        try refuseMissing(path)
        let target = "\(path).check-\(UUID().uuidString)"
        defer { for end in ["", "-wal", "-shm", "-journal", ".lock"] { unlink(target + end) } }
        do throws(any Error) {
            do throws(any Error) {
                try copy(path, to: target)
            } catch is DatabaseError {
                // Its first page is damaged: SQLite cannot even copy it.
                unlink(target)
                try FileManager.default.copyItem(atPath: path, toPath: target)
            }
        } catch {
            throw CoordinatorJournal.error(error, path: path)
        }
        return try body(target)
    }

    private static func copy(_ path: String, to target: String) throws {
        try refuseMissing(path)
        var configuration = GRDB.Configuration()
        configuration.busyMode = .timeout(10)
        let source = try DatabaseQueue(path: path, configuration: configuration)
        let copy = try SQLiteFile.open(target, durability: .disk, sharing: .shared) { _ in }.queue
        try source.backup(to: copy)
        try copy.close()
    }

    private static func refuseMissing(_ path: String) throws(CoordinatorError) {
        guard FileIdentity(of: path) != nil else { throw .journal(path: path, reason: "there is no such file") }
    }

    private static func refuseExisting(_ path: String) throws(CoordinatorError) {
        guard FileIdentity(of: path) == nil else {
            throw .journal(path: path, reason: "it exists already, and nothing is written over it")
        }
    }

    private static func bytes(of path: String) -> Int {
        (try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int) ?? 0
    }

    private static func isOpen(_ path: String) -> Bool {
        FileIdentity(of: path + ".lock") != nil && FileLock(beside: path) == nil
    }
}
