import ArgumentParser
import ClientNode
import Foundation
import Kernels
import Logging
import Scoring
import ZeroMQ

extension Benchmark {
    /// `statezero bench coordinator`.
    struct CoordinatorBenchmark: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "coordinator",
            abstract: "Predictions a second through a coordinator to table-model workers, all in their own processes.",
            discussion: """
                Rows are made here, not read from files: what is measured is the cluster, journal on. Beside it, in the \
                same rounds, a bare ROUTER and DEALER in two processes over the same transport, with messages of the same \
                sizes and as many under way: once they send every message back whole, once with a shard's answers. All \
                share this machine's cores, so workers stand back (--nice) for what feeds them.
                """)

        @Option(help: "Rows in all, of one round.")
        var rows = 1_000_000

        @Option(
            parsing: .upToNextOption, help: "Table-model workers; several numbers are measured one after the other.")
        var workers = [2]

        @Option(help: "Rows of a batch: of a shard, and of a message.")
        var batchRows = SyntheticLoad.usualShardRows

        @Option(help: "Bytes of a prompt.")
        var promptBytes = 300

        @Option(help: "Rounds; medians are printed.")
        var rounds = 5

        @Option(help: "Steps by which client and coordinator come before workers.")
        var nice = 10

        @Flag(help: "Print one JSON object.")
        var json = false

        @OptionGroup var log: LogOptions

        func validate() throws {
            if rows < 1 { throw ValidationError("--rows \(rows): at least 1") }
            if workers.isEmpty || workers.contains(where: { $0 < 1 || $0 > 1000 }) {
                throw ValidationError("--workers \(workers): each from 1 to 1000")
            }
            if batchRows < 1 || batchRows > 4096 { throw ValidationError("--batch-rows \(batchRows): from 1 to 4096") }
            if promptBytes < 1 { throw ValidationError("--prompt-bytes \(promptBytes): at least 1") }
            if nice < 0 || nice > 19 { throw ValidationError("--nice \(nice): from 0 to 19") }
            if rounds < 1 { throw ValidationError("--rounds \(rounds): at least 1") }
        }

        func run() throws {
            do {
                let bare = try BarePairProcess.measure(
                    batches: rows / batchRows + 1, batchRows: batchRows, promptBytes: promptBytes, rounds: rounds)
                let clusters = try workers.map { try measure(workers: $0, bare: bare) }
                let report = Report(
                    rows: rows, batch_rows: batchRows, prompt_bytes: promptBytes, rounds: rounds, bare_pair: bare,
                    clusters: clusters)
                if json { return try printJSON(report) }
                report.show()
            } catch {
                throw CommandFailure(error)
            }
        }

        /// All rounds with so many workers, on one cluster.
        private func measure(workers: Int, bare: BarePairProcess.Rates) throws -> ClusterRates {
            let logger = log.logger("statezero.bench")
            let folder = try BenchmarkFolder()
            defer { withExtendedLifetime(folder) {} }
            var configuration = LocalCluster.Configuration(
                program: OwnProgram.path, workers: workers, threadsPerWorker: 1, model: ["--model", "table"],
                journal: folder.path + "/journal.sqlite", logLevel: log.logLevel.rawValue)
            configuration.workerNice = nice
            let cluster = try LocalCluster(configuration, logger: logger)
            defer { cluster.stop() }
            let endpoint = try Endpoint(cluster.endpoint)
            let load = { (rows: Int) in
                SyntheticLoad(
                    coordinator: endpoint, rows: rows, promptBytes: promptBytes, shardRows: batchRows, workers: workers)
            }
            // Until everybody is there and warm.
            _ = try load(min(rows, 65_536)).run(logger: logger)
            var rates: [Double] = []
            var spent: [ProcessorShares] = []
            for _ in 0..<rounds {
                let before = ProcessorShares(of: cluster)
                let result = try load(rows).run(logger: logger)
                guard result.rows == rows else {
                    throw CommandFailure(.failed, "\(result.rows) of \(rows) rows have a prediction")
                }
                spent.append(ProcessorShares(of: cluster).since(before, rows: rows))
                rates.append(Double(rows) / result.seconds)
            }
            let rate = Median.of(rates)
            let batches = rate / Double(batchRows)
            return ClusterRates(
                workers: workers, predictions_per_second: rate, batches_per_second: batches,
                of_bare_pair_echoing: batches / bare.echoing_per_second,
                of_bare_pair_answering: batches / bare.answering_per_second,
                of_bare_pair_by_coordinator_seconds: bare.echoing_seconds_per_million_rows
                    / Median.of(spent.map(\.coordinator)),
                client_seconds_per_million_rows: Median.of(spent.map(\.client)),
                coordinator_seconds_per_million_rows: Median.of(spent.map(\.coordinator)),
                workers_seconds_per_million_rows: Median.of(spent.map(\.workers)))
        }
    }

    /// What one number of workers came to; medians of the rounds.
    fileprivate struct ClusterRates: Encodable {
        let workers: Int
        let predictions_per_second: Double
        let batches_per_second: Double
        let of_bare_pair_echoing: Double
        let of_bare_pair_answering: Double
        /// Processor time of the bare pair by the coordinator's: what the one process moves for what the two take.
        let of_bare_pair_by_coordinator_seconds: Double
        let client_seconds_per_million_rows: Double
        let coordinator_seconds_per_million_rows: Double
        let workers_seconds_per_million_rows: Double
    }

    fileprivate struct Report: Encodable {
        let rows: Int
        let batch_rows: Int
        let prompt_bytes: Int
        let rounds: Int
        let bare_pair: BarePairProcess.Rates
        let clusters: [ClusterRates]

        func show() {
            print(
                String(
                    format: "batches of %d prompts of %d bytes, %d rows a round, medians of %d rounds, journal on",
                    batch_rows, prompt_bytes, rows, rounds))
            print(
                String(
                    format:
                        "bare ROUTER and DEALER: %.0f batches/s sent back whole, %.0f/s answered; %.2f s of processor a "
                        + "million rows sent back", bare_pair.echoing_per_second, bare_pair.answering_per_second,
                    bare_pair.echoing_seconds_per_million_rows))
            print("workers  predictions/s  batches/s  of bare pair: rate   by time   processor s a million rows")
            print("                                      whole  answered             client  coordinator  workers")
            for cluster in clusters {
                print(
                    String(
                        format: "%7d  %13.0f  %9.0f  %8.2f  %8.2f  %8.2f  %8.2f  %11.2f  %7.2f", cluster.workers,
                        cluster.predictions_per_second, cluster.batches_per_second, cluster.of_bare_pair_echoing,
                        cluster.of_bare_pair_answering, cluster.of_bare_pair_by_coordinator_seconds,
                        cluster.client_seconds_per_million_rows, cluster.coordinator_seconds_per_million_rows,
                        cluster.workers_seconds_per_million_rows))
            }
        }
    }
}

/// Seconds of processor time by process of a cluster, its client being this one.
private struct ProcessorShares {
    var client: Double
    var coordinator = 0.0
    var workers = 0.0

    init(of cluster: LocalCluster) {
        client = ProcessorTime.ofThisProcess
        for process in cluster.processes {
            let seconds = ProcessorTime.ofProcess(process.id) ?? 0
            if process.name == "coordinator" { coordinator += seconds } else { workers += seconds }
        }
    }

    /// What was spent since, for a million of rows.
    func since(_ earlier: ProcessorShares, rows: Int) -> ProcessorShares {
        let scale = 1e6 / Double(rows)
        var spent = self
        spent.client = (client - earlier.client) * scale
        spent.coordinator = (coordinator - earlier.coordinator) * scale
        spent.workers = (workers - earlier.workers) * scale
        return spent
    }
}
