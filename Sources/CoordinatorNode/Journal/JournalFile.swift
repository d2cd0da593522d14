import Foundation
import GRDB
import SQLite

/// The journal's file: its format, whether its pages are sound, and rows that are put aside.
enum JournalFile {
    /// Written into the file; a file of a later version is refused. A version that knows no tenants reads format 1.
    private static let format = 1
    private static let formatWithTenants = 2
    /// So many damaged rows, and more than a quarter of all, are no accident of single rows: nothing is put aside.
    private static let damagedRowsMin = 64

    /// Refuses a file whose pages are damaged, makes damaged indexes again, and adds what former versions lack.
    /// Returns what was mended. Cost: reads the whole file once.
    static func prepare(_ database: Database, path: String) throws -> [JournalDamage] {
        let format = try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0
        guard (0...formatWithTenants).contains(format) else {
            throw CoordinatorError.journalUnreadable(path: path, reason: "it has format \(format) of a later version")
        }
        let faults = try String.fetchAll(database, sql: "PRAGMA integrity_check(20)").filter { $0 != "ok" }
        guard !faults.isEmpty else { return [] }
        let ofIndexes = ["missing from index", "wrong # of entries in index", "non-unique entry in index"]
        let ofRows = ["value in ", "NULL value"]
        let others = faults.filter { fault in !(ofIndexes + ofRows).contains { fault.contains($0) } }
        if let first = others.first {
            throw CoordinatorError.journalUnreadable(path: path, reason: first)
        }
        try database.execute(sql: "REINDEX")
        let fault = faults.first { fault in ofIndexes.contains { fault.contains($0) } }
        return fault.map { [JournalDamage(table: "journal", row: nil, kind: .index, reason: $0)] } ?? []
    }

    /// Called before a row of a tenant is written: a version that knows no tenants must not read it as its own. Returns at
    /// once where that is said already.
    static func beginTenants(in database: Database) throws {
        guard try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0 < formatWithTenants else { return }
        try database.execute(sql: "PRAGMA user_version = \(formatWithTenants)")
    }

    /// Puts damaged rows aside, into a table of their own. Throws where there are too many.
    static func quarantine(_ scan: JournalScan, in database: Database, path: String) throws {
        if scan.rows.count >= damagedRowsMin, scan.rows.count > scan.contents.rows / 3 {
            let first = scan.contents.damage.first.map { "\($0)" } ?? ""
            throw CoordinatorError.journalUnreadable(
                path: path, reason: "\(scan.rows.count) rows are damaged, \(scan.contents.rows) are sound; \(first)")
        }
        guard !scan.rows.isEmpty || !scan.falseTexts.isEmpty else { return }
        try database.execute(
            sql: """
                CREATE TABLE IF NOT EXISTS quarantine (
                    number INTEGER PRIMARY KEY, source TEXT NOT NULL, row TEXT, reason TEXT NOT NULL, content TEXT)
                """)
        for (damage, table, key) in scan.rows {
            let content = table.checked.map { "quote(\($0))" }.joined(separator: " || ', ' || ")
            try database.execute(
                sql: """
                    INSERT INTO quarantine (source, row, reason, content)
                    SELECT ?1, quote(?2), ?3, \(content) FROM \(table.name) WHERE \(table.key) IS ?2
                    """, arguments: [table.name, key, damage.reason])
            try database.execute(sql: "DELETE FROM \(table.name) WHERE \(table.key) IS ?", arguments: [key])
        }
        // Otherwise a text that is sent again would be taken for the one that is there.
        for digest in scan.falseTexts {
            try database.execute(sql: "DELETE FROM prompt WHERE digest = ?", arguments: [digest])
        }
    }

    /// Rows that are there now are checked: they get checksums where they have none.
    static func finish(_ database: Database) throws {
        guard try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0 < format else { return }
        try JournalTable.addChecksums(to: database)
        try database.execute(sql: "PRAGMA user_version = \(format)")
    }
}
