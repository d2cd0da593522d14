import ArgumentParser
import CommandSupport
import Corpora
import Evaluation
import Scoring

/// `--training` and `--check-leaks` of `evaluate`: compares query prompts with the prompts of a training.
struct LeakOptions: ParsableArguments {
    @Flag(help: "Only name the query prompts that training has seen, and end with exit code 3 if there are any.")
    var checkLeaks = false

    @Option(
        parsing: .upToNextOption,
        help: "Prompt files of the training data. Query prompts that they contain are left out, and counted.")
    var training: [String] = []

    func validate() throws {
        if checkLeaks, training.isEmpty {
            throw ValidationError(
                "--check-leaks needs --training FILES, the prompts of the training data: heads do not contain them")
        }
    }

    /// Compares and reports. Throws `finishedWithErrorRows` if a query prompt has been seen.
    func run(_ sources: [EvaluationSource], _ keys: KeyOptions, _ report: ReportOptions) throws {
        let found = try check(sources, keys).report
        try report.show(found) { "\(LeakTable(found))" }
        if !found.leaks.isEmpty { throw ExitStatus.finishedWithErrorRows }
    }

    /// The sources without the queries that training has seen, and the counts by source; all of them without `--training`.
    func unseen(
        _ sources: [EvaluationSource], _ keys: KeyOptions
    ) throws -> (sources: [EvaluationSource], leftOut: [LeakCheck.Source]) {
        guard !training.isEmpty else { return (sources, []) }
        let check = try check(sources, keys)
        return (try check.unseen(sources), check.report.sources.filter { $0.sameText + $0.reworded > 0 })
    }

    /// What was left out, as lines; empty if nothing was.
    static func lines(_ leftOut: [LeakCheck.Source]) -> [String] {
        leftOut.map { source in
            "\(source.source): \(source.sameText + source.reworded) of \(source.queries) query prompts left out, because"
                + " training has seen them (\(source.sameText) with the same text, \(source.reworded) reworded)"
        }
    }

    private func check(_ sources: [EvaluationSource], _ keys: KeyOptions) throws -> LeakCheck {
        var check = LeakCheck(sources)
        for file in training {
            var prompts = try PromptCorpus(files: [file], keys: keys.keys)
            while let element = try prompts.next() {
                switch element {
                case .row(let row):
                    check.receive(training: row.prompt.text, id: row.prompt.id, file: row.file)
                case .rejected(let error): printError("\(error)")
                }
            }
        }
        return check
    }
}
