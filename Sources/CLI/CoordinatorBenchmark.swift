import ArgumentParser
import ClientNode
import Cluster
import Foundation
import Logging
import Scoring
import Wire
import ZeroMQ

extension Benchmark {
    /// `statezero bench coordinator`.
    struct CoordinatorBenchmark: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "coordinator",
            abstract: "Predictions a second through a coordinator to table-model workers, all in their own processes.",
            discussion: "Rows are made here, not read from files: what is measured is the cluster, journal on.")

        @Option(help: "Rows in all.")
        var rows = 1_000_000

        @Option(help: "Table-model workers.")
        var workers = 2

        @Option(help: "Bytes of a prompt.")
        var promptBytes = 300

        @Flag(help: "Print one JSON object.")
        var json = false

        @OptionGroup var log: LogOptions

        func run() throws {
            let folder = NSTemporaryDirectory() + "statezero-bench-\(ProcessInfo.processInfo.processIdentifier)"
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(atPath: folder) }
            let program =
                (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
                ?? CommandLine.arguments[0]
            do {
                let cluster = try LocalCluster(
                    LocalCluster.Configuration(
                        program: program, workers: workers, threadsPerWorker: 1, model: ["--model", "table"],
                        journal: folder + "/journal.sqlite", logLevel: log.logLevel.rawValue),
                    logger: log.logger("statezero.bench"))
                defer { cluster.stop() }
                let result = try SyntheticLoad(
                    coordinator: try Endpoint(cluster.endpoint), rows: rows, promptBytes: promptBytes
                ).run(logger: log.logger("statezero.bench"))
                if json {
                    let rate = Double(rows) / result.seconds
                    return try printJSON(
                        Summary(rows: rows, workers: workers, seconds: result.seconds, predictions_per_second: rate))
                }
                print(
                    String(
                        format: "%d predictions in %.2f s: %.0f a second, %d workers, prompts of %d bytes, journal on",
                        rows, result.seconds, Double(rows) / result.seconds, workers, promptBytes))
            } catch {
                throw CommandFailure(error)
            }
        }

        private struct Summary: Encodable {
            let rows: Int
            let workers: Int
            let seconds: Double
            let predictions_per_second: Double
        }
    }
}
