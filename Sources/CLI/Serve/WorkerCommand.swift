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
        abstract: "Runs a worker: loads a model, takes shards from a coordinator, answers them. SIGTERM drains it.")

    @Option(help: "The coordinator's endpoint, e.g. tcp://127.0.0.1:5570.")
    var connect: String

    @OptionGroup var model: ModelOptions

    @Option(help: "Name, stable over restarts; default: host and process id.")
    var name: String?

    @Option(help: "Threads of the model; default: as `bench tune` found, else 1, for a V0 model all cores.")
    var threads: Int?

    @OptionGroup var tuning: TuningOptions

    @Option(
        help: "Keep the model's threads to that many cores, from this one on: 0 is the first that the process may use.")
    var pin: Int?

    @OptionGroup var store: StoreOptions

    @Option(
        name: .customLong("cache-mib"),
        help: "Memory for features of prompts seen before that no feature store takes, in MiB; 0 keeps none.")
    var cacheMiB = 256

    @Option(help: "Leave after so many seconds without a word from a coordinator.")
    var abandonAfter = 600

    @Option(
        help:
            "Steps by which others on the machine come first, 0 to 19: where many workers share it with a coordinator.")
    var nice = 0

    @Option(help: .hidden)
    var parent: Int32?

    @OptionGroup var log: LogOptions

    func validate() throws {
        if let threads, threads < 1 { throw ValidationError("--threads \(threads): at least 1") }
        if let pin, pin < 0 { throw ValidationError("--pin \(pin): at least 0") }
        if cacheMiB < 0 { throw ValidationError("--cache-mib \(cacheMiB): at least 0") }
        if nice < 0 || nice > 19 { throw ValidationError("--nice \(nice): from 0 to 19") }
        if abandonAfter < 1 { throw ValidationError("--abandon-after \(abandonAfter): at least 1 second") }
    }

    func run() throws {
        // Before there are other threads, which have it from this one.
        if nice > 0 { _ = setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, Int32(nice)) }
        ParentWatch.start(parent: parent)
        let process = ProcessInfo.processInfo
        let (model, pin) = (model, pin)
        let threads = threads ?? tuning.tuning(for: model)?.threads ?? model.defaultThreads
        do {
            var configuration = WorkerNode.Configuration(
                coordinator: try Endpoint(connect), name: name ?? "\(process.hostName)/\(process.processIdentifier)")
            configuration.store = store.place(for: self.model)
            configuration.cacheBytes = cacheMiB << 20
            configuration.abandonTime = .seconds(abandonAfter)
            let node = try WorkerNode(configuration, logger: log.logger("statezero.worker")) {
                // This is the thread that computes; the socket's thread stays free to go where there is room.
                if let pin { CorePinning.keep(threads: threads, first: pin) }
                return try model.make(threads: threads)
            }
            let signals = StopSignals { node.drain() }
            try withExtendedLifetime(signals) { try node.wait() }
        } catch WorkerError.abandoned(let time, let endpoint) {
            throw CommandFailure(WorkerError.abandoned(after: time, endpoint: endpoint), status: .resumable)
        } catch {
            throw CommandFailure(error)
        }
    }
}
