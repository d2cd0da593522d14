public import Scoring

/// A row of a policy's history: the outcome of its rollouts on one prompt.
public struct HistoryRow: Hashable, Sendable {
    /// The purpose of a row in files made for evaluation.
    public enum Role: String, Sendable {
        /// Belongs to the context that profiles the policy.
        case context
        /// Is predicted.
        case query
    }

    /// The policy at its version.
    public let policy: Policy
    /// The id of the prompt, if the row has one.
    public let promptID: String?
    /// The text of the prompt, if the row has it. At least one of `promptID` and `text` is present.
    public let text: String?
    /// Mean reward and number of rollouts.
    public let outcome: Outcome
    /// `nil` in files that were not made for evaluation.
    public let role: Role?
    /// Mean tokens and cost of a rollout, if the row has them.
    public let expense: RolloutExpense
    /// Values of the columns that were asked for, in the order of `SideColumns`; empty if none were.
    public let columns: [ColumnValue]
    /// The program that wrote the record; `nil` for a row with keys of its own.
    public let form: RecordForm?
    /// The filter by which lm-eval read the answer.
    let filter: String?
    /// The path as the caller wrote it.
    public let file: String
    /// Line number in the file, from 1.
    public let line: Int
}

extension HistoryRow {
    /// This row and a further one of the same policy version and prompt, as one.
    func adding(_ row: HistoryRow) -> HistoryRow {
        HistoryRow(
            policy: policy, promptID: promptID, text: text, outcome: outcome.adding(row.outcome), role: role,
            expense: expense.mean(with: row.expense, weights: (outcome.n, row.outcome.n)), columns: columns, form: form,
            filter: filter, file: file, line: line)
    }

    static func decode(
        _ content: SourceRow.Content, layout: SharedRowLayout, columns: SideColumns, file: String, line: Int
    ) throws(RowProblem) -> HistoryRow {
        let fields = try RowFields(content, layout: layout)
        let promptID = try fields.id()
        do throws(RowProblem) {
            let policy = try policy(fields)
            let text = try fields.prompt()?.text
            guard text != nil || promptID != nil else {
                throw RowProblem(
                    code: .missingPrompt,
                    message:
                        "neither an id (\(fields.keys(.id))) nor a prompt (\(fields.keys(.prompt))); give one of them")
            }
            return HistoryRow(
                policy: policy, promptID: promptID, text: text, outcome: try outcome(fields), role: try role(fields),
                expense: expense(fields), columns: try fields.values(of: columns), form: fields.form,
                filter: fields.form == .lmEval ? try fields.string(.filter) : nil, file: file, line: line)
        } catch {
            var problem = error
            problem.promptID = promptID
            throw problem
        }
    }

    private static func policy(_ fields: RowFields) throws(RowProblem) -> Policy {
        let version = try fields.integer(.policyVersion)
        if let id = try fields.string(.policyID), !id.isEmpty { return Policy(id: id, version: version) }
        guard let unnamed = fields.layout.unnamedPolicy else {
            throw RowProblem(
                code: .missingPolicy,
                message: "no policy under \(fields.keys(.policyID)); name the LLM there, or with --policy ID[@VERSION]")
        }
        return Policy(id: unnamed.id, version: version ?? unnamed.version)
    }

    private static func outcome(_ fields: RowFields) throws(RowProblem) -> Outcome {
        let n = try fields.integer(.n)
        guard n ?? 1 >= 1 else {
            throw RowProblem(code: .badReward, message: "\"n\" is \(n ?? 0); at least one rollout is needed")
        }
        if let (key, reward) = try fields.number(.reward) { return try outcome(key, reward, n: n, fields) }
        if let (key, k) = try fields.number(.k), let n {
            guard let whole = Int(exactly: k), let outcome = Outcome(k: whole, n: n) else {
                throw RowProblem(
                    code: .badReward, message: "\"\(key)\" is \(k) of n = \(n); a whole number from 0 to n is needed")
            }
            return outcome
        }
        if let (key, reward) = try fields.number(.score) { return try outcome(key, reward, n: n, fields) }
        if let (key, reward) = try fields.number(.outcome) { return try outcome(key, reward, n: n, fields) }
        throw RowProblem(
            code: .missingReward,
            message: "no outcome: give reward (\(fields.keys(.reward)), score or outcome), or k (or successes) and n")
    }

    private static func outcome(
        _ key: String, _ reward: Double, n: Int?, _ fields: RowFields
    ) throws(RowProblem) -> Outcome {
        let scale = fields.layout.rewards
        guard let outcome = scale.outcome(reward, n: n ?? 1) else {
            throw RowProblem(code: .badReward, message: "\"\(key)\" is \(reward), \(scale.advice)")
        }
        return outcome
    }

    /// Predictions do not depend on it, so a value that is not a number of at least 0 counts as absent; the row stays
    /// valid.
    private static func expense(_ fields: RowFields) -> RolloutExpense {
        RolloutExpense(responseTokens: expense(fields, .responseTokens), cost: expense(fields, .cost))
    }

    private static func expense(_ fields: RowFields, _ field: RowLayout.Field) -> Double? {
        guard let value = (try? fields.number(field))?.value, value >= 0 else { return nil }
        return value
    }

    private static func role(_ fields: RowFields) throws(RowProblem) -> Role? {
        guard let name = try fields.string(.role) else { return nil }
        guard let role = Role(rawValue: name) else {
            throw RowProblem(code: .badRole, message: "\"role\" is \"\(clipped(name))\"; expected context or query")
        }
        return role
    }
}

/// Tokens and cost of one rollout: the mean over a row's rollouts.
public struct RolloutExpense: Hashable, Sendable {
    /// Tokens of the response; `nil` if they are not logged.
    public let responseTokens: Double?
    /// Cost, in the unit of the log; `nil` if it is not logged.
    public let cost: Double?
}

/// The rows of one or more history files, in order, in bounded memory.
public struct HistoryCorpus {
    /// The result of reading one line.
    public enum Element: Hashable, Sendable {
        /// An outcome.
        case row(HistoryRow)
        /// A line with an error.
        case rejected(RowError)
    }

    /// Files that were read to their ends, in order; all of them after `next` has returned `nil`.
    public var files: [InputFile] { lines.finished }

    private let layout: SharedRowLayout
    private let columns: SideColumns
    private var lines: RowFiles
    /// By file: the filter of lm-eval whose rows are read. Its other filters judge the same rollouts again.
    private var filters: [String: String] = [:]
    /// Rows of other filters, which were left out.
    public private(set) var otherFilters = 0

    /// Checks that every file can be read, and opens none yet.
    public init(
        files: [String], keys: RowKeys = .automatic, columns: SideColumns = .none,
        lineBytesMax: Int = LineReader.lineBytesMax
    ) throws(CorporaError) {
        layout = SharedRowLayout(.history(keys, columns: columns))
        self.columns = columns
        lines = try RowFiles(files, rowBytesMax: lineBytesMax, columns: layout.layout.columnNames)
    }

    /// The next outcome or rejected line; `nil` at the end. Throws if reading fails.
    public mutating func next() throws(CorporaError) -> Element? {
        while let line = try lines.next() {
            switch line {
            case .rejected(let error): return .rejected(error)
            case .row(let content, let file, let line):
                do throws(RowProblem) {
                    let row = try HistoryRow.decode(content, layout: layout, columns: columns, file: file, line: line)
                    guard isOther(row) else { return .row(row) }
                    otherFilters += 1
                } catch {
                    return .rejected(error.at(file, line: line))
                }
            }
        }
        return nil
    }

    /// Whether an earlier row of the file has another filter.
    private mutating func isOther(_ row: HistoryRow) -> Bool {
        guard let filter = row.filter else { return false }
        guard let first = filters[row.file] else {
            filters[row.file] = filter
            return false
        }
        return first != filter
    }
}
