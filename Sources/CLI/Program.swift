package import ArgumentParser
import CommandSupport

/// `statezero`: what was typed becomes one of the drivers.
@main
enum Program {
    static func main() { CommandRunner.main(StateZero.self) }
}

/// The program's verbs.
package struct StateZero: ParsableCommand {
    package static let configuration = CommandConfiguration(
        "statezero", "Predicts, before any rollout, whether an LLM will succeed on a prompt; plans rollouts by it.",
        example: """
            statezero score --prompts scripts/sample/data/queries.jsonl.gz \\
                --context scripts/sample/data/context.three-shot-t0.8.jsonl.gz --output out/scores
            """,
        details: """
            Exit codes: 0 done, 1 error, 2 usage, 3 finished with error rows, 75 interrupted and resumable.
            Data goes to standard output, progress and logs to standard error.
            """,
        subcommands: [
            Score.self, Plan.self, Route.self, Evaluate.self, ReplayOutcomes.self, Doctor.self, Coordinator.self,
            Worker.self, Rollout.self, Model.self, Store.self, Validate.self, Tune.self, TuneWorker.self,
            BenchNotice.self,
        ])

    package init() {}
}

extension CommandFailure {
    init(_ error: any Error, status: ExitStatus = .failed) { self.init("\(error)", status: status) }
}
