import ArgumentParser
import Foundation

/// `statezero bench`.
struct Benchmark: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench", abstract: "Measures this machine: the coordinator's throughput, the encoder's speed.",
        subcommands: [CoordinatorBenchmark.self, Encoder.self])
}
