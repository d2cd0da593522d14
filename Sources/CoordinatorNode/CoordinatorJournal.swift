public import Cluster
import Foundation
import GRDB
import SQLite
import Scoring
import Wire

/// The coordinator's journal: entries in a SQLite file, deleted as clients confirm.
///
/// WAL with `synchronous = NORMAL`: a killed process loses nothing. A power cut can lose the last commits; then those
/// shards are computed again, since only the client's own folder counts. What is deleted makes the file smaller again. The file is locked exclusively, so that two
/// coordinators cannot share it. Belongs to the coordinator's thread.
public final class CoordinatorJournal {
    private let database: DatabaseQueue
    private var planner: PlannerJournal

    /// Opens the journal at a path, or creates one there. Without a path it is in memory and ends with the process.
    /// - Parameter outcomesMax: Outcomes kept of a policy, the latest.
    public init(path: String?, outcomesMax: Int = 65_536) throws(CoordinatorError) {
        do {
            (database, planner) = try SQLiteFile.open(
                path, durability: .process, sharing: .exclusive, releasesSpace: true
            ) { database in
                try database.execute(
                    sql: """
                        CREATE TABLE IF NOT EXISTS entry (
                            sequence INTEGER PRIMARY KEY, kind INTEGER NOT NULL, job BLOB, shard INTEGER,
                            header BLOB, body BLOB);
                        CREATE INDEX IF NOT EXISTS entry_job ON entry (job, kind, shard);
                        """)
                return try PlannerJournal(database, outcomesMax: outcomesMax)
            }
        } catch {
            throw .journal(path: path ?? "memory", reason: "\(error)")
        }
        self.path = path ?? "memory"
    }

    private let path: String
    /// Whether a commit waits for the disk: the present setting of the database.
    private var isSynchronous = false

    /// Kinds of entries; the raw values are those in the file.
    private enum Kind: Int {
        case generation = 1
        case fingerprint = 2
        case job = 3
        case answer = 4
        case confirmed = 5
    }

    /// All entries, in order.
    public func entries() throws(CoordinatorError) -> [JournalEntry] {
        do {
            return try database.read { database in
                try Row.fetchAll(database, sql: "SELECT kind, job, shard, header, body FROM entry ORDER BY sequence")
                    .map(Self.entry)
            }
        } catch {
            throw .journal(path: path, reason: "\(error)")
        }
    }

    /// All entries of the planner, in order.
    public func plannerEntries() throws(CoordinatorError) -> [PlannerEntry] {
        do {
            return try database.read { try planner.entries($0) }
        } catch {
            throw .journal(path: path, reason: "\(error)")
        }
    }

    /// Makes entries durable, all or none.
    ///
    /// Outcomes and rewards are also on the disk itself when this returns, so that a power cut does not lose them: they
    /// are acknowledged, and their sender does not repeat them.
    public func commit(_ entries: [JournalEntry], _ plannerEntries: [PlannerEntry] = []) throws(CoordinatorError) {
        guard !entries.isEmpty || !plannerEntries.isEmpty else { return }
        let isPermanent = plannerEntries.contains {
            switch $0 {
            case .outcomesRecorded, .groupReported, .outcomesForgotten, .attemptBegan: true
            default: false
            }
        }
        do {
            try database.writeWithoutTransaction { database in
                if isPermanent != isSynchronous {
                    try SQLiteFile.setDurability(isPermanent ? .disk : .process, of: database)
                    isSynchronous = isPermanent
                }
                try database.inTransaction {
                    for entry in entries { try Self.write(entry, to: database) }
                    for entry in plannerEntries { try planner.write(entry, to: database) }
                    try planner.sweep(database)
                    return .commit
                }
                try SQLiteFile.releaseSpace(of: database)
            }
        } catch {
            throw .journal(path: path, reason: "\(error)")
        }
    }

    private static func write(_ entry: JournalEntry, to database: Database) throws {
        switch entry {
        case .generationStarted(let generation):
            try database.execute(sql: "DELETE FROM entry WHERE kind = ?", arguments: [Kind.generation.rawValue])
            try insert(.generation, shard: Int64(bitPattern: generation), to: database)
        case .fingerprintAdopted(let model):
            try database.execute(sql: "DELETE FROM entry WHERE kind = ?", arguments: [Kind.fingerprint.rawValue])
            try insert(.fingerprint, header: Array(model.name.utf8), body: model.digest.bytes, to: database)
        case .jobOpened(let job):
            try insert(.job, job: job, to: database)
        case .shardAnswered(let answer):
            let frames = Envelope(generation: 0, .shardAnswer(answer)).rawFrames
            try insert(
                .answer, job: answer.job, shard: Int64(answer.shard), header: frames[0].array, body: frames[1].array,
                to: database)
        case .confirmed(let job, let below):
            // Two statements, so that each can use the index.
            try database.cachedStatement(sql: "DELETE FROM entry WHERE job = ? AND kind = ? AND shard < ?")
                .execute(arguments: [data(job.bytes), Kind.answer.rawValue, Int64(below)])
            try database.cachedStatement(sql: "DELETE FROM entry WHERE job = ? AND kind = ?")
                .execute(arguments: [data(job.bytes), Kind.confirmed.rawValue])
            try insert(.confirmed, job: job, shard: Int64(below), to: database)
        case .jobClosed(let job):
            try database.execute(sql: "DELETE FROM entry WHERE job = ?", arguments: [data(job.bytes)])
        }
    }

    private static func insert(
        _ kind: Kind, job: JobID? = nil, shard: Int64? = nil, header: [UInt8]? = nil, body: [UInt8]? = nil,
        to database: Database
    ) throws {
        try database.cachedStatement(
            sql: "INSERT INTO entry (kind, job, shard, header, body) VALUES (?, ?, ?, ?, ?)"
        ).execute(arguments: [kind.rawValue, job.map { data($0.bytes) }, shard, header.map(data), body.map(data)])
    }

    private static func entry(_ row: Row) throws -> JournalEntry {
        let shard: Int64 = row["shard"] ?? 0
        let header = [UInt8](row["header"] as Data? ?? Data())
        let body = [UInt8](row["body"] as Data? ?? Data())
        let job = JobID(bytes: row["job"] as Data? ?? Data())
        switch (Kind(rawValue: row["kind"]), job) {
        case (.generation, _): return .generationStarted(UInt64(bitPattern: shard))
        case (.fingerprint, _):
            guard let digest = Digest(bytes: body) else { throw CoordinatorError.journalDamaged }
            return .fingerprintAdopted(ModelFingerprint(name: String(decoding: header, as: UTF8.self), digest: digest))
        case (.job, let job?): return .jobOpened(job)
        case (.confirmed, let job?): return .confirmed(job, below: UInt32(clamping: shard))
        case (.answer, _):
            guard case .shardAnswer(let answer) = try Envelope(frames: [header, body]).message else {
                throw CoordinatorError.journalDamaged
            }
            return .shardAnswered(answer)
        default: throw CoordinatorError.journalDamaged
        }
    }

    private static func data(_ bytes: [UInt8]) -> Data { Data(bytes) }
}
