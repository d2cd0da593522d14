import Cluster
import Foundation
package import GRDB
import SQLite
import Scoring
import Wire

/// Reads all rows of a journal: each is checked and decoded, or named as damage. Nothing that a file has ends the process.
///
/// Where pages of the file cannot be read, it goes around them by halving the numbers of rows.
package struct JournalScan {
    private let database: Database
    package private(set) var contents = JournalContents()
    /// Damaged rows that are in the file, by table: what to quarantine.
    private(set) var rows: [(damage: JournalDamage, table: JournalTable, key: DatabaseValue)] = []
    /// Rows of plans that were not opened.
    private(set) var unopenedRows: [Int64] = []
    /// Digests under which another text is stored.
    private(set) var falseTexts: Set<Data> = []
    /// By digest: the texts read so far. Equal texts share their memory.
    private var texts: [Data: String] = [:]
    private var plans = PlanScan()
    /// Known texts in order, those of one policy in a row together.
    private var knownTexts: [(policy: StoredPolicy, texts: [NamedText])] = []
    /// Further attempts to read around what cannot be read.
    private var probesLeft = 20_000

    package init(_ database: Database) throws {
        self.database = database
        try scan(.entry) { scan, row throws in try scan.readEntry(row) }
        dropAnswersOfUnknownModel()
        try scan(.outcome) { scan, row throws in try scan.readOutcome(row) }
        try scanAttempts()
        try scan(.plan) { scan, row throws in
            let kind = try PlanScan.kind(row)
            try scan.plans.read(row, kind)
            if kind != .candidates { scan.contents.count(kind.damage) }
        }
        dropBrokenPlans()
        try scan(.knownText) { scan, row throws in try scan.readKnownText(row) }
        for (policy, texts) in knownTexts {
            contents.add(.textsNamed(policyID: policy.policyID, texts), of: policy.tenant)
        }
    }

    // MARK: Rows

    /// Reads a table in the order of its numbers.
    private mutating func scan(_ table: JournalTable, _ read: (inout JournalScan, Row) throws -> Void) throws {
        guard let last = try? Int64.fetchOne(database, sql: "SELECT max(sequence) FROM \(table.name)") else {
            // NULL: there is no row; or its end cannot be read.
            let count = try? Int.fetchOne(database, sql: "SELECT count(*) FROM \(table.name)")
            if count != 0 { contents.damage.append(damage(table, nil, .unknown, "its rows cannot be read")) }
            return
        }
        try scan(table, 0...max(0, last), read)
    }

    private mutating func scan(
        _ table: JournalTable, _ range: ClosedRange<Int64>, _ read: (inout JournalScan, Row) throws -> Void
    ) throws {
        var next = range.lowerBound
        do {
            let cursor = try Row.fetchCursor(
                database, sql: "\(table.selection) WHERE sequence BETWEEN ? AND ? ORDER BY sequence",
                arguments: [range.lowerBound, range.upperBound])
            while let row = try cursor.next() {
                let number: Int64 = try row.checked("sequence")
                next = number < .max ? number + 1 : number
                use(row, of: table, number, read)
            }
        } catch let error as DatabaseError where error.resultCode == .SQLITE_CORRUPT {
            guard next <= range.upperBound else { return }
            let rest = next...range.upperBound
            // Not by their count: numbers up to the largest one are more than an Int counts.
            let isOne = rest.lowerBound == rest.upperBound
            guard !isOne, probesLeft > 0 else {
                let rows = !isOne ? "rows \(next) to \(range.upperBound)" : "the row"
                return contents.damage.append(damage(table, next, .unknown, "\(rows) cannot be read"))
            }
            probesLeft -= 1
            let middle = rest.lowerBound + (rest.upperBound - rest.lowerBound) / 2
            try scan(table, rest.lowerBound...middle, read)
            try scan(table, (middle + 1)...rest.upperBound, read)
        }
    }

    private mutating func use(
        _ row: Row, of table: JournalTable, _ number: Int64?, _ read: (inout JournalScan, Row) throws -> Void
    ) {
        var reason: String?
        if !JournalTable.isSound(row) {
            reason = "its checksum is not that of its values"
        } else {
            do { try read(&self, row) } catch { reason = Self.reason(error) }
        }
        if reason == nil, let sum = row.databaseValues.last, sum.isNull { contents.unchecked += 1 }
        guard let reason else { return }
        let kind = Self.kind(of: row, table)
        if table.name == JournalTable.plan.name, kind != .group { plans.drop(row) }
        mark(damage(table, number, kind, reason), table, row[table.key])
    }

    private static func reason(_ error: any Error) -> String {
        guard case CoordinatorError.journalDamaged = error else { return "\(error)" }
        return "its body cannot be read"
    }

    private mutating func mark(_ damage: JournalDamage, _ table: JournalTable, _ key: DatabaseValue) {
        contents.damage.append(damage)
        rows.append((damage, table, key))
    }

    private func damage(
        _ table: JournalTable, _ row: Int64?, _ kind: JournalDamage.Kind, _ reason: String
    ) -> JournalDamage {
        JournalDamage(table: table.name, row: row, kind: kind, reason: reason)
    }

    private static func kind(of row: Row, _ table: JournalTable) -> JournalDamage.Kind {
        switch table.name {
        case JournalTable.entry.name: (try? EntryRow.kind(row))?.damage ?? .unknown
        case JournalTable.plan.name: (try? PlanScan.kind(row))?.damage ?? .unknown
        case JournalTable.outcome.name: .outcome
        case JournalTable.attempt.name: .attempt
        default: .knownText
        }
    }

    // MARK: Jobs

    private mutating func readEntry(_ row: Row) throws {
        contents.entries.append(try EntryRow.entry(row))
        contents.count(try EntryRow.kind(row).damage)
    }

    /// Without the model's row, answers of one model could be joined with those of another.
    private mutating func dropAnswersOfUnknownModel() {
        guard contents.damage.contains(where: { $0.kind == .model }) else { return }
        contents.entries.removeAll { if case .shardAnswered = $0 { true } else { false } }
        let dropped = contents.counts.removeValue(forKey: .answer) ?? 0
        guard dropped > 0 else { return }
        contents.damage.append(
            damage(.entry, nil, .answer, "\(dropped) answers are of a model whose row is damaged"))
    }

    // MARK: Histories

    private mutating func readOutcome(_ row: Row) throws {
        let rewards = try JSONDecoder().decode([Double].self, from: Data(row.text("rewards").utf8))
        let outcome = RecordedOutcome(
            eventID: try row.text("event"), promptID: try row.text("prompt_id"), text: try text(of: row),
            version: try row.checked("version"), reward: try row.checked("reward"), n: try row.checked("n"),
            failed: try row.checked("failed"), rewards: rewards, step: try row.checkedIfAny("step"),
            tokens: try row.checkedIfAny("tokens") ?? 0)
        try Self.check(outcome)
        let policy = try row.policy()
        contents.add(.outcomesRecorded(policyID: policy.policyID, [outcome]), of: policy.tenant)
        contents.count(.outcome)
    }

    /// Numbers beyond these would end the process in sums; no version writes them.
    private static func check(_ outcome: RecordedOutcome) throws(ColumnFault) {
        let counts = PlanLimits.counts
        guard (0.0...1.0).contains(outcome.reward) else {
            throw ColumnFault(column: "reward", found: "the number \(outcome.reward)")
        }
        for (column, number, range) in [
            ("n", outcome.n, counts), ("failed", outcome.failed, counts), ("tokens", outcome.tokens, 0...(1 << 53)),
            ("version", outcome.version, 0...(1 << 53)), ("step", outcome.step ?? 0, 0...(1 << 53)),
        ] where !range.contains(number) {
            throw ColumnFault(column: column, found: "the number \(number)")
        }
    }

    private mutating func scanAttempts() throws {
        let table = JournalTable.attempt
        do {
            for row in try Row.fetchAll(database, sql: "\(table.selection) ORDER BY policy") {
                use(row, of: table, nil) { scan, row throws in
                    var reader = JournalReader([UInt8](try row.checked("body", as: Data.self)))
                    let attempts = try PolicyAttempts(reading: &reader)
                    let policy = try row.policy()
                    scan.contents.add(.attemptBegan(policyID: policy.policyID, attempts), of: policy.tenant)
                    scan.contents.count(.attempt)
                }
            }
        } catch let error as DatabaseError where error.resultCode == .SQLITE_CORRUPT {
            contents.damage.append(damage(table, nil, .attempt, "its rows cannot be read"))
        }
    }

    private mutating func readKnownText(_ row: Row) throws {
        let named = NamedText(promptID: try row.text("prompt_id"), text: try text(of: row))
        let policy = try row.policy()
        if knownTexts.last?.policy != policy { knownTexts.append((policy, [])) }
        // In place: a copy for each text would cost the square of their number.
        knownTexts[knownTexts.count - 1].texts.append(named)
        contents.count(.knownText)
    }

    /// The text that a row names by its digest. Cost: a look-up, and a SHA-256 of each text once.
    private mutating func text(of row: Row) throws -> String {
        let digest: Data = try row.checked("prompt")
        if let known = texts[digest] { return known }
        let found = try Row.fetchOne(
            database.cachedStatement(sql: "SELECT text FROM prompt WHERE digest = ?"), arguments: [digest])
        guard let found else { throw MissingText(reason: "the text that it names is missing") }
        let text = try? found.text("text")
        guard let text, Data(Digest(of: text).bytes) == digest else {
            falseTexts.insert(digest)
            throw MissingText(reason: "the text that it names is damaged")
        }
        texts[digest] = text
        return text
    }

    private struct MissingText: Error, CustomStringConvertible {
        let reason: String
        var description: String { reason }
    }

    // MARK: Plans

    private mutating func dropBrokenPlans() {
        let (whole, orphans, unopened) = plans.finish()
        unopenedRows = unopened
        for found in whole {
            if let entry = found.entry { contents.add(entry, of: found.plan.tenant) }
        }
        for orphan in orphans {
            if orphan.kind != .candidates { contents.counts[orphan.kind.damage, default: 1] -= 1 }
            mark(
                damage(.plan, orphan.number, orphan.kind.damage, "another row of its plan is damaged"), .plan,
                orphan.number.databaseValue)
        }
    }
}
