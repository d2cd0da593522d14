import Cluster
import Foundation
import GRDB
import SQLite
import Scoring
import Wire

/// Reads rows of plans; those of a former version, which have no checksums, are checked against their plan's opening.
///
/// A plan is a function of its rows: where one of them is damaged that is not a group's, all of the plan is dropped.
/// Otherwise it would go on with other budgets than those that its trainer has.
struct PlanScan {
    /// Kinds of rows; the raw values are those in the file.
    enum Kind: Int {
        case opened = 1
        case predictions = 2
        case cut = 3
        case group = 4
        /// Some candidates of a plan that a later row opens. Versions to 0.1 know neither kind, and drop the plan.
        case candidates = 5
        case openedByParts = 6

        var damage: JournalDamage.Kind {
            switch self {
            case .opened, .candidates, .openedByParts: .plan
            case .predictions: .predictions
            case .cut: .cut
            case .group: .group
            }
        }
    }

    /// A plan of a tenant: others may have one of the same name.
    struct Key: Hashable {
        let tenant: String?
        let plan: PlanName
    }

    /// A row that is sound.
    struct Found {
        let number: Int64
        let kind: Kind
        let plan: Key
        let entry: PlannerEntry?
    }

    /// Candidates of a plan that no row has opened yet.
    private struct Parts {
        var candidates: [PlanCandidate] = []
        var rows: [Int64] = []
    }

    private var parts: [Key: Parts] = [:]
    /// Rows of candidates that belong to no plan.
    private var unopened: [Int64] = []
    private var found: [Found] = []
    private var openings: [Key: PlanOpening] = [:]
    private var dropped: Set<Key> = []

    static func kind(_ row: Row) throws -> Kind {
        guard let kind = Kind(rawValue: try row.checked("kind")) else { throw CoordinatorError.journalDamaged }
        return kind
    }

    private static func key(_ row: Row) throws -> Key {
        let policy = try row.policy()
        return Key(
            tenant: policy.tenant, plan: PlanName(policyID: policy.policyID, step: try row.checked("step")))
    }

    /// Reads a row. Of a row without a checksum, the numbers are checked too.
    mutating func read(_ row: Row, _ kind: Kind) throws {
        let isChecked = row.databaseValues.last?.isNull == false
        let plan = try Self.key(row)
        let body = [UInt8](try row.checked("body", as: Data.self))
        let number: Int64 = try row.checked("sequence")
        let entry = try entry(kind, plan, body: body, row: number)
        if case .planOpened(let opening) = entry {
            guard isChecked || opening.request.plan == plan.plan && opening.isUsable else {
                throw CoordinatorError.journalDamaged
            }
            openings[plan] = opening
        } else if !isChecked, let entry, let opening = openings[plan], !opening.accepts(entry) {
            throw CoordinatorError.journalDamaged
        }
        found.append(Found(number: number, kind: kind, plan: plan, entry: entry))
    }

    private mutating func readCandidates(_ body: [UInt8], of plan: Key, row: Int64) throws {
        var reader = JournalReader(body)
        let (first, candidates) = try JournalRequest.PlanPart.read(&reader)
        // A first one begins anew: the coordinator may have ended before the plan of the former ones was opened.
        if first == 0 { unopened += parts.updateValue(Parts(), forKey: plan)?.rows ?? [] }
        guard parts[plan]?.candidates.count == first else { throw CoordinatorError.journalDamaged }
        parts[plan]?.candidates += candidates
        parts[plan]?.rows.append(row)
    }

    private mutating func openingByParts(_ body: [UInt8], of plan: Key) throws -> PlanOpening {
        var reader = JournalReader(body)
        let count = try reader.integer()
        var opening = try PlanOpening(reading: &reader)
        guard let known = parts.removeValue(forKey: plan), known.candidates.count == count else {
            throw CoordinatorError.journalDamaged
        }
        opening.request.candidates = known.candidates
        return opening
    }

    /// The entry of a row; `nil` for candidates, which belong to the entry of another row.
    private mutating func entry(_ kind: Kind, _ plan: Key, body: [UInt8], row: Int64) throws -> PlannerEntry? {
        var reader = JournalReader(body)
        switch kind {
        case .opened: return .planOpened(try PlanOpening(reading: &reader))
        case .candidates:
            try readCandidates(body, of: plan, row: row)
            return nil
        case .openedByParts: return .planOpened(try openingByParts(body, of: plan))
        case .predictions: return .predictionsReceived(plan.plan, try [CandidatePrediction](reading: &reader))
        case .cut: return .planCut(plan.plan)
        case .group: return .groupReported(plan.plan, try GroupReport(reading: &reader))
        }
    }

    /// A row of a plan is damaged.
    mutating func drop(_ row: Row) {
        if let plan = try? Self.key(row) { dropped.insert(plan) }
    }

    /// The entries of whole plans, in order; the rows of damaged ones; and rows of those that were not opened, because the
    /// coordinator ended before.
    func finish() -> (whole: [Found], orphans: [Found], unopened: [Int64]) {
        let orphans = found.filter { dropped.contains($0.plan) }
        // What is put aside is deleted with that: another row may get its number.
        let putAside = Set(orphans.map(\.number))
        let left = (unopened + parts.values.flatMap(\.rows)).filter { !putAside.contains($0) }
        return (found.filter { !dropped.contains($0.plan) }, orphans, left)
    }
}

extension PlanOpening {
    /// Whether its numbers are in the ranges that every version writes.
    fileprivate var isUsable: Bool {
        let rollouts = 0...1 << 20
        let candidates = request.candidates.count
        return rollouts.contains(minimum) && rollouts.contains(maximum) && (price ?? 0).isFinite
            && (0...1 << 32).contains(contextRows) && (-1...1 << 53).contains(staleness)
            && (0...1 << 53).contains(contextAhead)
            && (lengths.isEmpty || lengths.count == candidates && lengths.allSatisfy { $0 >= 0 && $0 <= 1e15 })
            && (exploration.share ?? 0).isFinite && exploration.saved.isFinite
            && exploration.waits.allSatisfy((0...1 << 53).contains)
            && exploration.visits.allSatisfy((0..<max(1, candidates)).contains)
    }

    /// Whether an entry names candidates of this plan, each once, with numbers that can be.
    fileprivate func accepts(_ entry: PlannerEntry) -> Bool {
        let candidates = request.candidates.indices
        switch entry {
        case .predictionsReceived(_, let predictions):
            return Set(predictions.map(\.index)).count == predictions.count
                && predictions.allSatisfy {
                    candidates.contains($0.index) && (0...1).contains($0.mean) && $0.kappa > 0
                }
        case .groupReported(_, let report):
            return candidates.contains(report.index) && PlanLimits.counts.contains(report.failed)
                && (report.references.isEmpty || report.references.count == report.rewards.count)
                && report.rewards.allSatisfy { request.rewards.contains($0) }
        default: return true
        }
    }
}
