public import Scoring

/// Prompts and what several policies did on them: one source of evaluation.
///
/// A source is what shares a file stem: `mmlu_pro.prompts.jsonl.gz` and `mmlu_pro.outcomes.jsonl.gz` make `mmlu_pro`
/// (`data_source` is finer: a source may hold a hundred task families). A row's prompt is looked up among the prompts
/// of
/// its own stem first, then among those of the other files in the order they were given.
public struct OutcomeSource: Sendable {
    /// The file stem.
    public let name: String
    /// The prompts that outcomes refer to, in the order they were first named.
    public let prompts: [Prompt]
    /// By prompt: the data source, where its row gave one.
    public let dataSources: [String?]
    /// The policies at their versions, in order, each with its rows.
    public let groups: [Group]

    /// What one policy at one version did.
    public struct Group: Sendable {
        /// The policy at its version.
        public let policy: Policy
        /// Rows in file order.
        public let rows: [Row]

        /// Rows that profile the policy.
        public var context: [Row] { rows.filter { $0.role == .context } }
        /// Rows that are to be predicted.
        public var queries: [Row] { rows.filter { $0.role == .query } }
    }

    /// What a policy did on one prompt.
    public struct Row: Hashable, Sendable {
        /// Index in `prompts`.
        public let prompt: Int
        /// Mean reward and number of rollouts.
        public let outcome: Outcome
        /// `nil` where the files do not say.
        public let role: HistoryRow.Role?
        /// What a rollout took on average.
        public let expense: RolloutExpense
    }

    /// Sources and what was wrong with single rows.
    public struct Loaded: Sendable {
        /// In the order of their names.
        public let sources: [OutcomeSource]
        /// The first rows that could not be used, at most `ContextFile.problemsMax`.
        public let problems: [RowError]
        /// How many rows could not be used.
        public let rejected: Int
    }

    /// Reads prompt and outcome files and joins them. Memory: all prompts, and 80 bytes an outcome.
    public static func load(
        promptFiles: [String], outcomeFiles: [String], keys: RowKeys = .automatic
    ) throws(CorporaError) -> Loaded {
        var problems = Problems()
        let shelves = try PromptIndex.load(promptFiles, keys: keys, problems: &problems)
        var drafts: [String: Draft] = [:]
        for file in outcomeFiles {
            let stem = stem(of: file)
            let order = shelves.filter { $0.stem == stem } + shelves.filter { $0.stem != stem }
            var draft = drafts.removeValue(forKey: stem) ?? Draft()
            var history = try HistoryCorpus(files: [file], keys: keys)
            while let element = try history.next() {
                switch element {
                case .rejected(let error): problems.add(error)
                case .row(let row): draft.take(row, shelves: order, problems: &problems)
                }
            }
            drafts[stem] = draft
        }
        return Loaded(
            sources: drafts.sorted { $0.key < $1.key }.map { $1.source(name: $0) }, problems: problems.first,
            rejected: problems.count)
    }

    /// A file's name without folder, compression, `.jsonl` and `.prompts` or `.outcomes`.
    public static func stem(of path: String) -> String {
        var parts = (path.split(separator: "/").last.map(String.init) ?? path).split(separator: ".").map(String.init)
        for endings in [["gz", "zst"], ["jsonl", "json", "ndjson"], ["prompts", "outcomes"]] {
            if parts.count > 1, let last = parts.last, endings.contains(last) { parts.removeLast() }
        }
        return parts.joined(separator: ".")
    }
}

/// The first problems and their number.
private struct Problems {
    private(set) var first: [RowError] = []
    private(set) var count = 0

    mutating func add(_ error: RowError) {
        count += 1
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
        var shelves: [PromptIndex] = []
        for file in files {
            let stem = OutcomeSource.stem(of: file)
            let place = shelves.firstIndex { $0.stem == stem } ?? shelves.count
            if place == shelves.count { shelves.append(PromptIndex(stem: stem)) }
            // A corpus a file: training and evaluation files of one source name the same prompts.
            var corpus = try PromptCorpus(files: [file], keys: keys)
            while let element = try corpus.next() {
                switch element {
                case .rejected(let error): problems.add(error)
                case .row(let row): shelves[place].add(row, problems: &problems)
                }
            }
        }
        return shelves
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
                message: "this id has another text at \(earlier.file):\(earlier.line); that one is used"))
    }
}

/// A source while its outcomes are read.
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

    mutating func take(_ row: HistoryRow, shelves: [PromptIndex], problems: inout Problems) {
        guard let place = place(of: row, shelves: shelves) else {
            return problems.add(
                RowError(
                    file: row.file, line: row.line, promptID: row.promptID, code: .unknownPrompt,
                    message: "no row of the prompt files has this id; give the file that has it with --prompts"))
        }
        let group = groups[row.policy] ?? rows.count
        if group == rows.count {
            groups[row.policy] = group
            rows.append([])
        }
        if let earlier = pairs.updateValue(row.line, forKey: Pair(group: group, prompt: place)) {
            return problems.add(
                RowError(
                    file: row.file, line: row.line, promptID: row.promptID, code: .duplicateOutcome,
                    message: "\(row.policy) has an outcome on this prompt already, at line \(earlier); keep one"))
        }
        rows[group].append(OutcomeSource.Row(prompt: place, outcome: row.outcome, role: row.role, expense: row.expense))
    }

    func source(name: String) -> OutcomeSource {
        OutcomeSource(
            name: name, prompts: prompts, dataSources: dataSources,
            groups: groups.sorted { $0.key < $1.key }.map { OutcomeSource.Group(policy: $0.key, rows: rows[$0.value]) })
    }

    private mutating func place(of row: HistoryRow, shelves: [PromptIndex]) -> Int? {
        let id = row.promptID ?? row.text.map { "sha256:\(Digest(of: $0).hex.prefix(16))" } ?? ""
        if let place = places[id] { return place }
        let found = shelves.lazy.compactMap { $0.rows[id] }.first
        guard let text = row.text ?? found?.prompt.text else { return nil }
        places[id] = prompts.count
        prompts.append(Prompt(id: id, text: text))
        dataSources.append(found?.dataSource)
        return prompts.count - 1
    }
}
