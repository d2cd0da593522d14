import Crypto
import Foundation
import GRDB
import Scoring

/// A table of the journal whose rows have checksums: how a row is inserted, and whether one is as it was written.
///
/// A checksum is of all columns, the row's number included, so that rows that changed places are found. Rows of version
/// 0.1.0 have none until this version has read them once. The table of texts needs none: a text's key is its digest.
struct JournalTable {
    let name: String
    /// The primary key: a running number, or the first column.
    private let isNumbered: Bool
    private let columns: [String]
    /// Inserts a row; arguments are its columns in order, without the number.
    let insertion: String

    private init(_ name: String, _ columns: [String], isNumbered: Bool = true) {
        self.name = name
        self.isNumbered = isNumbered
        self.columns = columns
        let values = (1...columns.count).map { "?\($0)" }.joined(separator: ", ")
        let names = columns.joined(separator: ", ")
        // `OR REPLACE`: an event that memory has forgotten counts again, also when the disk still has it.
        insertion =
            isNumbered
            ? """
            INSERT OR REPLACE INTO \(name) (sequence, \(names), checksum)
            SELECT number, \(values), row_checksum(number, \(values))
            FROM (SELECT coalesce(max(sequence), 0) + 1 AS number FROM \(name))
            """
            : "INSERT OR REPLACE INTO \(name) (\(names), checksum) VALUES (\(values), row_checksum(\(values)))"
    }

    static let entry = JournalTable("entry", ["kind", "job", "shard", "header", "body"])
    static let outcome = JournalTable(
        "outcome",
        [
            "policy", "event", "prompt_id", "prompt", "version", "reward", "n", "failed", "rewards", "step", "tokens",
        ])
    static let plan = JournalTable("plan_entry", ["policy", "step", "kind", "body"])
    static let attempt = JournalTable("attempt", ["policy", "body"], isNumbered: false)
    static let knownText = JournalTable("known_text", ["policy", "prompt_id", "prompt"])
    static let all = [entry, outcome, plan, attempt, knownText]

    /// Every column that a checksum is of, in order.
    var checked: [String] { (isNumbered ? ["sequence"] : []) + columns }
    /// Selects rows with their checksums; `attempt` has a rowid neither.
    var selection: String { "SELECT \(checked.joined(separator: ", ")), checksum FROM \(name)" }
    var key: String { isNumbered ? "sequence" : columns[0] }

    /// The function of SQL that makes checksums.
    static let function = DatabaseFunction("row_checksum", pure: true) { checksum(of: $0) }

    /// Whether a row is as it was written: one without a checksum is of a former version.
    static func isSound(_ row: Row) -> Bool {
        let values = Array(row.databaseValues)
        guard let stored = values.last, !stored.isNull else { return true }
        return Int64.fromDatabaseValue(stored) == checksum(of: values.dropLast())
    }

    /// The leading eight bytes of SHA-256 over types, lengths and bytes of the values. A plan has megabytes, which are hashed
    /// where they are.
    private static func checksum(of values: some Sequence<DatabaseValue>) -> Int64 {
        let digest = Digest(finishing: { hash in
            // What is short is hashed together.
            var short: [UInt8] = []
            short.reserveCapacity(256)
            for value in values {
                switch value.storage {
                case .null: short.append(0)
                case .int64(let number): append(1, UInt64(bitPattern: number), to: &short)
                case .double(let number): append(2, number.bitPattern, to: &short)
                case .string(let text):
                    append(3, UInt64(text.utf8.count), to: &short)
                    short.append(contentsOf: text.utf8)
                case .blob(let data):
                    append(4, UInt64(data.count), to: &short)
                    guard data.count > longBytesMin else {
                        short.append(contentsOf: data)
                        continue
                    }
                    hash.update(data: short)
                    hash.update(data: data)
                    short.removeAll(keepingCapacity: true)
                }
            }
            hash.update(data: short)
        })
        return Int64(bitPattern: digest.leading)
    }

    private static let longBytesMin = 512

    private static func append(_ type: UInt8, _ number: UInt64, to bytes: inout [UInt8]) {
        bytes.append(type)
        LittleEndian.append(number, to: &bytes)
    }

    // MARK: Format

    /// Adds checksums to a journal of a former version; what it has is checked by its form only.
    static func addColumns(to database: Database) throws {
        for table in all where try !database.columns(in: table.name).contains(where: { $0.name == "checksum" }) {
            try database.execute(sql: "ALTER TABLE \(table.name) ADD COLUMN checksum INTEGER")
        }
    }

    /// Gives checksums to rows without one.
    static func addChecksums(to database: Database) throws {
        for table in all {
            let list = table.checked.joined(separator: ", ")
            try database.execute(
                sql: "UPDATE \(table.name) SET checksum = row_checksum(\(list)) WHERE checksum IS NULL")
        }
    }
}
