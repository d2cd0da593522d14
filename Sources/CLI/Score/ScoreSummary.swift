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
    private let answered: Int
    private let facts: String

    private enum CodingKeys: CodingKey {
        case output, rows, ok, error, base_rate, truncated, model, seconds, rows_per_second, was_there
    }

    /// `rows` are those answered in this run; an earlier run may have answered others.
    init(_ manifest: RunManifest, output: String, wasThere: Bool, rows answered: Int, seconds: Double) {
        let counts = manifest.counts
        self.output = output
        (rows, ok, error) = (counts.rows, counts.ok, counts.error)
        (base_rate, truncated) = (counts.baseRate, counts.truncated)
        model = manifest.model.digest
        self.seconds = seconds
        rows_per_second = answered > 0 ? Double(answered) / seconds : nil
        was_there = wasThere
        self.answered = answered
        facts =
            "policy \(manifest.policy.id), context of \(manifest.context.rows) rows, model \(manifest.model.name)"
    }

    var text: String {
        if was_there { return "\(output): this run has finished already; nothing was done" }
        var lines = [
            String(
                format: "%d rows in %.1f s (%.0f rows/s): %d scored, %d errors, %d truncated (%.1f %%)", rows,
                seconds, Double(answered) / seconds, ok, error, truncated,
                100 * Double(truncated) / Double(max(1, rows)))
        ]
        if base_rate > 0 {
            lines.append("\(base_rate) rows have the base rate of the context, which has too little evidence for more")
        }
        return (lines + [facts, "output \(output)"]).joined(separator: "\n")
    }
}
