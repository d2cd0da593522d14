public import Cluster
import Foundation
import GRDB
import SQLite
import Scoring
import Wire

/// The coordinator's journal: entries in a SQLite file, deleted as clients confirm.
///
/// WAL with `synchronous = NORMAL`: a killed process loses nothing. A power cut can lose the last commits that the log was not
/// brought to the disk after; then those shards are computed again, since only the client's own folder counts. What is
/// deleted makes the file smaller again.
/// Rows have checksums. A lock beside the file keeps a second coordinator out. Belongs to one thread.
public final class CoordinatorJournal {
    private let database: DatabaseQueue
    private var planner: PlannerJournal
    private let path: String
    /// Keeps other coordinators out; others may read, so that a backup can be made while this runs.
    private let lock: FileLock?
    private let identity: FileIdentity?
    /// `nil` in memory.
    let log: DiskFile?
    private var logIdentity: FileIdentity?
    /// Moves what is in the log meanwhile; `nil` where commits do it.
    private var checkpoints: LogCheckpoints?
    /// The file of the database, while `checkpoints` is there and after.
    private var file: DiskFile?
    /// Bytes of entries since the last one began, about.
    private var bytesSinceCheckpoint = 0
    private var presenceCheckedAt = ContinuousClock.now
    /// What was damaged and could be mended.
    private let mended: [JournalDamage]

    /// Opens the journal at a path, or creates one there. Without a path it is in memory and ends with the process.
    ///
    /// Throws `journal`, and `journalUnreadable` for a file whose pages are damaged. Cost: reads the file.
    /// - Parameter outcomesMax: Outcomes kept of a policy, the latest.
    public init(path: String?, outcomesMax: Int = 65_536) throws(CoordinatorError) {
        let path = path.map(SQLiteFile.location)
        let name = path ?? "memory"
        self.path = name
        lock = path.flatMap { FileLock(beside: $0) }
        if path != nil, lock == nil {
            throw .journal(path: name, reason: "another process has it open, or its folder cannot be written")
        }
        // Before SQLite opens the file, and writes the log anew.
        let damage = path.flatMap { JournalDamage.ofLog(beside: $0) }
        do throws(any Error) {
            let (database, made) = try SQLiteFile.open(
                path, durability: .process, sharing: .shared, releasesSpace: true
            ) { database in
                database.add(function: JournalTable.function)
                let mended = try JournalFile.prepare(database, path: name)
                try database.execute(
                    sql: """
                        CREATE TABLE IF NOT EXISTS entry (
                            sequence INTEGER PRIMARY KEY, kind INTEGER NOT NULL, job BLOB, shard INTEGER,
                            header BLOB, body BLOB);
                        CREATE INDEX IF NOT EXISTS entry_job ON entry (job, kind, shard);
                        """)
                let planner = try PlannerJournal(database, outcomesMax: outcomesMax)
                try JournalTable.addColumns(to: database)
                return (planner, mended)
            }
            self.database = database
            planner = made.0
            mended = (damage.map { [$0] } ?? []) + made.1
            log = try path.map(DiskFile.init(logOfDatabase:))
        } catch {
            throw Self.error(error, path: name)
        }
        identity = path.flatMap { FileIdentity(of: $0) }
        logIdentity = nil
    }

    /// Moves the log into the file on another thread from now on, until `finish`. Throws `journal`.
    func startCheckpoints() throws(CoordinatorError) {
        guard identity != nil else { return }
        do {
            try database.writeWithoutTransaction { try SQLiteFile.endAutomaticCheckpoints(of: $0) }
        } catch {
            throw Self.error(error, path: path)
        }
        do {
            let file = try self.file ?? DiskFile(database: path)
            self.file = file
            checkpoints = try LogCheckpoints(path: path, file: file)
        } catch {
            throw Self.error(error, path: path)
        }
    }

    deinit {
        // Before `file` is closed.
        try? database.close()
    }

    /// Ends what `startCheckpoints` has started.
    func finish() throws(CoordinatorError) {
        try checkpoints?.finish()
        checkpoints = nil
    }

    static func error(_ error: any Error, path: String) -> CoordinatorError {
        if let error = error as? CoordinatorError { return error }
        if let error = error as? DatabaseError,
            [.SQLITE_CORRUPT, .SQLITE_NOTADB].contains(error.resultCode) || "\(error)".contains("malformed")
        {
            return .journalUnreadable(path: path, reason: error.message ?? "\(error)")
        }
        return .journal(path: path, reason: "\(error)")
    }

    /// So many bytes make about a thousand pages, as many as SQLite has in a log before it moves them. A commit writes some pages
    /// beside its entries.
    private static let checkpointBytes = 1 << 20
    private static let commitBytes = 4 << 10
    /// So often it is checked that the file is still there.
    private static let presenceCheckTime: Duration = .milliseconds(10)

    /// Reads everything, and puts damaged rows aside in the table `quarantine`: the next start does not name them again.
    /// Throws `journalUnreadable` where most rows are damaged.
    public func contents() throws(CoordinatorError) -> JournalContents {
        do throws(any Error) {
            return try database.write { database in
                let scan = try JournalScan(database)
                try JournalFile.quarantine(scan, in: database, path: path)
                planner.leave(candidates: scan.unopenedRows)
                try JournalFile.finish(database)
                var contents = scan.contents
                contents.damage = mended + contents.damage
                contents.replaceLostGeneration(at: Date())
                return contents
            }
        } catch {
            throw Self.error(error, path: path)
        }
    }

    /// All sound entries of jobs, in order.
    public func entries() throws(CoordinatorError) -> [JournalEntry] { try contents().entries }

    /// All sound entries of the planner, in order.
    public func plannerEntries() throws(CoordinatorError) -> [PlannerEntry] { try contents().plannerEntries }

    /// Makes entries durable, all or none, and tidies the file up.
    ///
    /// Outcomes and rewards are also on the disk itself when this returns, so that a power cut does not lose them: they
    /// are acknowledged, and their sender does not repeat them.
    /// - Parameter tenants: Entries of tenants' planners. Only those of one planner have an order.
    public func commit(
        _ entries: [JournalEntry], _ plannerEntries: [PlannerEntry] = [], tenants: [String: [PlannerEntry]] = [:]
    ) throws(CoordinatorError) {
        var request = JournalRequest(tenant: nil)
        request.append(entries)
        request.append(plannerEntries, of: nil)
        for (tenant, some) in tenants { request.append(some, of: tenant) }
        var next: JournalRequest? = request
        let isPermanent = request.isPermanent
        try commit {
            defer { next = nil }
            return next
        }
        try checkPresence()
        if isPermanent, let log {
            do { try log.sync() } catch { throw Self.error(error, path: path) }
        }
        while try tidy(for: .milliseconds(5)) {}
    }

    /// Commits the entries of requests, all or none, until there is no next one. A power cut can lose them until the log is
    /// brought to the disk.
    package func commit(_ next: () -> JournalRequest?) throws(CoordinatorError) {
        do {
            try database.writeWithoutTransaction { database in
                try Self.inTransaction(database) {
                    while let request = next() {
                        try write(request, to: database)
                        bytesSinceCheckpoint += request.bytesWaiting
                    }
                }
                if checkpoints?.takeIsLong() == true { _ = try SQLiteFile.checkpoint(database) }
            }
        } catch {
            throw Self.error(error, path: path)
        }
        bytesSinceCheckpoint += Self.commitBytes
        if bytesSinceCheckpoint >= Self.checkpointBytes {
            bytesSinceCheckpoint = 0
            checkpoints?.begin()
        }
        if .now - presenceCheckedAt >= Self.presenceCheckTime { try checkPresence() }
    }

    /// A transaction whose statements are compiled once: the commit of a single answer would compile them for a tenth of its time.
    private static func inTransaction(_ database: Database, _ body: () throws -> Void) throws {
        try database.cachedStatement(sql: "BEGIN IMMEDIATE").execute()
        do {
            try body()
            try database.cachedStatement(sql: "COMMIT").execute()
        } catch {
            if database.isInsideTransaction { try? database.rollback() }
            throw error
        }
    }

    /// Whether rows wait for `tidy`, which belong to nothing.
    var hasRowsToDelete: Bool { !planner.isTidy }

    /// Does some of what deleting has left to do: what belongs to nothing is deleted, and free pages returned. Returns whether some is
    /// left. Cost: a millisecond or so beyond `time`.
    package func tidy(for time: Duration) throws(CoordinatorError) -> Bool {
        let end = ContinuousClock.now + time
        do {
            return try database.writeWithoutTransaction { database in
                while !planner.isTidy {
                    try database.inTransaction {
                        repeat { try planner.tidy(database) } while !planner.isTidy && ContinuousClock.now < end
                        return .commit
                    }
                    if ContinuousClock.now >= end { return true }
                }
                while try SQLiteFile.releaseSpace(of: database) {
                    if ContinuousClock.now >= end { return true }
                }
                return false
            }
        } catch {
            throw Self.error(error, path: path)
        }
    }

    private func write(_ request: JournalRequest, to database: Database) throws {
        for entry in request.entries { try Self.write(entry, to: database) }
        if request.entries.contains(where: \.namesTenant) || request.plannerEntries.keys.contains(where: { $0 != nil })
            || request.planPart != nil && request.tenant != nil
        {
            try JournalFile.beginTenants(in: database)
        }
        if let part = request.planPart { try planner.write(part, of: request.tenant, to: database) }
        for (tenant, entries) in request.plannerEntries {
            for entry in entries {
                try planner.write(entry, of: tenant, opensByParts: request.opensByParts, to: database)
            }
        }
    }

    /// Throws `journalRemoved` where the path does not name the file that is open any more: what is written to it would be
    /// gone with the process. Cost: two system calls.
    private func checkPresence() throws(CoordinatorError) {
        presenceCheckedAt = .now
        guard let identity else { return }
        let log = FileIdentity(of: path + "-wal")
        guard FileIdentity(of: path) == identity, log != nil, logIdentity == nil || log == logIdentity else {
            throw .journalRemoved(path: path)
        }
        logIdentity = log
    }

    private static func write(_ entry: JournalEntry, to database: Database) throws {
        switch entry {
        case .generationStarted(let generation):
            try database.execute(
                sql: "DELETE FROM entry WHERE kind = ?", arguments: [EntryRow.Kind.generation.rawValue])
            try EntryRow.insert(.generation, shard: Int64(bitPattern: generation), to: database)
        case .fingerprintAdopted(let model):
            try database.execute(
                sql: "DELETE FROM entry WHERE kind = ?", arguments: [EntryRow.Kind.fingerprint.rawValue])
            try EntryRow.insert(.fingerprint, header: Array(model.name.utf8), body: model.digest.bytes, to: database)
        case .jobOpened(let job, let tenant):
            // In the job's own row: where it is damaged, there is no job, and not one that is anybody's.
            try EntryRow.insert(.job, job: job, body: tenant.map { Array($0.utf8) }, to: database)
        case .jobOwned(let job, let owner):
            try EntryRow.insert(.owner, job: job, body: Array(owner.utf8), to: database)
        case .shardAnswered(let answer):
            let frames = Envelope(generation: 0, .shardAnswer(answer)).rawFrames
            try EntryRow.insert(
                .answer, job: answer.job, shard: Int64(answer.shard), header: frames[0].array, body: frames[1].array,
                to: database)
        case .confirmed(let job, let below):
            // Two statements, so that each can use the index.
            try database.cachedStatement(sql: "DELETE FROM entry WHERE job = ? AND kind = ? AND shard < ?")
                .execute(arguments: [EntryRow.data(job.bytes), EntryRow.Kind.answer.rawValue, Int64(below)])
            try database.cachedStatement(sql: "DELETE FROM entry WHERE job = ? AND kind = ?")
                .execute(arguments: [EntryRow.data(job.bytes), EntryRow.Kind.confirmed.rawValue])
            try EntryRow.insert(.confirmed, job: job, shard: Int64(below), to: database)
        case .answersWithdrawn(let job, let shards):
            let statement = try database.cachedStatement(
                sql: "DELETE FROM entry WHERE job = ? AND kind = ? AND shard = ?")
            for shard in shards {
                try statement.execute(
                    arguments: [EntryRow.data(job.bytes), EntryRow.Kind.answer.rawValue, Int64(shard)])
            }
        case .jobClosed(let job):
            try database.execute(sql: "DELETE FROM entry WHERE job = ?", arguments: [EntryRow.data(job.bytes)])
        case .workerQuarantined(let identity, let tenant):
            try EntryRow.insert(
                .quarantine, header: tenant.map { Array($0.utf8) }, body: Array(identity.utf8), to: database)
            // The state keeps the latest ones too, and no more.
            try database.execute(
                sql: """
                    DELETE FROM entry WHERE job IS NULL AND kind = ? AND sequence <= (
                        SELECT sequence FROM entry WHERE job IS NULL AND kind = ?
                        ORDER BY sequence DESC LIMIT 1 OFFSET ?)
                    """,
                arguments: [
                    EntryRow.Kind.quarantine.rawValue, EntryRow.Kind.quarantine.rawValue, Limits.quarantinedMax,
                ])
        case .quarantineLifted:
            try database.execute(
                sql: "DELETE FROM entry WHERE kind = ?", arguments: [EntryRow.Kind.quarantine.rawValue])
        }
    }
}

extension JournalEntry {
    /// Whether a version that knows no tenants would read it as the cluster's own.
    fileprivate var namesTenant: Bool {
        switch self {
        case .jobOpened(_, let tenant), .workerQuarantined(_, let tenant): tenant != nil
        default: false
        }
    }
}

extension JournalContents {
    /// A generation that is lost must not be used again: numbers of assignments contain it. Seconds since 1970 are more than
    /// the starts of any coordinator, and fit until 2106.
    fileprivate mutating func replaceLostGeneration(at date: Date) {
        guard damage.contains(where: { $0.kind == .generation }) else { return }
        entries.insert(.generationStarted(UInt64(UInt32(clamping: Int(date.timeIntervalSince1970)))), at: 0)
    }
}
