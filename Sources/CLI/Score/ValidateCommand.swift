public import ArgumentParser
import CommandSupport
public import Corpora
import Foundation
import Models
import Scoring

/// `statezero validate`.
struct Validate: ParsableCommand {
    static let configuration = CommandConfiguration(
        "validate", "Checks a file of prompts or history rows; names each bad line and how to correct it.",
        example: "statezero validate scripts/sample/data/queries.jsonl.gz",
        details: """
            Says which keys the prompts are read from, the first prompt as a model reads it, and texts that are not read; \
            by source, the share of prompts that is longer than the encoder reads and of tokens that it does not know \
            (with --model of all prompts, else of the first ones). Records of lm-eval, verl, verifiers, HELM, LightEval \
            and TRL are recognised.
            """)

    @Argument(
        help: """
            File, folder or pattern: JSON Lines, a JSON array, CSV or TSV, plain, gzip or zstd; Parquet or Arrow; - is \
            standard input. Also s3:// and https:// addresses.
            """
    )
    var file: String

    @Option(name: .customLong("as"), help: "Read the rows as prompts or as history. Default: what the first row is.")
    var kind: FileReport.Kind?

    @Option(help: "Policy of history rows that name none, as ID or ID@VERSION.")
    var policy: String?

    @Option(range: .atLeast(0), help: "Largest number of problems to print.")
    var problems = 20

    @Option(help: "Model folder whose encoder counts tokens of prompts.")
    var model: String?

    @OptionGroup(title: "Row keys") var keys: KeyOptions
    @OptionGroup var report: ReportOptions

    func run() throws {
        var keys = keys.keys
        keys.unnamedPolicy = policy.map { Policy(argument: $0) }
        let found = try FileReport.read(file, kind: kind, problemsMax: problems, keys: keys)
        let sample = try found.kind == .prompts && found.rows > 0 ? PromptSample.read([file], keys: keys) : nil
        let reading = try reading(found, sample)
        try report.show(Summary(found, sample, reading)) {
            ([text(found)] + (sample.map { PromptNotes($0).lines } ?? []) + (reading.map { [$0.text] } ?? []))
                .joined(separator: "\n")
        }
        if found.stopped != nil || found.rows == 0 { throw ExitStatus.failed }
        if !found.isGood { throw ExitStatus.finishedWithErrorRows }
    }

    /// Of all prompts with --model; else of the first ones, if the default model is there.
    private func reading(_ report: FileReport, _ sample: PromptSample?) throws -> ReadingReport? {
        guard report.kind == .prompts, report.stopped == nil else { return nil }
        let choice = try ModelOptions.choosing(model)
        guard model != nil else {
            guard let sample, let folder = choice.place.folder, FileManager.default.fileExists(atPath: folder) else {
                return nil
            }
            return try? ReadingReport(sample.rows, model: choice)
        }
        try choice.check()
        return try ReadingReport([file], keys: keys.keys, model: choice)
    }

    private func text(_ report: FileReport) -> String {
        var lines = ["\(file): \(report.kind.rawValue), \(report.rows) good rows, \(report.rejected) bad"]
        if report.derivedIDs > 0 { lines.append("  \(report.derivedIDs) rows have no id; it is derived from the text") }
        for (form, rows) in report.forms.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
            lines.append("  \(form.rawValue): \(rows) rows; \(form.reading)")
        }
        for (policy, rows) in report.policies.sorted(by: { $0.key < $1.key }) {
            lines.append(
                policy.id == FileReport.unnamed.id
                    ? "  \(rows) rows name no policy\(policy.version.map { " (version \($0))" } ?? ""); name it with --policy ID"
                    : "  policy \(policy): \(rows) rows")
        }
        if report.summed > 0 {
            lines.append("  \(report.summed) rows are added to others of the same policy and prompt: k of n")
        }
        if report.otherFilters > 0 { lines.append("  \(report.otherFilters) rows of other filters are left out") }
        if report.assistantLast > 0 {
            lines.append("  \(report.assistantLast) prompts end with an answer of the assistant")
        }
        if let reason = report.idsInMemory { lines.append(PromptNotes.idsInMemory(reason)) }
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
        let forms: [String: Int]
        let summed: Int
        let assistant_last: Int
        let prompt_keys: [String: Int]
        let first_prompt: String?
        let unread: [String: Int]

        init(_ report: FileReport, _ sample: PromptSample?, _ reading: ReadingReport?) {
            forms = Dictionary(uniqueKeysWithValues: report.forms.map { ($0.key.rawValue, $0.value) })
            summed = report.summed
            assistant_last = report.assistantLast
            let files = sample?.files ?? []
            prompt_keys = Dictionary(files.flatMap(\.keys).map { ($0.name, $0.rows) }, uniquingKeysWith: +)
            first_prompt = files.lazy.compactMap(\.first).first?.text
            unread = Dictionary(files.flatMap(\.unread).map { ($0.name, $0.rows) }, uniquingKeysWith: +)
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

extension FileReport.Kind: ExpressibleByArgument {}
