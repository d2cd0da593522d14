public import Scoring

/// The result of `statezero validate` for one file: how many rows are valid, and what is wrong with the others.
public struct FileReport: Sendable {
    /// Kinds of files.
    public enum Kind: String, Sendable, CaseIterable {
        /// Prompts to be scored.
        case prompts
        /// Outcomes of policies.
        case history
    }

    /// The kind that the file was read as.
    public let kind: Kind
    /// The file; `nil` if it could not be read to its end.
    public let file: InputFile?
    /// Valid rows.
    public let rows: Int
    /// Rejected lines.
    public let rejected: Int
    /// Valid prompt rows without an id of their own.
    public let derivedIDs: Int
    /// Rejected lines by reason.
    public let codes: [RowError.Code: Int]
    /// The first problems.
    public let problems: [RowError]
    /// UTF-8 bytes of the longest prompt.
    public let longestPromptBytes: Int
    /// Rows by policy, of a history. Rows without a policy count as `FileReport.unnamed`.
    public let policies: [Policy: Int]
    /// Rows by the program that wrote them, of a history.
    public let forms: [RecordForm: Int]
    /// Rows that are added to others of the same policy and prompt, of a history.
    public let summed: Int
    /// Rows of lm-eval's other filters, which are left out.
    public let otherFilters: Int
    /// Prompts that end with a turn of the assistant.
    public let assistantLast: Int
    /// Why the table of ids grew in memory instead of in a temporary file; `nil` if it did not.
    public let idsInMemory: String?
    /// Stands for the policy of rows that name none.
    public static let unnamed = Policy(id: "(none named)")
    /// The error that stopped reading before the end; `nil` at the end.
    public let stopped: CorporaError?

    /// True if every line is valid, there is at least one, and the end was reached.
    public var isGood: Bool { rejected == 0 && rows > 0 && stopped == nil }

    /// Reads a file as far as possible. Without `kind`, the first row that is an object decides: a row with an outcome,
    /// and with a policy or an answer, belongs to a history. Throws only if the file cannot be opened.
    public static func read(
        _ path: String, kind: Kind? = nil, problemsMax: Int = 20, keys: RowKeys = .automatic
    ) throws(CorporaError) -> FileReport {
        let kind = if let kind { kind } else { try detect(path, keys: keys) }
        var keys = keys
        keys.unnamedPolicy = keys.unnamedPolicy ?? unnamed
        var draft = Draft(problemsMax: problemsMax)
        switch kind {
        case .prompts:
            var corpus = try PromptCorpus(files: [path], keys: keys)
            let stopped = draft.drain { () throws(CorporaError) in
                try corpus.next().map {
                    switch $0 {
                    case .row(let row): .prompt(row)
                    case .rejected(let error): .rejected(error)
                    }
                }
            }
            return draft.report(kind, corpus.files.first, corpus.counts, stopped: stopped)
        case .history:
            var history = try HistoryCorpus(files: [path], keys: keys)
            let stopped = draft.drain { () throws(CorporaError) in
                try history.next().map {
                    switch $0 {
                    case .row(let row): .outcome(row)
                    case .rejected(let error): .rejected(error)
                    }
                }
            }
            draft.otherFilters = history.otherFilters
            return draft.report(kind, history.files.first, PromptCorpus.Counts(), stopped: stopped)
        }
    }

    private static func detect(_ path: String, keys: RowKeys) throws(CorporaError) -> Kind {
        var lines = try RowFiles([path])
        let layout = SharedRowLayout(.history(keys))
        // Errors are ignored here: the real reading reports them.
        for _ in 0..<100 {
            guard let line = try? lines.next() else { break }
            guard case .row(let content, _, _) = line, let fields = try? RowFields(content, layout: layout) else {
                continue
            }
            return isOutcome(fields) ? .history : .prompts
        }
        return .prompts
    }

    /// Whether a row is an outcome: it has a reward, and a policy, an answer or the form of a known record.
    private static func isOutcome(_ fields: RowFields) -> Bool {
        let has = { (field: RowLayout.Field) in (try? fields.first(field)) != nil }
        if fields.form == .openAIBatch { return true }
        guard [RowLayout.Field.reward, .k, .score, .outcome].contains(where: has) else { return false }
        return has(.policyID) || fields.form != nil || has(.reward) && has(.completion)
    }

    private enum Element {
        case prompt(PromptRow)
        case outcome(HistoryRow)
        case rejected(RowError)
    }

    private struct Draft {
        let problemsMax: Int
        var rows = 0
        var rejected = 0
        var codes: [RowError.Code: Int] = [:]
        var problems: [RowError] = []
        var longest = 0
        var policies: [Policy: Int] = [:]
        var forms: [RecordForm: Int] = [:]
        var outcomes = IDTable()
        var summed = 0
        var otherFilters = 0

        init(problemsMax: Int) {
            self.problemsMax = problemsMax
        }

        /// Counts all elements; returns the error that stopped reading before the end.
        mutating func drain(_ next: () throws(CorporaError) -> Element?) -> CorporaError? {
            do throws(CorporaError) {
                while let element = try next() { count(element) }
                return nil
            } catch {
                return error
            }
        }

        private mutating func count(_ element: Element) {
            switch element {
            case .prompt(let row):
                rows += 1
                longest = max(longest, row.prompt.text.utf8.count)
            case .outcome(let row):
                rows += 1
                longest = max(longest, row.text?.utf8.count ?? 0)
                policies[row.policy, default: 0] += 1
                if let form = row.form { forms[form, default: 0] += 1 }
                let key = IDTable.hash("\(row.policy)\u{0}\(row.promptID ?? "")\u{0}\(row.text ?? "")")
                if outcomes.insert(key, number: 0) != nil { summed += 1 }
            case .rejected(let error):
                rejected += 1
                codes[error.code, default: 0] += 1
                if problems.count < problemsMax { problems.append(error) }
            }
        }

        func report(
            _ kind: Kind, _ file: InputFile?, _ counts: PromptCorpus.Counts, stopped: CorporaError?
        ) -> FileReport {
            FileReport(
                kind: kind, file: file, rows: rows, rejected: rejected, derivedIDs: counts.derivedIDs, codes: codes,
                problems: problems, longestPromptBytes: longest, policies: policies, forms: forms, summed: summed,
                otherFilters: otherFilters, assistantLast: counts.assistantLast, idsInMemory: counts.idsInMemory,
                stopped: stopped)
        }
    }
}
