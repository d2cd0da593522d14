import Cluster
import Foundation
import GRDB
import SQLite
import Scoring
import Wire

/// Rows of jobs: between an entry and the columns of its row.
enum EntryRow {
    /// Kinds of entries; the raw values are those in the file.
    enum Kind: Int {
        case generation = 1
        case fingerprint = 2
        case job = 3
        case answer = 4
        case confirmed = 5
        case owner = 6
        case quarantine = 7

        var damage: JournalDamage.Kind {
            switch self {
            case .generation: .generation
            case .fingerprint: .model
            case .job, .owner: .job
            case .quarantine: .quarantine
            case .answer: .answer
            case .confirmed: .confirmation
            }
        }
    }

    static func insert(
        _ kind: Kind, job: JobID? = nil, shard: Int64? = nil, header: [UInt8]? = nil, body: [UInt8]? = nil,
        to database: Database
    ) throws {
        try database.cachedStatement(sql: JournalTable.entry.insertion)
            .execute(arguments: [
                kind.rawValue, job.map { data($0.bytes) }, shard, header.map(data), body.map(data),
            ])
    }

    static func kind(_ row: Row) throws -> Kind {
        guard let kind = Kind(rawValue: try row.checked("kind")) else { throw CoordinatorError.journalDamaged }
        return kind
    }

    static func entry(_ row: Row) throws -> JournalEntry {
        let shard: Int64 = try row.checkedIfAny("shard") ?? 0
        let header = [UInt8](try row.checkedIfAny("header", as: Data.self) ?? Data())
        let body = [UInt8](try row.checkedIfAny("body", as: Data.self) ?? Data())
        let job = JobID(bytes: try row.checkedIfAny("job", as: Data.self) ?? Data())
        switch (try kind(row), job) {
        case (.generation, _):
            // It is the upper half of the numbers of assignments.
            guard let generation = UInt32(exactly: shard) else { throw CoordinatorError.journalDamaged }
            return .generationStarted(UInt64(generation))
        case (.fingerprint, _):
            guard let digest = Digest(bytes: body), let name = String(validating: header, as: UTF8.self) else {
                throw CoordinatorError.journalDamaged
            }
            return .fingerprintAdopted(ModelFingerprint(name: name, digest: digest))
        case (.job, let job?): return .jobOpened(job, tenant: try text(body))
        case (.owner, let job?):
            guard let owner = String(validating: body, as: UTF8.self) else { throw CoordinatorError.journalDamaged }
            return .jobOwned(job, owner: owner)
        case (.quarantine, _):
            return .workerQuarantined(try text(body) ?? "", tenant: try text(header))
        case (.confirmed, let job?): return .confirmed(job, below: UInt32(clamping: shard))
        case (.answer, let job):
            guard case .shardAnswer(let answer) = try Envelope(frames: [header, body]).message, answer.job == job,
                Int64(answer.shard) == shard
            else { throw CoordinatorError.journalDamaged }
            return .shardAnswered(answer)
        default: throw CoordinatorError.journalDamaged
        }
    }

    /// A text; `nil` for none.
    private static func text(_ bytes: [UInt8]) throws -> String? {
        guard let text = String(validating: bytes, as: UTF8.self) else { throw CoordinatorError.journalDamaged }
        return text.isEmpty ? nil : text
    }

    static func data(_ bytes: [UInt8]) -> Data { Data(bytes) }
}
