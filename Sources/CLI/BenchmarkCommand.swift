import ArgumentParser
import Foundation

/// `statezero bench`.
struct Benchmark: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measures this machine: the coordinator's throughput, rollout workers, encoders, heads and planning.",
        subcommands: [
            CoordinatorBenchmark.self, Latency.self, BareRouter.self, Rollouts.self, Encoder.self, Qwen3.self,
            Head.self, Compact.self, Plans.self,
        ])
}
