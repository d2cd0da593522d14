import ClientNode
import CommandSupport
import Logging

/// The coordinators of a corpus job; blocks are distributed over them.
///
/// On this machine each worker gets its own coordinator and its own blocks, so that a prompt is embedded once: no other
/// worker can get a shard of it. The workers of a running coordinator share blocks, and sometimes embed a prompt twice.
final class RouteLanes {
    let endpoints: [String]
    private let clusters: [LocalCluster]

    /// Starts the local clusters, or uses the running coordinator.
    init(
        _ options: DecideCluster, threads: Int, output: String, model: ModelOptions, store: StoreOptions,
        log: LogOptions
    ) throws {
        if let coordinator = options.coordinator {
            (endpoints, clusters) = ([coordinator], [])
            return
        }
        try model.check()
        try makeFolder(output)
        let logger = log.logger("statezero.route")
        clusters = try (0..<(options.workers ?? 1)).map { lane in
            try LocalCluster(
                LocalCluster.Configuration(
                    program: OwnProgram.path, workers: 1, threadsPerWorker: threads,
                    model: model.arguments + store.arguments(for: model),
                    journal: "\(output)/.coordinator-\(lane).sqlite", logLevel: log.level),
                logger: logger)
        }
        endpoints = clusters.map(\.endpoint)
    }

    deinit { stop() }

    /// The message of a process that has failed.
    var failure: String? { clusters.lazy.compactMap(\.failure).first }

    func stop() {
        for cluster in clusters { cluster.stop() }
    }

    /// Deletes the journals, after a finished job.
    func forget() {
        for cluster in clusters { cluster.forget() }
    }
}
