import Cluster
import DequeModule
import Foundation
import GRDB
import SQLite
import Scoring
import Wire

/// The planner's part of the journal: outcomes as rows that can be queried, plans as entries that are replayed.
///
/// It keeps raw rewards, the latest `outcomesMax` outcomes of each policy, and the plans that were not forgotten.
struct PlannerJournal {
    let outcomesMax: Int
    /// Outcomes on disk, by policy.
    private var counts: [StoredPolicy: Int] = [:]
    private var prompts: PromptTable
    /// Rows of candidates whose plans are forgotten; those of a plan with the last one first, so that a start finds its first ones.
    private var candidatesLeft: Deque<Int64> = []
    /// Outcomes beyond `outcomesMax` before the oldest are deleted, so that deleting is rare.
    private static let slack = 1024

    init(_ database: Database, outcomesMax: Int) throws {
        self.outcomesMax = outcomesMax
        prompts = try PromptTable(database)
        try database.execute(
            sql: """
                CREATE TABLE IF NOT EXISTS outcome (
                    sequence INTEGER PRIMARY KEY, policy TEXT NOT NULL, event TEXT NOT NULL, prompt_id TEXT NOT NULL,
                    prompt BLOB NOT NULL, version INTEGER NOT NULL, reward REAL NOT NULL, n INTEGER NOT NULL,
                    failed INTEGER NOT NULL, rewards TEXT NOT NULL);
                CREATE UNIQUE INDEX IF NOT EXISTS outcome_event ON outcome (policy, event);
                CREATE INDEX IF NOT EXISTS outcome_prompt ON outcome (prompt);
                CREATE TABLE IF NOT EXISTS plan_entry (
                    sequence INTEGER PRIMARY KEY, policy TEXT NOT NULL, step INTEGER NOT NULL, kind INTEGER NOT NULL,
                    body BLOB NOT NULL);
                CREATE INDEX IF NOT EXISTS outcome_policy ON outcome (policy, sequence);
                CREATE INDEX IF NOT EXISTS plan_entry_plan ON plan_entry (policy, step);
                CREATE TABLE IF NOT EXISTS attempt (policy TEXT PRIMARY KEY, body BLOB NOT NULL) WITHOUT ROWID;
                """)
        try Self.addColumns(to: database)
        for row in try Row.fetchAll(database, sql: "SELECT policy, count(*) AS n FROM outcome GROUP BY policy") {
            // A name that cannot be read is damage, which reading the rows finds.
            if let policy = try? row.policy() { counts[policy] = try row.checked("n") }
        }
    }

    /// Columns that journals of former versions lack: their outcomes have no step and no tokens.
    private static func addColumns(to database: Database) throws {
        let known = Set(try database.columns(in: "outcome").map(\.name))
        for column in ["step INTEGER", "tokens INTEGER NOT NULL DEFAULT 0"]
        where !known.contains(String(column.prefix { $0 != " " })) {
            try database.execute(sql: "ALTER TABLE outcome ADD COLUMN \(column)")
        }
    }

    // MARK: Writing

    /// - Parameter opensByParts: Whether `write(_:of:to:)` was called before with the candidates of a plan that it opens.
    mutating func write(
        _ entry: PlannerEntry, of tenant: String?, opensByParts: Bool, to database: Database
    ) throws {
        let stored = { (policyID: String) in StoredPolicy(policyID, of: tenant) }
        switch entry {
        case .outcomesRecorded(let policyID, let outcomes):
            for outcome in outcomes { try write(outcome, of: stored(policyID), to: database) }
            try prune(stored(policyID), in: database)
        case .planOpened(let opening):
            let (kind, body) =
                opensByParts
                ? (PlanScan.Kind.openedByParts, opening.journalBodyByParts) : (.opened, opening.journalBody)
            try write(kind, opening.request.plan, of: tenant, body, to: database)
        case .predictionsReceived(let plan, let predictions):
            try write(.predictions, plan, of: tenant, predictions.journalBody, to: database)
        case .planCut(let plan): try write(.cut, plan, of: tenant, [], to: database)
        case .groupReported(let plan, let report): try write(.group, plan, of: tenant, report.journalBody, to: database)
        case .planForgotten(let plan):
            try forgetPlans("policy = ? AND step = ?", [stored(plan.policyID), plan.step], in: database)
        case .textsNamed(let policyID, let texts): try prompts.name(texts, of: stored(policyID), in: database)
        case .textsForgotten(let policyID, let promptIDs):
            try prompts.forget(promptIDs, of: stored(policyID), in: database)
        case .outcomesTrimmed(let policyID, let count): try keepLatest(count, of: stored(policyID), in: database)
        case .policyReduced(let policyID): try reduce(stored(policyID), in: database)
        case .policyForgotten(let policyID):
            try forgetPlans("policy = ?", [stored(policyID)], in: database)
            try database.execute(sql: "DELETE FROM attempt WHERE policy = ?", arguments: [stored(policyID)])
            try keepLatest(0, of: stored(policyID), in: database)
            counts[stored(policyID)] = nil
            try prompts.forgetAll(of: stored(policyID), in: database)
        case .outcomesForgotten(let policyID, let eventIDs): try forget(eventIDs, of: stored(policyID), in: database)
        case .attemptBegan(let policyID, let attempts):
            try database.cachedStatement(sql: JournalTable.attempt.insertion)
                .execute(arguments: [stored(policyID), Data(attempts.journalBody)])
        }
    }

    func write(_ part: JournalRequest.PlanPart, of tenant: String?, to database: Database) throws {
        try write(.candidates, part.opening.request.plan, of: tenant, part.journalBody, to: database)
    }

    private mutating func write(_ outcome: RecordedOutcome, of policy: StoredPolicy, to database: Database) throws {
        let digest = try prompts.keep(outcome.text, in: database)
        let rewards = String(decoding: try JSONEncoder().encode(outcome.rewards), as: UTF8.self)
        try database.cachedStatement(sql: JournalTable.outcome.insertion).execute(arguments: [
            policy, StoredText(outcome.eventID), StoredText(outcome.promptID), digest, outcome.version,
            outcome.reward, outcome.n,
            outcome.failed, rewards, outcome.step, outcome.tokens,
        ])
        counts[policy, default: 0] += 1
    }

    private mutating func prune(_ policy: StoredPolicy, in database: Database) throws {
        guard let count = counts[policy], count > outcomesMax + Self.slack else { return }
        try keepLatest(outcomesMax, of: policy, in: database)
    }

    private mutating func keepLatest(_ count: Int, of policy: StoredPolicy, in database: Database) throws {
        prompts.release(
            try Data.fetchAll(
                database,
                sql: """
                    DELETE FROM outcome WHERE policy = ? AND sequence <= (
                        SELECT sequence FROM outcome WHERE policy = ? ORDER BY sequence DESC LIMIT 1 OFFSET ?)
                    RETURNING prompt
                    """, arguments: [policy, policy, count]))
        counts[policy] = min(counts[policy] ?? 0, count)
    }

    /// Deletes the outcomes of events.
    private mutating func forget(_ eventIDs: [String], of policy: StoredPolicy, in database: Database) throws {
        let statement = try database.cachedStatement(
            sql: "DELETE FROM outcome WHERE policy = ? AND event = ? RETURNING prompt")
        for eventID in eventIDs {
            let deleted = try Data.fetchAll(statement, arguments: [policy, StoredText(eventID)])
            prompts.release(deleted)
            counts[policy, default: deleted.count] -= deleted.count
        }
    }

    /// Deletes the oldest outcomes, and some texts.
    private mutating func reduce(_ policy: StoredPolicy, in database: Database) throws {
        let rows = PlannerEntry.reducedRows
        let deleted = try Data.fetchAll(
            database.cachedStatement(
                sql: """
                    DELETE FROM outcome WHERE sequence IN (
                        SELECT sequence FROM outcome WHERE policy = ? ORDER BY sequence LIMIT ?)
                    RETURNING prompt
                    """), arguments: [policy, rows])
        prompts.release(deleted)
        counts[policy] = max(0, (counts[policy] ?? 0) - deleted.count)
        try prompts.forget(rows, of: policy, in: database)
    }

    /// Deletes plans, but of long ones only what makes them plans: their candidates have megabytes, and are deleted later. Until
    /// then they are what a plan leaves that was never opened.
    private mutating func forgetPlans(
        _ condition: String, _ arguments: StatementArguments, in database: Database
    ) throws {
        let kind = PlanScan.Kind.candidates.rawValue
        let rows = try Int64.fetchAll(
            database.cachedStatement(sql: "SELECT sequence FROM plan_entry WHERE \(condition) AND kind = \(kind)"),
            arguments: arguments)
        leave(candidates: rows)
        try database.cachedStatement(sql: "DELETE FROM plan_entry WHERE \(condition) AND kind <> \(kind)")
            .execute(arguments: arguments)
    }

    // MARK: Tidying

    /// Records rows of candidates that belong to no plan.
    mutating func leave(candidates rows: [Int64]) {
        // Not twice: once a row is deleted, another may get its number.
        let known = Set(candidatesLeft)
        candidatesLeft.append(contentsOf: rows.filter { !known.contains($0) }.sorted(by: >))
    }

    /// Whether something is left that belongs to nothing any more.
    var isTidy: Bool { candidatesLeft.isEmpty && prompts.isTidy }

    /// Deletes a little of it.
    mutating func tidy(_ database: Database) throws {
        guard let row = candidatesLeft.popFirst() else { return try prompts.tidy(database) }
        try database.cachedStatement(sql: "DELETE FROM plan_entry WHERE sequence = ?").execute(arguments: [row])
    }

    private func write(
        _ kind: PlanScan.Kind, _ plan: PlanName, of tenant: String?, _ body: [UInt8], to database: Database
    ) throws {
        try database.cachedStatement(sql: JournalTable.plan.insertion)
            .execute(arguments: [StoredPolicy(plan.policyID, of: tenant), plan.step, kind.rawValue, Data(body)])
    }
}
