public import Scoring

/// A policy's context set, read from history files.
public struct ContextFile: Sendable {
    /// The pairs, in file order.
    public let context: ContextSet
    /// By pair: what its side information is found by.
    let origins: [Origin]
    /// The policy of all rows.
    public let policy: Policy
    /// What limits the quality of predictions, for example why they are the base rate.
    public let warnings: [Warning]
    /// The first rejected rows; at most `problemsMax`.
    public let problems: [RowError]
    /// Number of rejected rows.
    public let rejected: Int
    /// The rejected rows by code, with the first of each.
    public let errors: ErrorCounts
    /// The files that were read.
    public let files: [InputFile]

    /// What the side information of a pair is found by.
    struct Origin: Sendable {
        let promptID: String?
        /// In the order of `SideColumns`; of the row itself, or of the prompt's.
        var columns: [ColumnValue]
    }

    /// Further problems are only counted.
    public static let problemsMax = 100

    /// Not an error, but a reason for worse predictions.
    public enum Warning: Hashable, Sendable, CustomStringConvertible {
        /// Too few rows to distinguish prompts.
        case fewRows(Int)
        /// Every outcome is a success, or every outcome a failure.
        case oneClass(isSuccess: Bool)
        /// A sample of the rows is used.
        case sampled(kept: Int, of: Int)
        /// Rows of role query were left out, because they are to be predicted.
        case queryRowsLeftOut(Int)
        /// Rows were rejected.
        case rejected(Int)
        /// Rows of single rollouts were added to others of their prompts.
        case summed(Int)
        /// Rows of lm-eval that judge the same rollouts by other filters.
        case otherFilters(Int)
        /// There is no history.
        case none

        /// For people: the fact and its consequence.
        public var description: String {
            switch self {
            case .fewRows(let rows):
                "the context has \(rows) rows, which say little about the policy; --head gaussian-process gives every prompt "
                    + "the base rate with fewer than \(ContextFile.rowsMin)"
            case .oneClass(let isSuccess):
                "the context has only \(isSuccess ? "successes" : "failures"), so it does not tell prompts apart; "
                    + "--head gaussian-process gives every prompt the base rate"
            case .sampled(let kept, let all): "\(kept) of \(all) context rows are used, drawn evenly over the files"
            case .queryRowsLeftOut(let rows): "\(rows) rows of role query were left out of the context"
            case .rejected(let rows): "\(rows) rows of the history could not be used"
            case .summed(let rows): "\(rows) rows were added to others of the same prompt: k of n"
            case .otherFilters(let rows): "\(rows) rows of lm-eval's other filters were left out"
            case .none:
                "NO CONTEXT: nothing is known about this policy; every p is what the head expects of an average policy of its "
                    + "training, not of this one"
            }
        }
    }

    /// With fewer rows the Gaussian process gives every prompt the base rate (`Prediction.Flags.baseRate`).
    public static let rowsMin = 16

    /// Reads the history of one policy.
    ///
    /// Rows have their prompt or name it by id; `promptFiles` are then read once, only for these ids. Several rows of one
    /// prompt are summed to k of n; `policy` also names rows that name none. If there are more rows than `rowsMax`, a sample without replacement is drawn by `seed` and kept in file order.
    /// `policy` is an id, or `id@version`; without it the files must have one policy only.
    /// Memory: `rowsMax` rows and their prompts, and a counter for each policy.
    public static func load(
        _ files: [String], policy: String? = nil, promptFiles: [String] = [], rowsMax: Int = ContextSet.rowsMax,
        seed: UInt64 = 0, keys: RowKeys = .automatic, columns: SideColumns = .none
    ) throws(CorporaError) -> ContextFile {
        guard 1...ContextSet.rowsMax ~= rowsMax else {
            throw .contextTooLarge(wanted: rowsMax, most: ContextSet.rowsMax)
        }
        var keys = keys
        keys.unnamedPolicy = keys.unnamedPolicy ?? policy.map { Policy(argument: $0) }
        var draft = Draft(wanted: policy, rowsMax: rowsMax, seed: seed)
        var history = try HistoryCorpus(files: files, keys: keys, columns: columns)
        while let element = try history.next() { draft.receive(element) }
        draft.otherFilters = history.otherFilters
        let chosen = try draft.policy(files: files)
        let (pairs, origins) = try draft.pairs(promptFiles: promptFiles, keys: keys, columns: columns)
        // The sample has at most `rowsMax` pairs, so the set is not too large.
        guard !pairs.isEmpty, let context = ContextSet(pairs) else {
            throw .noContextRows(files: files, rejected: draft.rejected, first: draft.problems.first)
        }
        return ContextFile(
            context: context, origins: origins, policy: chosen, warnings: draft.warnings(pairs),
            problems: draft.problems,
            rejected: draft.rejected, errors: draft.errors, files: history.files)
    }

    /// No history: the context is empty, and predictions are the population's prior.
    public static func empty(_ policy: Policy) -> ContextFile? {
        ContextSet([]).map { context in
            ContextFile(
                context: context, origins: [], policy: policy, warnings: [.none], problems: [], rejected: 0,
                errors: ErrorCounts(),
                files: [])
        }
    }

    /// The same history with side information. Precondition: the set has the same pairs.
    func with(_ context: ContextSet) -> ContextFile {
        precondition(context.rows.count == origins.count, "\(context.rows.count) pairs instead of \(origins.count)")
        return ContextFile(
            context: context, origins: origins, policy: policy, warnings: warnings, problems: problems,
            rejected: rejected, errors: errors, files: files)
    }
}

/// The state of a context set while its files are read.
private struct Draft {
    let wanted: String?
    let rowsMax: Int
    var generator: SeededGenerator
    var counts: [Policy: Int] = [:]
    /// The first policy that matches; rows of others are only counted.
    var chosen: Policy?
    var kept: [(ordinal: Int, row: HistoryRow, key: UInt64)] = []
    /// Prompts seen so far, and the places of those that are kept.
    var prompts = IDTable()
    var places: [UInt64: Int] = [:]
    var summed = 0
    var otherFilters = 0
    var seen = 0
    var queries = 0
    var rejected = 0
    var problems: [RowError] = []
    var errors = ErrorCounts()

    init(wanted: String?, rowsMax: Int, seed: UInt64) {
        self.wanted = wanted
        self.rowsMax = rowsMax
        self.generator = SeededGenerator(seed: seed)
    }

    mutating func receive(_ element: HistoryCorpus.Element) {
        switch element {
        case .rejected(let error): reject(error)
        case .row(let row):
            counts[row.policy, default: 0] += 1
            guard fits(row.policy) else { return }
            if chosen == nil { chosen = row.policy }
            guard row.policy == chosen else { return }
            guard row.role != .query else {
                queries += 1
                return
            }
            receive(row)
        }
    }

    /// Adds a row to the earlier one of the same prompt, if there is one, so that the rows of single rollouts become k of
    /// n; else it is sampled.
    private mutating func receive(_ row: HistoryRow) {
        let key = IDTable.hash("\(row.promptID ?? "")\u{0}\(row.text ?? "")")
        guard prompts.insert(key, number: 0) != nil else { return sample(row, key) }
        summed += 1
        guard let place = places[key] else { return }
        kept[place].row = kept[place].row.adding(row)
    }

    /// Algorithm R (Vitter, ACM TOMS 1985): every row stays with the same probability.
    private mutating func sample(_ row: HistoryRow, _ key: UInt64) {
        seen += 1
        guard kept.count == rowsMax else {
            places[key] = kept.count
            kept.append((seen, row, key))
            return
        }
        let place = Int(generator.next().multipliedFullWidth(by: UInt64(seen)).high)
        guard place < rowsMax else { return }
        places[kept[place].key] = nil
        places[key] = place
        kept[place] = (seen, row, key)
    }

    func policy(files: [String]) throws(CorporaError) -> Policy {
        let listed = counts.sorted { $0.key < $1.key }.map { CorporaError.PolicyCount(policy: $0.key, rows: $0.value) }
        let fitting = listed.filter { fits($0.policy) }
        guard fitting.count <= 1 else { throw .severalPolicies(files: files, counts: fitting) }
        if let chosen { return chosen }
        if let wanted, !counts.isEmpty { throw .unknownPolicy(wanted, files: files, counts: listed) }
        throw .noContextRows(files: files, rejected: rejected, first: problems.first)
    }

    /// The pairs in file order, with the texts of prompts that rows name by id.
    mutating func pairs(
        promptFiles: [String], keys: RowKeys, columns: SideColumns
    ) throws(CorporaError) -> ([ContextSet.Row], [ContextFile.Origin]) {
        let named = Set(kept.compactMap { $0.row.text == nil ? $0.row.promptID : nil })
        var prompts: [String: PromptRow] = [:]
        if !named.isEmpty {
            var corpus = try PromptCorpus(files: promptFiles, keys: keys, columns: columns)
            while prompts.count < named.count, let element = try corpus.next() {
                guard case .row(let row) = element, named.contains(row.prompt.id) else { continue }
                prompts[row.prompt.id] = row
            }
        }
        var pairs: [ContextSet.Row] = []
        var origins: [ContextFile.Origin] = []
        for (_, row, _) in kept.sorted(by: { $0.ordinal < $1.ordinal }) {
            let prompt = row.promptID.flatMap { prompts[$0] }
            if let text = row.text ?? prompt?.prompt.text {
                pairs.append(ContextSet.Row(text: text, outcome: row.outcome))
                let values = row.columns.enumerated().map { place, value in
                    value == .missing ? prompt?.columns[place] ?? .missing : value
                }
                origins.append(ContextFile.Origin(promptID: row.promptID, columns: values))
            } else {
                reject(
                    RowError(
                        file: row.file, line: row.line, promptID: row.promptID, code: .unknownPrompt,
                        message: promptFiles.isEmpty
                            ? "the row names its prompt by id, but no prompt files were given; add them or the prompt"
                            : "no row of the prompt files has this id; add the prompt there, or to this row"))
            }
        }
        return (pairs, origins)
    }

    func warnings(_ pairs: [ContextSet.Row]) -> [ContextFile.Warning] {
        var warnings: [ContextFile.Warning] = []
        if pairs.count < ContextFile.rowsMin { warnings.append(.fewRows(pairs.count)) }
        let successes = pairs.count { $0.outcome.isSuccess }
        if successes == 0 || successes == pairs.count { warnings.append(.oneClass(isSuccess: successes > 0)) }
        if seen > kept.count { warnings.append(.sampled(kept: kept.count, of: seen)) }
        if queries > 0 { warnings.append(.queryRowsLeftOut(queries)) }
        if rejected > 0 { warnings.append(.rejected(rejected)) }
        if summed > 0 { warnings.append(.summed(summed)) }
        if otherFilters > 0 { warnings.append(.otherFilters(otherFilters)) }
        return warnings
    }

    private func fits(_ policy: Policy) -> Bool {
        wanted.map { $0 == policy.description || $0 == policy.id } ?? true
    }

    private mutating func reject(_ error: RowError) {
        rejected += 1
        errors.add(error)
        if problems.count < ContextFile.problemsMax { problems.append(error) }
    }
}
