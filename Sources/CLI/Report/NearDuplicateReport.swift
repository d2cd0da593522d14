import CommandSupport
import Corpora
import Scoring

/// Near-duplicates of a corpus for `report`: how many prompts have one, and the largest groups with examples.
struct NearDuplicateReport: Encodable {
    /// Prompts of which each is nearly the same as the first.
    struct Group: Encodable {
        let rows: Int
        let examples: [Example]
    }

    /// A prompt of a group; the text is cut after `textMax` characters.
    struct Example: Encodable {
        let id: String
        let text: String
    }

    let threshold: Double
    let model: String
    let prompts: Int
    /// Groups of at least two prompts.
    let groups: Int
    /// Prompts in them.
    let prompts_in_groups: Int
    /// Prompts in them that are not the first: what `filter --drop-near-duplicates` leaves out.
    let repeats: Int
    let method: NearDuplicateSearch.Method
    let largest: [Group]

    private static let groupsShown = 10
    private static let examplesShown = 3
    private static let textMax = 160

    /// Share of prompts that are in a group.
    var share: Double { prompts == 0 ? 0 : Double(prompts_in_groups) / Double(prompts) }

    /// Reads the files twice: for the embeddings, then for the examples. Throws what `PromptCorpus` and the model throw.
    init(
        _ files: [String], keys: RowKeys, model: ModelOptions, store: StoreOptions, threshold: Double, total: Int
    ) throws {
        var search = try NearDuplicateSearch(model: model, store: store, threshold: threshold)
        let line = ProgressLine()
        var corpus = try PromptCorpus(files: files, keys: keys)
        while let element = try corpus.next() {
            guard case .row(let row) = element else { continue }
            try search.add(row.prompt.text)
            if corpus.counts.rows % 256 == 0 {
                line.show(
                    done: corpus.counts.rows, of: max(total, corpus.counts.rows), unit: "prompts", detail: "embedded")
            }
        }
        try search.finish()
        line.end()
        self.threshold = threshold
        self.model = model.name
        method = search.method
        prompts = search.groups.count
        var sizes = [Int](repeating: 0, count: (search.groups.max() ?? -1) + 1)
        for group in search.groups { sizes[group] += 1 }
        let shared = sizes.indices.filter { sizes[$0] > 1 }
        groups = shared.count
        prompts_in_groups = shared.reduce(0) { $0 + sizes[$1] }
        repeats = prompts_in_groups - groups
        // Of equal sizes, the group that begins first.
        let shown = shared.sorted { (sizes[$1], $0) < (sizes[$0], $1) }.prefix(Self.groupsShown)
        let examples = try Self.examples(of: Set(shown), search.groups, files, keys)
        largest = shown.map { Group(rows: sizes[$0], examples: examples[$0] ?? []) }
    }

    private static func examples(
        of shown: Set<Int>, _ groups: [Int], _ files: [String], _ keys: RowKeys
    ) throws -> [Int: [Example]] {
        guard !shown.isEmpty else { return [:] }
        var examples: [Int: [Example]] = [:]
        var corpus = try PromptCorpus(files: files, keys: keys)
        while let element = try corpus.next() {
            guard case .row(let row) = element, corpus.counts.rows <= groups.count else { continue }
            let group = groups[corpus.counts.rows - 1]
            guard shown.contains(group), examples[group, default: []].count < examplesShown else { continue }
            examples[group, default: []].append(Example(id: row.prompt.id, text: shortened(row.prompt.text)))
        }
        return examples
    }

    /// On one line.
    private static func shortened(_ text: String) -> String {
        let line = text.prefix(2 * textMax).split(whereSeparator: \.isWhitespace).joined(separator: " ")
        return line.count > textMax ? line.prefix(textMax) + "…" : line
    }

    /// What was found, in sentences.
    var lines: [String] {
        [
            "\(prompts_in_groups) of \(prompts) prompts (\(ReportText.percent(share))) are in \(groups) groups of "
                + "near-duplicates: a cosine of at least \(ReportText.plain(threshold)) with the first of the group",
            "without the \(repeats) that are not the first, \(prompts - repeats) prompts stay "
                + "(filter --drop-near-duplicates)",
            method.text,
        ]
    }
}
