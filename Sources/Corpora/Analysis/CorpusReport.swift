import Scoring

/// What predictions say about a corpus: distributions by source and by length of the prompt, and repeated texts.
///
/// Memory: hashes of the ids of scores and prompts and of two forms of each text, some 12 to 24 bytes each, 8 bytes a score, and no text; at
/// most `sourcesMax` sources.
package struct CorpusReport: Sendable {
    /// Further sources are counted together, under `otherSources`.
    package static let sourcesMax = 1000
    /// The source of rows without one.
    package static let withoutSource = "(no source)"
    /// The source of rows beyond `sourcesMax`.
    package static let otherSources = "(other sources)"
    /// Ends of the classes of length, in Unicode characters; the last class has none.
    package static let lengthEnds = [100, 300, 1000, 3000, 10_000]

    /// All scores.
    package private(set) var overall: ProbabilityCounts
    /// Score rows.
    package private(set) var scores: ScoreTable
    /// Prompts with a score, by source.
    package private(set) var sources: [String: ProbabilityCounts] = [:]
    /// Prompts with a score, by class of length.
    package private(set) var lengths: [ProbabilityCounts]
    /// Prompts that were read; 0 without prompt files.
    package private(set) var prompts = 0
    /// Prompts whose id has no score, with the first ids.
    package private(set) var unscored = NamedCount()
    /// Prompts whose text is that of an earlier one.
    package private(set) var exactRepeats = 0
    /// Prompts whose text is that of an earlier one but for case and white space; exact repeats are among them.
    package private(set) var looseRepeats = 0
    /// Rows of prompts that cannot be read, by code.
    package private(set) var promptErrors = ErrorCounts()

    private let empty: ProbabilityCounts
    private var exact = IDTable()
    private var loose = IDTable()

    /// Reads the scores once, then the prompts once; both in bounded memory for each row.
    package init(
        scores paths: [String], prompts files: [String], keys: RowKeys, rollouts: Int, margin: Double
    ) throws(CorporaError) {
        empty = ProbabilityCounts(rollouts: rollouts, margin: margin)
        var all = empty
        scores = try ScoreTable(paths) { all.add($0.p, kappa: $0.kappa, isTruncated: $0.isTruncated) }
        overall = all
        lengths = Array(repeating: empty, count: Self.lengthEnds.count + 1)
        guard !files.isEmpty else { return }
        var corpus = try PromptCorpus(files: files, keys: keys)
        while let element = try corpus.next() {
            switch element {
            case .row(let row): add(row)
            case .rejected(let error): promptErrors.add(error)
            }
        }
    }

    /// Scores whose prompt is not in the prompt files.
    package var scoresWithoutPrompt: Int { max(0, scores.rows - (prompts - unscored.count)) }

    private mutating func add(_ row: PromptRow) {
        prompts += 1
        let text = row.prompt.text
        if exact.insert(IDTable.hash(text), number: 0) != nil { exactRepeats += 1 }
        if loose.insert(IDTable.hash(Self.loose(text)), number: 0) != nil { looseRepeats += 1 }
        guard let score = scores.entry(of: row.prompt.id) else { return unscored.add(row.prompt.id) }
        var source = row.dataSource ?? Self.withoutSource
        if sources[source] == nil, sources.count >= Self.sourcesMax { source = Self.otherSources }
        sources[source, default: empty].add(score.p, kappa: score.kappa, isTruncated: score.isTruncated)
        let length = text.unicodeScalars.count
        lengths[Self.lengthEnds.firstIndex { length < $0 } ?? Self.lengthEnds.count]
            .add(score.p, kappa: score.kappa, isTruncated: score.isTruncated)
    }

    /// In lower case, with one space for each stretch of white space. Signs stay: 2+3 is not 2-3.
    static func loose(_ text: String) -> String {
        text.lowercased().split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }
}

/// A number of ids, with the first five.
package struct NamedCount: Hashable, Sendable {
    /// All ids.
    package private(set) var count = 0
    /// The first ones.
    package private(set) var first: [String] = []

    /// No ids.
    package init() {}

    /// The first ids for a message: "a, b, …".
    package var names: String { first.joined(separator: ", ") + (count > first.count ? ", …" : "") }

    /// Adds an id.
    package mutating func add(_ id: String) {
        count += 1
        if first.count < 5 { first.append(id) }
    }
}
