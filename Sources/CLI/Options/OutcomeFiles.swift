import ArgumentParser
import CommandSupport
import Corpora
import Scoring

/// Prompt files and outcome files of `evaluate`, `replay` and `route evaluate`.
struct OutcomeFiles: ParsableArguments {
    @Option(parsing: .upToNextOption, help: "Prompt files.")
    var prompts: [String]

    @Option(
        parsing: .upToNextOption,
        help: """
            Outcome files: rows with prompt_id, policy_id, and reward or k of n. Each file is one source. Rows of single \
            rollouts are summed.
            """)
    var outcomes: [String]

    @Option(help: "Policy of outcome rows that name none, as ID or ID@VERSION.")
    var policy: String?

    /// Reads all files and joins them by prompt_id. What the prompts are read from and the first 20 bad rows go to
    /// standard error.
    func load(_ options: KeyOptions) throws -> OutcomeSource.Loaded {
        var keys = options.keys
        keys.unnamedPolicy = policy.map { Policy(argument: $0) }
        PromptNotes(try PromptSample.read(prompts, keys: keys)).show()
        let loaded = try OutcomeSource.load(promptFiles: prompts, outcomeFiles: outcomes, keys: keys)
        for problem in loaded.problems.prefix(20) { printError("\(problem)") }
        if loaded.rejected > 0 {
            printError("\(loaded.rejected) rows are not usable")
            for line in loaded.errors.lines { printError(line) }
        }
        if loaded.summed > 0 {
            printError("\(loaded.summed) rows were added to others of the same policy and prompt: k of n")
        }
        guard loaded.sources.contains(where: { !$0.groups.isEmpty }) else {
            throw CommandFailure(
                "no row of \(outcomes.joined(separator: ", ")) is usable, so there is nothing to compare")
        }
        return loaded
    }
}
