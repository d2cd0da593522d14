import ArgumentParser
import CommandSupport
import Corpora

/// Prompt files and outcome files of `evaluate`, `replay` and `route evaluate`.
struct OutcomeFiles: ParsableArguments {
    @Option(parsing: .upToNextOption, help: "Prompt files.")
    var prompts: [String]

    @Option(
        parsing: .upToNextOption,
        help: "Outcome files: rows with prompt_id, policy_id, and reward or k of n. Each file is one source.")
    var outcomes: [String]

    /// Reads all files and joins them by prompt_id. The first 20 bad rows go to standard error.
    func load(_ keys: KeyOptions) throws -> OutcomeSource.Loaded {
        let loaded = try OutcomeSource.load(promptFiles: prompts, outcomeFiles: outcomes, keys: keys.keys)
        for problem in loaded.problems.prefix(20) { printError("\(problem)") }
        if loaded.rejected > 0 { printError("\(loaded.rejected) rows are not usable") }
        return loaded
    }
}
