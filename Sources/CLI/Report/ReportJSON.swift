import Corpora

/// `statezero report --json`; the property names are the keys.
struct ReportJSON: Encodable {
    /// A distribution.
    struct Group: Encodable {
        let name: String
        let rows: Int
        let mean: Double
        let near_zero: Int
        let near_one: Int
        let silent_share: Double
        /// `nil` if the scores do not say it.
        let truncated: Int?
        let bins: [Int]

        init(_ name: String, _ counts: ProbabilityCounts, hasTruncation: Bool) {
            self.name = name
            truncated = hasTruncation ? counts.truncated : nil
            (rows, mean, bins) = (counts.rows, counts.mean, counts.bins)
            (near_zero, near_one, silent_share) = (counts.nearZero, counts.nearOne, counts.silentShare)
        }
    }

    let rollouts: Int
    let near: Double
    let all: Group
    let sources: [Group]
    let lengths: [Group]
    let truncated: Int?
    let failed: Int
    let bad_scores: Int
    let bad_prompts: Int
    let prompts: Int
    let exact_repeats: Int
    let loose_repeats: Int
    let unscored: Int
    let unscored_ids: [String]
    let scores_without_prompt: Int?
    let reading: ReadingReport?
    let near_duplicates: NearDuplicateReport?

    init(_ report: CorpusReport, _ text: ReportText) {
        (reading, near_duplicates) = (text.reading, text.duplicates)
        (rollouts, near) = (text.rollouts, text.near)
        all = Group("all", report.overall, hasTruncation: text.hasTruncation)
        sources = text.sources.map { Group($0.name, $0.counts, hasTruncation: text.hasTruncation) }
        lengths = text.lengths.map { Group($0.name, $0.counts, hasTruncation: text.hasTruncation) }
        (truncated, failed) = (all.truncated, report.scores.failed)
        (bad_scores, bad_prompts) = (report.scores.errors.rows, report.promptErrors.rows)
        (prompts, exact_repeats, loose_repeats) = (report.prompts, report.exactRepeats, report.looseRepeats)
        (unscored, unscored_ids) = (report.unscored.count, report.unscored.first)
        scores_without_prompt = report.prompts > 0 ? report.scoresWithoutPrompt : nil
    }
}
