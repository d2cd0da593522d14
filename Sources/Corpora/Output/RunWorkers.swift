import Foundation
import JSON

/// Which worker answered which shards of a run, and who computed the same: the file `_workers.json` beside the manifest.
///
/// It is no part of the output: parts and manifest are equal for all runs of one identity, by any workers.
public struct RunWorkers: Codable, Hashable, Sendable {
    /// Format of this file.
    public var formatVersion = 1
    /// The parts in order. A part of a version that did not record its workers has none.
    public var parts: [Part]
    /// Workers that others contradicted, by key, or by name without keys. What rests on their word alone in a part that was
    /// committed before is listed under them.
    public var quarantined: [String]

    /// A part of the output.
    public struct Part: Codable, Hashable, Sendable {
        /// File name.
        public var name: String
        /// What each worker answered of it.
        public var workers: [Share]
    }

    /// What one worker answered of a part, and the same others computed again.
    public struct Share: Codable, Hashable, Sendable {
        /// The worker's name; absent where rows ended every worker, so that none answered.
        public var worker: String?
        /// Its key's name; absent without keys.
        public var key: String?
        /// Other workers that computed the same, bit for bit.
        public var verifiedBy: [Verifier]
        /// `true` where the shards were drawn to be computed again, and no other worker was there.
        public var isUnverified: Bool?
        /// Rows answered.
        public var rows: Int
        /// The shards, in the order of the input from 0: "0-3,7".
        public var shards: String

        /// Describes a share.
        public init(
            worker: String?, key: String?, verifiedBy: [Verifier] = [], isUnverified: Bool? = nil, rows: Int,
            shards: String
        ) {
            self.worker = worker
            self.key = key
            self.verifiedBy = verifiedBy
            self.isUnverified = isUnverified
            self.rows = rows
            self.shards = shards
        }

        enum CodingKeys: String, CodingKey {
            case worker, key, rows, shards
            case verifiedBy = "verified_by"
            case isUnverified = "unverified"
        }
    }

    /// Another worker that computed the same.
    public struct Verifier: Codable, Hashable, Sendable {
        /// Its name.
        public var worker: String
        /// Its key's name; absent without keys.
        public var key: String?

        /// Names a worker.
        public init(worker: String, key: String?) {
            self.worker = worker
            self.key = key
        }
    }

    enum CodingKeys: String, CodingKey {
        case parts, quarantined
        case formatVersion = "format_version"
    }

    /// Rows that two workers computed alike.
    public var verifiedRows: Int { rows { !$0.verifiedBy.isEmpty } }
    /// Rows that were drawn to be computed again, and were not.
    public var unverifiedRows: Int { rows { $0.isUnverified == true } }
    /// Rows that rest on the word of a worker that others contradicted.
    public var doubtfulRows: Int {
        let names = Set(quarantined)
        return rows { share in
            share.verifiedBy.isEmpty && names.contains(share.key ?? String((share.worker ?? "").prefix { $0 != "/" }))
        }
    }

    private func rows(_ isCounted: (Share) -> Bool) -> Int {
        // The file may have any numbers: a sum of them never overflows.
        parts.flatMap(\.workers).filter(isCounted).reduce(0) { sum, share in
            let (more, isBeyond) = sum.addingReportingOverflow(share.rows)
            return isBeyond ? sum : more
        }
    }

    /// Reads the file of a finished folder; `nil` where there is none, or another version wrote it.
    public static func read(folder: String) -> RunWorkers? {
        let path = "\(folder)/\(OutputFolder.workersName)"
        guard let location = try? PipeCopies.location(of: path),
            let bytes = FileManager.default.contents(atPath: location)
        else { return nil }
        return try? JSONDecoder().decode(RunWorkers.self, from: bytes)
    }

    func encoded() throws -> [UInt8] {
        Array(try JSONEncoder.page.encode(self)) + [UInt8(ascii: "\n")]
    }
}
