import ClientNode
import CommandSupport
import Scoring
import Foundation
import Kernels
import ZeroMQ

/// Measures one cluster of a coordinator and table-model workers under a synthetic load.
struct CoordinatorBenchmark {
    let load: CoordinatorLoadOptions
    let rounds: Int
    let log: LogOptions

    /// Runs all rounds with one number of workers, on one cluster.
    func run(workers: Int, bare: BarePairProcess.Rates) throws -> ClusterRates {
        let logger = log.logger("statezero.bench")
        let folder = try BenchmarkFolder()
        defer { withExtendedLifetime(folder) {} }
        var configuration = LocalCluster.Configuration(
            program: try OwnProgram.statezero, workers: workers, threadsPerWorker: 1, model: ["--model", "table"],
            journal: folder.path + "/journal.sqlite", logLevel: log.level)
        configuration.workerNice = load.nice
        let cluster = try LocalCluster(configuration, logger: logger)
        defer { cluster.stop() }
        let endpoint = try Endpoint(cluster.endpoint)
        let synthetic = { (rows: Int) in
            SyntheticLoad(
                coordinator: endpoint, rows: rows, promptBytes: load.promptBytes, shardRows: load.batchRows,
                workers: workers)
        }
        // Until all workers have joined and are warm.
        _ = try synthetic(min(load.rows, 65_536)).run(logger: logger)
        var rates: [Double] = []
        var spent: [ProcessorShares] = []
        for _ in 0..<rounds {
            let before = ProcessorShares(of: cluster)
            let result = try synthetic(load.rows).run(logger: logger)
            guard result.rows == load.rows else {
                throw CommandFailure("\(result.rows) of \(load.rows) rows have a prediction; see the log above")
            }
            spent.append(ProcessorShares(of: cluster).since(before, rows: load.rows))
            rates.append(Double(load.rows) / result.seconds)
        }
        let rate = Median.of(rates)
        let batches = rate / Double(load.batchRows)
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

/// Processor seconds of a cluster by role. This process is its client.
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

    /// The difference to an earlier reading, per million rows.
    func since(_ earlier: ProcessorShares, rows: Int) -> ProcessorShares {
        let scale = 1e6 / Double(rows)
        var spent = self
        spent.client = (client - earlier.client) * scale
        spent.coordinator = (coordinator - earlier.coordinator) * scale
        spent.workers = (workers - earlier.workers) * scale
        return spent
    }
}
