import SQLite

/// A row of the journal that cannot be used, or a part of the file that cannot be read: what is lost, and what to do.
public struct JournalDamage: Error, Hashable, Sendable, CustomStringConvertible {
    /// What a row of the journal is.
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        case generation, model, job, answer, confirmation, outcome, attempt, plan, predictions, cut, group, text
        case knownText = "known text"
        case quarantine
        case index
        case log
        case unknown
    }

    /// The table.
    public let table: String
    /// The row's number; `nil` where rows have none.
    public let row: Int64?
    /// What the row is.
    public let kind: Kind
    /// Why it cannot be used.
    public let reason: String

    /// Where, what and why, then what is lost and what to do.
    public var description: String {
        "\(table)\(row.map { " row \($0)" } ?? ""), \(kind.rawValue): \(reason); \(kind.loss)"
    }
}

extension JournalDamage {
    /// The damage of the write-ahead log of a journal that no process has open; SQLite says nothing of it.
    static func ofLog(beside path: String) -> JournalDamage? {
        WriteAheadLog.fault(ofDatabase: path).map { fault in
            let commits = fault.commits == 1 ? "1 commit" : "\(fault.commits) commits"
            return JournalDamage(
                table: "journal", row: nil, kind: .log,
                reason: "its write-ahead log is damaged at byte \(fault.byte), and at least \(commits) behind it "
                    + "cannot be read")
        }
    }
}

extension JournalDamage.Kind {
    /// What is lost without such a row, and what to do.
    var loss: String {
        switch self {
        case .generation: "nothing is lost: the number of this start is taken from the clock"
        case .model: "held answers are dropped and computed again; the next worker's model is adopted"
        case .job: "its client opens the job again with the same command"
        case .answer: "the shard is computed again when its client is back"
        case .confirmation: "nothing is lost: the client says again what it has"
        case .outcome: "this outcome is lost: report it again, or restore a backup"
        case .attempt: "the trainer's starts of this policy are lost: the next plan counts as its first"
        case .plan, .predictions, .cut:
            "the whole plan is dropped: request it again, its budgets may differ from those that were handed out"
        case .group: "the rewards of this group are lost: it is rolled out again"
        case .text, .knownText: "send the text with the prompt once more, or restore a backup"
        case .quarantine: "this worker may get work again: revoke its key"
        case .index: "nothing is lost: the indexes were made again"
        case .log: "what the last commits recorded is lost: report these outcomes again, or restore a backup"
        case .unknown: "what the row meant is not known: restore a backup if there is one"
        }
    }
}
