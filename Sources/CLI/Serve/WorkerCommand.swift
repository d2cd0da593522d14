import ArgumentParser
import CommandSupport
import Foundation
import Scoring
import Threads
import WorkerNode
import ZeroMQ

/// `statezero worker`.
struct Worker: ParsableCommand {
    static let configuration = CommandConfiguration(
        "worker", "Runs a worker: loads a model and answers shards from a coordinator.",
        example: """
            statezero worker --connect tcp://127.0.0.1:5570 --threads 1
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

    @Option(
        name: .customLong("cache-mib"), range: .atLeast(0),
        help: "Memory in MiB for features of recent prompts, used without a feature store. 0 keeps none.")
    var cacheMiB = 256

    @Option(help: .hidden)
    var parent: Int32?

    @OptionGroup var log: LogOptions

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
        configuration.security = try peer.key.security
        let stop = StopFlag()
        // A model that waits for a server can be stopped while it is loaded; others end at once, as by default.
        let early = model.remote.encoderURL == nil ? nil : StopSignals { stop.raise() }
        let node = try WorkerNode(configuration, logger: log.logger("statezero.worker")) {
            // Runs on the thread that computes; the socket's thread is not pinned.
            if let pin { CorePinning.keep(threads: threads, first: pin) }
            return try model.make(threads: threads, stop: stop)
        }
        withExtendedLifetime(early) {}
        let signals = StopSignals {
            stop.raise()
            node.drain()
        }
        if stop.isRaised { node.drain() }
        try withExtendedLifetime(signals) { try node.wait() }
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
