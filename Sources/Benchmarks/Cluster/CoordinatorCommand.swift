import ArgumentParser
import ClientNode
import CommandSupport
import Foundation
import ZeroMQ

/// `statezero-bench coordinator`.
struct CoordinatorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        "coordinator", "Measures predictions per second through a coordinator to table-model workers, journal on.",
        example: "statezero-bench coordinator --rows 100000 --rounds 1",
        details: """
            Client, coordinator and workers are separate processes; rows are generated, not read. The same rounds \
            measure a bare ROUTER and DEALER pair with messages of the same sizes and as many in flight: once it \
            echoes every message, once it answers as a coordinator does. All processes share the cores of this \
            machine, so workers run at a lower priority (--nice) than client and coordinator.
            """)

    @OptionGroup(title: "Load") var load: CoordinatorLoadOptions
    @OptionGroup var rounds: RoundOptions
    @OptionGroup var report: ReportOptions
    @OptionGroup var log: LogOptions

    func run() throws {
        let bare = try BarePairProcess.measure(load, rounds: rounds.rounds)
        let benchmark = CoordinatorBenchmark(load: load, rounds: rounds.rounds, log: log)
        let figures = CoordinatorReport(
            rows: load.rows, batch_rows: load.batchRows, prompt_bytes: load.promptBytes, rounds: rounds.rounds,
            bare_pair: bare, clusters: try load.workers.map { try benchmark.run(workers: $0, bare: bare) })
        try report.show(figures) { figures.text }
    }
}

/// The load on the coordinator and on the bare pair.
struct CoordinatorLoadOptions: ParsableArguments {
    @Option(range: .atLeast(1), help: "Rows of one round.")
    var rows = 1_000_000

    @Option(range: .within(1...1000), help: "Table-model workers; each number is measured in turn.")
    var workers = [2]

    @Option(range: .within(1...4096), help: "Rows of a batch, which is one shard and one message.")
    var batchRows = SyntheticLoad.defaultShardRows

    @Option(range: .atLeast(1), help: "Bytes of a prompt.")
    var promptBytes = 300

    @Option(range: .within(0...19), help: "Nice value of the workers.")
    var nice = 10
}
