package import ArgumentParser
import ArrowFiles
import CommandSupport
import Corpora
import ObjectStorage

/// `statezero`: reads the command line and runs one of the verbs.
@main
enum Program {
    static func main() {
        RowFormats.add(ArrowRowFormat())
        RemoteFiles.use(NetworkStorage())
        CommandRunner.main(StateZero.self, readsSettings: true)
    }
}

/// The program's verbs.
package struct StateZero: ParsableCommand {
    package static let configuration = CommandConfiguration(
        "statezero",
        "Predicts whether an LLM will succeed on a prompt, before any rollout; plans rollouts and routes prompts.",
        example: """
            statezero score --prompts scripts/sample/data/queries.jsonl.gz \\
                --context scripts/sample/data/context.three-shot-t0.8.jsonl.gz --output out/scores
            """,
        details: """
            Data goes to standard output, progress and logs to standard error.
            Each option may also be set by a variable (--log-level by STATEZERO_LOG_LEVEL) or in a file: statezero config.
            Exit codes: 0 done, 1 error, 2 wrong usage, 3 done with error rows, 75 interrupted (run it again).
            """,
        subcommands: [
            Score.self, Plan.self, Route.self, Evaluate.self, ReplayOutcomes.self, Validate.self, ReportCommand.self,
            FilterCommand.self, Coordinator.self,
            Worker.self, Rollout.self, Status.self, Top.self, Drain.self, Cancel.self, History.self, KeysCommand.self,
            JournalCommand.self,
            Model.self,
            Store.self, Tune.self, Doctor.self, ConfigCommand.self, TuneWorker.self, BenchNotice.self,
        ])

    package init() {}
}
