import Cluster
import CoordinatorNode
import Foundation
import GRDB
import Scoring

/// Rows of a coordinator's journal with any values in any columns: read or named as damage, and replayed without a trap.
enum JournalTarget {
    /// Tables and their columns, in the order of the first byte of a row.
    private static let tables: [(name: String, columns: [String])] = [
        ("entry", ["kind", "job", "shard", "header", "body"]),
        (
            "outcome",
            [
                "policy", "event", "prompt_id", "prompt", "version", "reward", "n", "failed", "rewards", "step",
                "tokens",
            ]
        ), ("plan_entry", ["policy", "step", "kind", "body"]), ("attempt", ["policy", "body"]),
        ("known_text", ["policy", "prompt_id", "prompt"]), ("prompt", ["digest", "text"]),
    ]
    private static let rowsMax = 12

    /// A journal in memory, without rows.
    private static let queue: Result<DatabaseQueue, any Error> = Result {
        let path = FuzzFolder.write([], "journal", in: "journal")
        do { _ = try CoordinatorJournal(path: path) }
        let memory = try DatabaseQueue()
        try DatabaseQueue(path: path).backup(to: memory)
        return memory
    }

    static func run(_ bytes: [UInt8]) -> String? {
        var input = FuzzBytes(bytes)
        do {
            return try queue.get().write { try read(&input, $0) }
        } catch {
            return "the journal in memory: \(error)"
        }
    }

    private static func read(_ input: inout FuzzBytes, _ database: Database) throws -> String? {
        for table in tables { try database.execute(sql: "DELETE FROM \(table.name)") }
        var (rows, digest) = (0, Data())
        while !input.isEmpty, rows < rowsMax {
            let table = tables[Int(input.byte()) % tables.count]
            let values = table.columns.map { _ in value(&input, &digest) }
            let texts = values.map { $0.isText ? "CAST(? AS TEXT)" : "?" }.joined(separator: ", ")
            // A row that the table's rules refuse cannot be in a file either.
            try? database.execute(
                sql: "INSERT INTO \(table.name) (\(table.columns.joined(separator: ", "))) VALUES (\(texts))",
                arguments: StatementArguments(values.map(\.value)))
            rows += 1
        }
        let contents = try JournalScan(database).contents
        if let empty = contents.damage.first(where: { "\($0)".isEmpty }) {
            return "damage without words: \(empty.kind)"
        }
        var machines = CoordinatorMachines(replaying: contents.entries, contents.plannerEntries)
        for moment in [0, 1, 10, 100] {
            _ = machines.handle(moment == 0 ? .started : .tick, at: Instant(.seconds(moment)))
        }
        return nil
    }

    /// A value behind the byte of its type. The text of a blob is text of any bytes; the digest is that of the last text.
    private static func value(
        _ input: inout FuzzBytes, _ digest: inout Data
    ) -> (value: (any DatabaseValueConvertible)?, isText: Bool) {
        switch input.byte() % 7 {
        case 0: return (nil, false)
        case 1: return (Int64(bitPattern: input.number64()), false)
        case 2: return (Int64(input.byte()), false)
        case 3: return (Double(bitPattern: input.number64()), false)
        case 4:
            let text = Data(input.block())
            digest = Data(Digest(of: [UInt8](text)).bytes)
            return (text, true)
        case 5: return (Data(input.block()), false)
        default: return (digest, false)
        }
    }
}
