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

        /// For people: the fact and its consequence.
        public var description: String {
            switch self {
            case .fewRows(let rows):
                "the context has \(rows) rows; with fewer than \(ContextFile.rowsMin) every prediction is the base rate"
            case .oneClass(let isSuccess):
                "the context has only \(isSuccess ? "successes" : "failures"); every prediction is the base rate"
            case .sampled(let kept, let all): "\(kept) of \(all) context rows are used, drawn evenly over the files"
            case .queryRowsLeftOut(let rows): "\(rows) rows of role query were left out of the context"
            case .rejected(let rows): "\(rows) rows of the history could not be used"
            }
        }
    }

    /// With fewer rows every prediction is the base rate (`Prediction.Flags.baseRate`).
    public static let rowsMin = 16

    /// Reads the history of one policy.
    ///
    /// Rows have their prompt or name it by id; `promptFiles` are then read once, only for these ids. If
    /// there are more rows than `rowsMax`, a sample without replacement is drawn by `seed` and kept in file order.
    /// `policy` is an id, or `id@version`; without it the files must have one policy only.
    /// Memory: `rowsMax` rows and their prompts, and a counter for each policy.
    public static func load(
        _ files: [String], policy: String? = nil, promptFiles: [String] = [], rowsMax: Int = ContextSet.rowsMax,
        seed: UInt64 = 0, keys: RowKeys = .automatic, columns: SideColumns = .none
    ) throws(CorporaError) -> ContextFile {
        guard 1...ContextSet.rowsMax ~= rowsMax else {
            throw .contextTooLarge(wanted: rowsMax, most: ContextSet.rowsMax)
        }
        var draft = Draft(wanted: policy, rowsMax: rowsMax, seed: seed)
        var history = try HistoryCorpus(files: files, keys: keys, columns: columns)
        while let element = try history.next() { draft.receive(element) }
        let chosen = try draft.policy(files: files)
        let (pairs, origins) = try draft.pairs(promptFiles: promptFiles, keys: keys, columns: columns)
        // The sample has at most `rowsMax` pairs, so the set is not too large.
        guard !pairs.isEmpty, let context = ContextSet(pairs) else {
            throw .noContextRows(files: files, rejected: draft.rejected, first: draft.problems.first)
        }
        return ContextFile(
            context: context, origins: origins, policy: chosen, warnings: draft.warnings(pairs),
            problems: draft.problems,
            rejected: draft.rejected, files: history.files)
    }

    /// The same history with side information. Precondition: the set has the same pairs.
    func with(_ context: ContextSet) -> ContextFile {
        precondition(context.rows.count == origins.count, "\(context.rows.count) pairs instead of \(origins.count)")
        return ContextFile(
            context: context, origins: origins, policy: policy, warnings: warnings, problems: problems,
            rejected: rejected, files: files)
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
    var kept: [(ordinal: Int, row: HistoryRow)] = []
    var seen = 0
    var queries = 0
    var rejected = 0
    var problems: [RowError] = []

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
            sample(row)
        }
    }

    /// Algorithm R (Vitter, ACM TOMS 1985): every row stays with the same probability.
    private mutating func sample(_ row: HistoryRow) {
        seen += 1
        guard kept.count == rowsMax else {
            kept.append((seen, row))
            return
        }
        let place = Int(generator.next().multipliedFullWidth(by: UInt64(seen)).high)
        guard place < rowsMax else { return }
        kept[place] = (seen, row)
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
        for (_, row) in kept.sorted(by: { $0.ordinal < $1.ordinal }) {
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
        return warnings
    }

    private func fits(_ policy: Policy) -> Bool {
        wanted.map { $0 == policy.description || $0 == policy.id } ?? true
    }

    private mutating func reject(_ error: RowError) {
        rejected += 1
        if problems.count < ContextFile.problemsMax { problems.append(error) }
    }
}
