import Corpora
import Foundation

/// What `score` prints at the end; the property names are the keys of `--json`.
struct ScoreSummary: Encodable {
    let output: String
    let rows: Int
    let ok: Int
    let error: Int
    let base_rate: Int
    let truncated: Int
    let model: String
    let seconds: Double
    let rows_per_second: Double?
    let was_there: Bool
    let side: RunManifest.SideEntry?
    /// Rows with an error, by code.
    let errors: [String: Int]
    /// Prompts that end with a turn of the assistant.
    let assistant_last: Int
    /// Rows that two workers computed alike; absent where nobody has recorded it.
    let verified: Int?
    /// Rows that were to be computed again, and were not, because no other worker was there.
    let unverified: Int?
    /// Workers that two others contradicted.
    let quarantined: [String]?
    /// Rows that rest on the word of such a worker alone: they were in the output already.
    let doubtful: Int?
    private let errorLines: [String]
    private let answered: Int
    private let facts: String

    private enum CodingKeys: CodingKey {
        case output, rows, ok, error, errors, base_rate, truncated, assistant_last, model, seconds, rows_per_second
        case was_there, side, verified, unverified, quarantined, doubtful
    }

    /// `rows` are those answered in this run; an earlier run may have answered others.
    init(
        _ manifest: RunManifest, output: String, wasThere: Bool, rows answered: Int, seconds: Double,
        reading: PromptCorpus.Counts, errors: ErrorCounts, workers: RunWorkers? = nil
    ) {
        verified = workers?.verifiedRows
        unverified = workers?.unverifiedRows
        quarantined = workers?.quarantined
        doubtful = workers?.doubtfulRows
        self.errors = Dictionary(uniqueKeysWithValues: errors.sorted.map { ($0.code.rawValue, $0.rows) })
        errorLines = errors.lines
        assistant_last = reading.assistantLast
        let counts = manifest.counts
        self.output = output
        (rows, ok, error) = (counts.rows, counts.ok, counts.error)
        (base_rate, truncated) = (counts.baseRate, counts.truncated)
        model = manifest.model.digest
        self.seconds = seconds
        rows_per_second = answered > 0 ? Double(answered) / seconds : nil
        was_there = wasThere
        side = manifest.side
        self.answered = answered
        facts =
            "policy \(manifest.policy.id), context of \(manifest.context.rows) rows, model \(manifest.model.name)"
    }

    var text: String {
        if was_there {
            return (["\(output): this run has finished already; nothing was done"] + errorLines).joined(separator: "\n")
        }
        var lines = [
            String(
                format: "%d rows in %.1f s (%.0f rows/s): %d scored, %d errors, %d truncated (%.1f %%)", rows,
                seconds, Double(answered) / seconds, ok, error, truncated,
                100 * Double(truncated) / Double(max(1, rows)))
        ]
        if base_rate > 0 {
            lines.append("\(base_rate) rows have the base rate of the context, which has too little evidence for more")
        }
        if assistant_last > 0 {
            lines.append(
                "\(assistant_last) prompts end with an answer of the assistant, which was scored with them; "
                    + "--drop-last-assistant leaves it out")
        }
        lines += verificationLines + errorLines
        if let side { lines += Self.lines(side, rows: rows) }
        return (lines + [facts, "output \(output)"]).joined(separator: "\n")
    }

    /// What came of `--verify`; nothing where no row was drawn.
    private var verificationLines: [String] {
        var lines: [String] = []
        if let verified, verified > 0 {
            lines.append("\(verified) rows were computed by two workers, with the same result")
        }
        if let unverified, unverified > 0 {
            lines.append("\(unverified) rows were to be computed again, and no other worker was there")
        }
        if let quarantined, !quarantined.isEmpty {
            lines.append("workers that two others contradict: \(quarantined.joined(separator: ", "))")
        }
        if let doubtful, doubtful > 0 {
            lines.append(
                "warning: \(doubtful) rows of such a worker were in the output already, see _workers.json; score again with "
                    + "--overwrite to have them computed by others")
        }
        return lines
    }

    /// How many prompts had references, by policy; the first ten.
    private static func lines(_ side: RunManifest.SideEntry, rows: Int) -> [String] {
        var lines: [String] = []
        if !side.references.isEmpty {
            lines.append("\(side.promptsWithReferences) of \(rows) rows have references:")
            for reference in side.references.prefix(10) {
                let kind = reference.kind == "own_record" ? " (earlier versions of the policy)" : ""
                lines.append(
                    "  \(reference.name)\(kind): \(reference.prompts) prompts, \(reference.contextRows) context rows")
            }
            if side.references.count > 10 { lines.append("  and \(side.references.count - 10) more") }
        }
        if !side.numbers.isEmpty { lines.append("numbers: \(side.numbers.joined(separator: ", "))") }
        if !side.categories.isEmpty { lines.append("categories: \(side.categories.joined(separator: ", "))") }
        for vectors in side.vectors {
            lines.append("vectors \(vectors.name): \(vectors.prompts) prompts, \(vectors.contextRows) context rows")
        }
        return lines
    }
}
