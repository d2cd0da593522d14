import ArgumentParser
import CommandSupport
import Corpora
import Foundation

/// `statezero validate`.
struct Validate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Checks a file of prompts or of history rows: what is wrong, in which line, and what to do.")

    @Argument(help: "JSONL file, plain, gzip or zstd.")
    var file: String

    @OptionGroup var keys: KeyOptions

    @Option(help: "Problems shown.")
    var problems = 20

    @Flag(help: "Print one JSON object.")
    var json = false

    func run() throws {
        let report: FileReport
        do {
            report = try FileReport.read(file, problemsMax: problems, keys: keys.keys)
        } catch {
            throw CommandFailure(error)
        }
        if json {
            try ReportOptions.printJSON(Summary(report))
        } else {
            show(report)
        }
        if report.stopped != nil || report.rows == 0 { throw ExitStatus.failed }
        if !report.isGood { throw ExitStatus.finishedWithErrorRows }
    }

    private func show(_ report: FileReport) {
        print("\(file): \(report.kind.rawValue), \(report.rows) good rows, \(report.rejected) bad")
        if report.derivedIDs > 0 { print("  \(report.derivedIDs) rows have no id; theirs are derived from the text") }
        for (policy, rows) in report.policies.sorted(by: { $0.key < $1.key }) {
            print("  policy \(policy): \(rows) rows")
        }
        for (code, count) in report.codes.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
            print("  \(code.rawValue): \(count)")
        }
        for problem in report.problems { print("\(problem)") }
        if let stopped = report.stopped { print("\(stopped)") }
        if report.rows == 0 { print("no good row: nothing could be scored") }
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
