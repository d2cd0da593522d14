import ArgumentParser
import CommandSupport
import Corpora

/// `statezero validate`.
struct Validate: ParsableCommand {
    static let configuration = CommandConfiguration(
        "validate", "Checks a file of prompts or history rows; names each bad line and how to correct it.",
        example: "statezero validate scripts/sample/data/queries.jsonl.gz",
        details: """
            With --model, also how that model's encoder reads the prompts, by source: the share that is longer than it \
            reads, and of tokens that it does not know.
            """)

    @Argument(help: "JSONL file, plain, gzip or zstd.")
    var file: String

    @Option(range: .atLeast(0), help: "Largest number of problems to print.")
    var problems = 20

    @Option(help: "Model folder whose encoder counts tokens of prompts.")
    var model: String?

    @OptionGroup(title: "Row keys") var keys: KeyOptions
    @OptionGroup var report: ReportOptions

    func run() throws {
        let found = try FileReport.read(file, problemsMax: problems, keys: keys.keys)
        let reading = try reading(found)
        try report.show(Summary(found, reading)) {
            ([text(found)] + (reading.map { [$0.text] } ?? [])).joined(separator: "\n")
        }
        if found.stopped != nil || found.rows == 0 { throw ExitStatus.failed }
        if !found.isGood { throw ExitStatus.finishedWithErrorRows }
    }

    private func reading(_ report: FileReport) throws -> ReadingReport? {
        guard let model, report.kind == .prompts, report.stopped == nil else { return nil }
        let choice = try ModelOptions.choosing(model)
        try choice.check()
        return try ReadingReport(file, keys: keys.keys, model: choice)
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
        let reading: ReadingReport?

        init(_ report: FileReport, _ reading: ReadingReport?) {
            self.reading = reading
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
