import Foundation
import Scoring

/// Which rows of a prompt file a filter keeps: a band of p, a quota by source and a sample by expected contrast p(1 − p).
///
/// Quota and sample draw without replacement, with chances by contrast (Efraimidis and Spirakis, 2006). The draw of a row
/// depends on the seed and its id only. Memory: one bit a row, and two times the sample, or two times the
/// quota for each source.
package struct RowSelection: Sendable {
    /// What is kept.
    package struct Rule: Hashable, Sendable {
        /// The band of p, both ends included.
        package var band: ClosedRange<Float>
        /// Rows of each source at most; at least 1.
        package var perSource: Int?
        /// Rows at most; at least 1.
        package var sample: Int?
        /// Seed of the draws.
        package var seed: UInt64

        /// A rule.
        package init(band: ClosedRange<Float> = 0...1, perSource: Int? = nil, sample: Int? = nil, seed: UInt64 = 0) {
            (self.band, self.perSource, self.sample, self.seed) = (band, perSource, sample, seed)
        }
    }

    /// Rows with a good prompt.
    package private(set) var rows = 0
    /// The number of the last row that was read.
    package private(set) var lastRow = 0
    /// Rows with a score inside the band.
    package private(set) var inBand = 0
    /// Rows inside the band that are left out because an earlier one is nearly the same.
    package private(set) var nearDuplicates = 0
    /// Rows whose id has no score.
    package private(set) var unscored = NamedCount()
    /// Rows that cannot be read, by code.
    package private(set) var errors = ErrorCounts()
    /// The rows that are kept.
    package private(set) var kept = RowSet()

    private let rule: Rule
    private let repeats: RowSet
    private var pools: [String: Pool] = [:]

    /// Reads the prompts of a file once, and chooses among them. The rows `leavingOut` are near-duplicates of others.
    package init(
        _ file: String, keys: RowKeys, scores: ScoreTable, rule: Rule, leavingOut repeats: RowSet = RowSet()
    ) throws(CorporaError) {
        self.rule = rule
        self.repeats = repeats
        var corpus = try PromptCorpus(files: [file], keys: keys)
        while let element = try corpus.next() {
            switch element {
            case .row(let row):
                add(row, scores)
                lastRow = row.line
            case .rejected(let error):
                errors.add(error)
                lastRow = max(lastRow, error.line)
            }
        }
        finish()
    }

    private mutating func add(_ row: PromptRow, _ scores: ScoreTable) {
        rows += 1
        guard let p = scores.probability(of: row.prompt.id) else { return unscored.add(row.prompt.id) }
        guard rule.band.contains(p) else { return }
        inBand += 1
        if repeats.contains(row.line) {
            nearDuplicates += 1
            return
        }
        guard let limit = rule.perSource ?? rule.sample else { return kept.insert(row.line) }
        let source = rule.perSource == nil ? "" : row.dataSource ?? CorpusReport.withoutSource
        pools[source, default: Pool(limit: limit)].add(draw(row, p))
    }

    private mutating func finish() {
        var all = Pool(limit: rule.sample ?? .max)
        for pool in pools.values { for draw in pool.best { all.add(draw) } }
        for draw in all.best { kept.insert(draw.line) }
    }

    private func draw(_ row: PromptRow, _ p: Float) -> Draw {
        var generator = SeededGenerator(seed: rule.seed ^ IDTable.hash(row.prompt.id))
        // In (0, 1): the logarithm is finite and below 0.
        let uniform = (Double(generator.next() >> 12) + 0.5) * 0x1p-52
        let contrast = Double(p) * (1 - Double(p))
        return Draw(key: contrast > 0 ? log(uniform) / contrast : -.infinity, line: row.line)
    }
}

/// A row in a draw; the rows with the largest keys stay.
private struct Draw: Sendable {
    let key: Double
    let line: Int
}

/// The best rows so far, at most twice the limit.
private struct Pool: Sendable {
    let limit: Int
    private var draws: [Draw] = []

    init(limit: Int) { self.limit = limit }

    var best: ArraySlice<Draw> { sorted.prefix(limit) }

    mutating func add(_ draw: Draw) {
        draws.append(draw)
        // Sorting after every `limit` rows costs O(log limit) for each row.
        if draws.count / 2 >= limit { draws = Array(best) }
    }

    private var sorted: [Draw] { draws.sorted { ($1.key, $0.line) < ($0.key, $1.line) } }
}

/// Numbers of rows from 1, one bit each.
package struct RowSet: Hashable, Sendable {
    /// How many numbers are in the set.
    package private(set) var count = 0
    private var words: [UInt64] = []

    /// No rows.
    package init() {}

    /// Adds a number from 1; others are ignored.
    package mutating func insert(_ row: Int) {
        guard row > 0, !contains(row) else { return }
        while words.count <= row / 64 { words.append(0) }
        words[row / 64] |= 1 << UInt64(row % 64)
        count += 1
    }

    /// Whether a number is in the set.
    package func contains(_ row: Int) -> Bool {
        row > 0 && row / 64 < words.count && words[row / 64] & (1 << UInt64(row % 64)) != 0
    }
}
