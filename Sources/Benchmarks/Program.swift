import ArgumentParser
import Foundation

/// `statezero bench`.
struct Benchmark: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measures this machine: the coordinator's throughput, rollout workers, encoders, heads and planning.",
        subcommands: [
            CoordinatorBenchmark.self, Latency.self, BareRouter.self, Rollouts.self, KernelRates.self, Encoder.self,
            Qwen3.self, Head.self, Compact.self, Plans.self, Rescore.self, Start.self, Tune.self, TuneWorker.self,
        ])

    @Flag(help: "The same as `bench tune`, with its defaults.")
    var tune = false

    func run() throws {
        guard tune else { throw CleanExit.helpRequest(self) }
        guard let command = try Tune.parseAsRoot([]) as? Tune else { return }
        try command.run()
    }
}
