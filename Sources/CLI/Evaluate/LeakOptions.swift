import ArgumentParser
import CommandSupport
import Corpora
import Evaluation
import Scoring

/// `evaluate --check-leaks`: compares query prompts with the prompts of a training.
struct LeakOptions: ParsableArguments {
    @Flag(help: "Only name the query prompts that training has seen, and end with exit code 3 if there are any.")
    var checkLeaks = false

    @Option(parsing: .upToNextOption, help: "Prompt files of the training data, for --check-leaks.")
    var training: [String] = []

    func validate() throws {
        if checkLeaks, training.isEmpty {
            throw ValidationError(
                "--check-leaks needs --training FILES, the prompts of the training data: heads do not contain them")
        }
        if !checkLeaks, !training.isEmpty { throw ValidationError("--training is only used by --check-leaks") }
    }

    /// Compares and reports. Throws `finishedWithErrorRows` if a query prompt has been seen.
    func run(_ sources: [EvaluationSource], _ keys: KeyOptions, _ report: ReportOptions) throws {
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
        let found = check.report
        try report.show(found) { "\(LeakTable(found))" }
        if !found.leaks.isEmpty { throw ExitStatus.finishedWithErrorRows }
    }
}
