import ArgumentParser
import CommandSupport
import Corpora

/// `statezero validate`.
struct Validate: ParsableCommand {
    static let configuration = CommandConfiguration(
        "validate", "Checks a file of prompts or history rows; names each bad line and how to correct it.",
        example: "statezero validate scripts/sample/data/queries.jsonl.gz")

    @Argument(help: "JSONL file, plain, gzip or zstd.")
    var file: String

    @Option(range: .atLeast(0), help: "Largest number of problems to print.")
    var problems = 20

    @OptionGroup(title: "Row keys") var keys: KeyOptions
    @OptionGroup var report: ReportOptions

    func run() throws {
        let found = try FileReport.read(file, problemsMax: problems, keys: keys.keys)
        try report.show(Summary(found)) { text(found) }
        if found.stopped != nil || found.rows == 0 { throw ExitStatus.failed }
        if !found.isGood { throw ExitStatus.finishedWithErrorRows }
    }

    private func text(_ report: FileReport) -> String {
        var lines = ["\(file): \(report.kind.rawValue), \(report.rows) good rows, \(report.rejected) bad"]
        if report.derivedIDs > 0 { lines.append("  \(report.derivedIDs) rows have no id; it is derived from the text") }
        for (policy, rows) in report.policies.sorted(by: { $0.key < $1.key }) {
            lines.append("  policy \(policy): \(rows) rows")
        }
        for (code, count) in report.codes.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
            lines.append("  \(code.rawValue): \(count)")
        }
        lines += report.problems.map(\.description)
        if let stopped = report.stopped { lines.append("\(stopped)") }
        if report.rows == 0 { lines.append("the file has no good row, so nothing can be scored") }
        return lines.joined(separator: "\n")
    }

    private struct Summary: Encodable {
        let file: String
        let kind: String
        let rows: Int
        let rejected: Int
        let derived_ids: Int
        let codes: [String: Int]
        let problems: [String]
        let stopped: String?

        init(_ report: FileReport) {
            file = report.file?.path ?? ""
            kind = report.kind.rawValue
            rows = report.rows
            rejected = report.rejected
            derived_ids = report.derivedIDs
            codes = Dictionary(uniqueKeysWithValues: report.codes.map { ($0.key.rawValue, $0.value) })
            problems = report.problems.map(\.description)
            stopped = report.stopped.map { "\($0)" }
        }
    }
}
