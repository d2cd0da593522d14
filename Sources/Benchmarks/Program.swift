package import ArgumentParser
import CommandSupport

/// `statezero-bench`: measures the parts of StateZero on this machine.
@main
enum Program {
    static func main() { CommandRunner.main(StateZeroBench.self) }
}

/// The program's verbs.
package struct StateZeroBench: ParsableCommand {
    package static let configuration = CommandConfiguration(
        "statezero-bench", "Measures the parts of StateZero on this machine.",
        example: "statezero-bench encoder --threads 1 --rounds 3",
        details: """
            Results go to standard output, progress and logs to standard error. Measure with a release build on an \
            otherwise idle machine. scripts/benchmarks/run measures everything and writes BENCHMARKS.md.
            """,
        subcommands: [
            KernelsCommand.self, EncoderCommand.self, TextsCommand.self, Qwen3Command.self, CompactCommand.self,
            HeadCommand.self,
            PlanningCommand.self, CoordinatorCommand.self, LatencyCommand.self, RolloutsCommand.self,
            RescoreCommand.self, StartCommand.self, BareRouterCommand.self, ArrowReadCommand.self,
            ArrowMutateCommand.self,
        ])

    package init() {}
}
