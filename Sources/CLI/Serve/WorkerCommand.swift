import ArgumentParser
import ArrowFiles
import CommandSupport
import Corpora
import Foundation
import ObjectStorage
import Scoring
import Synchronization
import Threads
import TraceExport
import WorkerNode
import ZeroMQ

/// `statezero worker`.
struct Worker: ParsableCommand {
    static let configuration = CommandConfiguration(
        "worker", "Runs a worker: loads a model and answers shards from a coordinator.",
        example: """
            statezero worker --connect tcp://127.0.0.1:5570 --threads 1
            statezero worker --connect tcp://127.0.0.1:5570 --data-root /mnt/shared/prompts s3://bucket/prompts
            statezero worker --connect tcp://127.0.0.1:5570 --encoder-url http://127.0.0.1:8000/v1 --head gaussian-process
            """,
        details: """
            SIGTERM drains the worker: it finishes the shards that it has, then exits. With --encoder-url, prompts are \
            embedded by a server such as vLLM, TEI, Ollama or llama.cpp; if it gives no answer for --encoder-outage \
            seconds, the worker returns its shards and exits with 75.
            """)

    @OptionGroup(title: "Cluster") var peer: PeerOptions
    @OptionGroup(title: "Processor") var processor: WorkerProcessor
    @OptionGroup(title: "Model") var model: ModelOptions
    @OptionGroup(title: "Feature store") var store: StoreOptions
    @OptionGroup(title: "Data") var data: WorkerData

    @Option(
        name: .customLong("cache-mib"), range: .atLeast(0),
        help: "Memory in MiB for features of recent prompts, used without a feature store. 0 keeps none.")
    var cacheMiB = 256

    @Option(help: .hidden)
    var parent: Int32?

    @OptionGroup var log: LogOptions
    @OptionGroup var trace: TraceOptions

    func run() throws {
        // Set first, because threads inherit it.
        processor.lowerPriority()
        ParentWatch.start(parent: parent)
        let (model, pin) = (model, processor.pin)
        let threads = processor.threads ?? processor.tuning.tuning(for: model)?.threads ?? model.defaultThreads
        var configuration = WorkerNode.Configuration(coordinator: try Endpoint(peer.connect), name: peer.uniqueName)
        configuration.store = store.place(for: model)
        configuration.cacheBytes = cacheMiB << 20
        configuration.abandonTime = .seconds(peer.abandonAfter)
        try data.apply(to: &configuration)
        configuration.security = try peer.key.security
        let logger = log.logger("statezero.worker")
        let exporter = try trace.exporter("statezero-worker", name: peer.uniqueName, logger)
        defer { exporter?.stop() }
        configuration.tracer = exporter?.tracer
        let stop = StopFlag()
        let drain = WorkerDrain()
        let onStop = { @Sendable in
            stop.raise()
            drain.request()
        }
        // A model that waits for a server can be stopped while it is loaded; others end at once, as by default. The same
        // value handles signals until the end: one that is replaced by another leaves the signals without a handler.
        let early = model.remote.encoderURL == nil ? nil : StopSignals(onStop: onStop)
        let node = try WorkerNode(configuration, logger: logger) {
            // Runs on the thread that computes; the socket's thread is not pinned.
            if let pin { CorePinning.keep(threads: threads, first: pin) }
            return try model.make(threads: threads, stop: stop)
        }
        drain.begin(node)
        let signals = early ?? StopSignals(onStop: onStop)
        try withExtendedLifetime(signals) { try node.wait() }
    }
}

/// Drains a worker on request, also where the request is made before the worker has started.
private final class WorkerDrain: Sendable {
    private struct State {
        var isRequested = false
        var node: WorkerNode?
    }

    private let state = Mutex(State())

    func request() {
        let node = state.withLock { state in
            state.isRequested = true
            return state.node
        }
        node?.drain()
    }

    func begin(_ node: WorkerNode) {
        let isRequested = state.withLock { state in
            state.node = node
            return state.isRequested
        }
        if isRequested { node.drain() }
    }
}

/// Where a worker reads rows for clients.
struct WorkerData: ParsableArguments {
    @Option(
        parsing: .upToNextOption,
        help: """
            Folders and prefixes (s3://, https://) below which the worker reads rows for clients with --workers-read. \
            Default: none.
            """)
    var dataRoot: [String] = []

    @Option(
        name: .customLong("data-copies-mib"), range: .within(1...(1 << 30)),
        help: "Disk space in MiB (TMPDIR) for copies of Parquet objects below an address.")
    var dataCopiesMiB = 16_384

    func apply(to configuration: inout WorkerNode.Configuration) throws {
        guard !dataRoot.isEmpty else { return }
        configuration.dataRoots = try DataRoots(dataRoot)
        configuration.dataCopyBytes = dataCopiesMiB << 20
        if !ArrowLibrary.readsRows {
            printError("warning: Parquet cannot be read by row numbers here; run scripts/arrow/install")
        }
        // A redirection would lead out of the prefixes that are permitted.
        RemoteFiles.use(NetworkStorage(followsRedirects: false))
    }
}

/// Threads, cores and priority of a worker.
struct WorkerProcessor: ParsableArguments {
    @Option(
        range: .atLeast(1), help: "Threads of the model. Default: from `statezero tune`, else 1; V0 models: all cores.")
    var threads: Int?

    @OptionGroup var tuning: TuningOptions

    @Option(
        range: .atLeast(0), help: "Pin the model's threads to cores from this index on, among the cores of the process."
    )
    var pin: Int?

    @Option(range: .within(0...19), help: "Nice value, for workers that share the machine with their coordinator.")
    var nice = 0

    func lowerPriority() {
        if nice > 0 { _ = setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, Int32(nice)) }
    }
}
