public import Scoring

/// Prompts and the outcomes of several policies on them: one source of evaluation.
///
/// Files of the same stem make one source: `mmlu_pro.prompts.jsonl.gz` and `mmlu_pro.outcomes.jsonl.gz` make `mmlu_pro`
/// (`data_source` is finer: a source may hold a hundred task families). A row's prompt is looked up among the prompts
/// of its own stem first, then among those of the other files in their order. Several rows of one policy version and
/// prompt, as of single rollouts, are summed to k of n.
public struct OutcomeSource: Sendable {
    /// The file stem.
    public let name: String
    /// The prompts of the outcomes, in the order of their first outcome.
    public let prompts: [Prompt]
    /// The data source of each prompt, if its row has one.
    public let dataSources: [String?]
    /// The policies at their versions, sorted, each with its rows.
    public let groups: [Group]

    /// The outcomes of one policy at one version.
    public struct Group: Sendable {
        /// The policy at its version.
        public let policy: Policy
        /// Rows in file order.
        public let rows: [Row]

        /// Rows that profile the policy.
        public var context: [Row] { rows.filter { $0.role == .context } }
        /// Rows to predict.
        public var queries: [Row] { rows.filter { $0.role == .query } }
    }

    /// The outcome of a policy on one prompt.
    public struct Row: Hashable, Sendable {
        /// Index in `prompts`.
        public let prompt: Int
        /// Mean reward and number of rollouts.
        public let outcome: Outcome
        /// `nil` if the files have no roles.
        public let role: HistoryRow.Role?
        /// Mean tokens and cost of a rollout.
        public let expense: RolloutExpense

        /// This row and a further one of the same policy version and prompt, as one.
        func adding(_ row: HistoryRow) -> Row {
            Row(
                prompt: prompt, outcome: outcome.adding(row.outcome), role: role,
                expense: expense.mean(with: row.expense, weights: (outcome.n, row.outcome.n)))
        }
    }

    /// Sources, and errors of single rows.
    public struct Loaded: Sendable {
        /// In the order of their names.
        public let sources: [OutcomeSource]
        /// The first rejected rows, at most `ContextFile.problemsMax`.
        public let problems: [RowError]
        /// Number of rejected rows.
        public let rejected: Int
        /// The rejected rows by code, with the first of each.
        public let errors: ErrorCounts
        /// Rows that were added to an earlier one of the same policy version and prompt.
        public let summed: Int
    }

    /// Reads prompt and outcome files and joins them. Memory: all prompts, and 80 bytes an outcome.
    public static func load(
        promptFiles: [String], outcomeFiles: [String], keys: RowKeys = .automatic
    ) throws(CorporaError) -> Loaded {
        var problems = Problems()
        let indexes = try PromptIndex.load(promptFiles, keys: keys, problems: &problems)
        var drafts: [String: Draft] = [:]
        for file in try InputPaths.expanded(outcomeFiles) {
            let stem = stem(of: file)
            let ordered = indexes.filter { $0.stem == stem } + indexes.filter { $0.stem != stem }
            var draft = drafts.removeValue(forKey: stem) ?? Draft()
            var history = try HistoryCorpus(files: [file], keys: keys)
            while let element = try history.next() {
                switch element {
                case .rejected(let error): problems.add(error)
                case .row(let row): draft.add(row, indexes: ordered, problems: &problems)
                }
            }
            drafts[stem] = draft
        }
        let summed = drafts.values.reduce(0) { $0 + $1.summed }
        return Loaded(
            sources: drafts.sorted { $0.key < $1.key }.map { $1.source(name: $0) }, problems: problems.first,
            rejected: problems.count, errors: problems.errors, summed: summed)
    }

    /// A file's name without folder, compression, `.jsonl` and `.prompts` or `.outcomes`.
    public static func stem(of path: String) -> String {
        var parts = (path.split(separator: "/").last.map(String.init) ?? path).split(separator: ".").map(String.init)
        for endings in [
            ["gz", "zst"], ["jsonl", "json", "ndjson", "csv", "tsv", "parquet", "arrow"], ["prompts", "outcomes"],
        ] {
            if parts.count > 1, let last = parts.last, endings.contains(last) { parts.removeLast() }
        }
        return parts.joined(separator: ".")
    }
}

/// The first problems and their number.
private struct Problems {
    private(set) var first: [RowError] = []
    private(set) var count = 0
    private(set) var errors = ErrorCounts()

    mutating func add(_ error: RowError) {
        count += 1
        errors.add(error)
        if first.count < ContextFile.problemsMax { first.append(error) }
    }
}

/// The prompts of the files of one stem.
private struct PromptIndex {
    let stem: String
    var rows: [String: PromptRow] = [:]

    static func load(
        _ files: [String], keys: RowKeys, problems: inout Problems
    ) throws(CorporaError) -> [PromptIndex] {
        var indexes: [PromptIndex] = []
        for file in try InputPaths.expanded(files) {
            let stem = OutcomeSource.stem(of: file)
            let place = indexes.firstIndex { $0.stem == stem } ?? indexes.count
            if place == indexes.count { indexes.append(PromptIndex(stem: stem)) }
            // One corpus for each file: training and evaluation files of one source have the same prompts.
            var corpus = try PromptCorpus(files: [file], keys: keys)
            while let element = try corpus.next() {
                switch element {
                case .rejected(let error): problems.add(error)
                case .row(let row): indexes[place].add(row, problems: &problems)
                }
            }
        }
        return indexes
    }

    private mutating func add(_ row: PromptRow, problems: inout Problems) {
        guard let earlier = rows[row.prompt.id] else {
            rows[row.prompt.id] = row
            return
        }
        guard earlier.prompt.text != row.prompt.text else { return }
        problems.add(
            RowError(
                file: row.file, line: row.line, promptID: row.prompt.id, code: .duplicateID,
                message: "this id has another text at \(earlier.file):\(earlier.line), which is used instead"))
    }
}

/// The state of a source while its outcomes are read.
private struct Draft {
    private struct Pair: Hashable {
        let group: Int
        let prompt: Int
    }

    private var prompts: [Prompt] = []
    private var dataSources: [String?] = []
    private var places: [String: Int] = [:]
    private var groups: [Policy: Int] = [:]
    private var rows: [[OutcomeSource.Row]] = []
    private var pairs: [Pair: Int] = [:]
    private(set) var summed = 0

    mutating func add(_ row: HistoryRow, indexes: [PromptIndex], problems: inout Problems) {
        guard let place = place(of: row, indexes: indexes) else {
            return problems.add(
                RowError(
                    file: row.file, line: row.line, promptID: row.promptID, code: .unknownPrompt,
                    message: "no row of the prompt files has this id; give the file that has it with --prompts, or as"
                        + " prompts beside the files of a fleet"))
        }
        let group = groups[row.policy] ?? rows.count
        if group == rows.count {
            groups[row.policy] = group
            rows.append([])
        }
        let pair = Pair(group: group, prompt: place)
        if let earlier = pairs[pair] {
            // One row a rollout: k of n is their sum.
            rows[group][earlier] = rows[group][earlier].adding(row)
            summed += 1
            return
        }
        pairs[pair] = rows[group].count
        rows[group].append(OutcomeSource.Row(prompt: place, outcome: row.outcome, role: row.role, expense: row.expense))
    }

    func source(name: String) -> OutcomeSource {
        OutcomeSource(
            name: name, prompts: prompts, dataSources: dataSources,
            groups: groups.sorted { $0.key < $1.key }.map { OutcomeSource.Group(policy: $0.key, rows: rows[$0.value]) })
    }

    private mutating func place(of row: HistoryRow, indexes: [PromptIndex]) -> Int? {
        let id = row.promptID ?? row.text.map { "sha256:\(Digest(of: $0).hex.prefix(16))" } ?? ""
        if let place = places[id] { return place }
        let found = indexes.lazy.compactMap { $0.rows[id] }.first
        guard let text = row.text ?? found?.prompt.text else { return nil }
        places[id] = prompts.count
        prompts.append(Prompt(id: id, text: text))
        dataSources.append(found?.dataSource)
        return prompts.count - 1
    }
}
