import ArgumentParser
import ClientNode
import CommandSupport
import Corpora
import Foundation
import Logging
import Threads
import Wire
import WorkerNode
import ZeroMQ

/// `statezero score`.
struct Score: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Scores a prompt corpus for a policy: P(success) for every prompt, into an output folder.",
        discussion: """
            Without --coordinator, a coordinator and workers are started on this machine for the run and stopped after it. \
            Interrupted in any way, the same command goes on where it was.
            """)

    @Option(parsing: .upToNextOption, help: "Prompt files: JSONL, plain, gzip or zstd.")
    var prompts: [String]

    @Option(parsing: .upToNextOption, help: "The policy's record: rows with prompt and reward, or k of n.")
    var context: [String]

    @Option(help: "Output folder.")
    var output: String

    @Option(help: "Policy to take from the record, as ID or ID@VERSION; needed when it holds several.")
    var policy: String?

    @Option(help: "Context rows at most; more are sampled by --context-seed.")
    var contextSize = 256

    @Option(help: "Seed of the context's sample.")
    var contextSeed: UInt64 = 0

    @Option(help: "Endpoint of a running coordinator, e.g. tcp://127.0.0.1:5570.")
    var coordinator: String?

    @Option(help: "Worker processes on this machine; default: as `bench tune` found, else cores divided by threads.")
    var workers: Int?

    @Option(help: "Threads of each worker; default: as `bench tune` found, else 1, for a V0 model all cores.")
    var threads: Int?

    @Flag(
        inversion: .prefixedNo, help: "Keep each worker to cores of its own; default: as `bench tune` found, else not.")
    var pin: Bool?

    @OptionGroup var tuning: TuningOptions
    @OptionGroup var model: ModelOptions
    @OptionGroup var store: StoreOptions
    @OptionGroup var keys: KeyOptions

    @Flag(help: "Throw away what an earlier run left in the output folder.")
    var overwrite = false

    @Option(help: "Give up, resumably, after so many seconds without a word from the coordinator.")
    var abandonAfter = 120

    @Flag(help: "Print one JSON object about the run.")
    var json = false

    @OptionGroup var log: LogOptions

    private static let contextSizeMax = 2048

    func validate() throws {
        if prompts.isEmpty { throw ValidationError("--prompts needs at least one file") }
        if context.isEmpty { throw ValidationError("--context needs at least one file") }
        // A larger one takes so long to fit, without a sign of progress, that its worker could be taken for stuck.
        if !(1...Self.contextSizeMax).contains(contextSize) {
            throw ValidationError("--context-size \(contextSize): 1 to \(Self.contextSizeMax)")
        }
        if let workers, workers < 1 { throw ValidationError("--workers \(workers): at least 1") }
        if let threads, threads < 1 { throw ValidationError("--threads \(threads): at least 1") }
        if abandonAfter < 1 { throw ValidationError("--abandon-after \(abandonAfter): at least 1 second") }
    }

    func run() throws {
        do {
            try score()
        } catch let status as ExitStatus {
            throw status
        } catch let failure as CommandFailure {
            throw failure
        } catch let error as ClientError {
            throw CommandFailure(error, status: error.isResumable ? .resumable : .failed)
        } catch {
            throw CommandFailure(error)
        }
    }

    private func score() throws {
        let logger = log.logger("statezero.score")
        let stop = StopFlag()
        let signals = StopSignals { stop.raise() }
        // Before the record is read: the workers load the model meanwhile.
        let cluster = try startCluster(logger)
        defer {
            cluster?.stop()
            // What a coordinator knows is of use to an unfinished run only.
            if !ScoringRun.isUnfinished(output) { cluster?.forget() }
            // A record that is refused leaves no folder behind; one that holds anything stays.
            if cluster != nil { rmdir(output) }
        }
        let record = try ContextFile.load(
            context, policy: policy, promptFiles: prompts, rowsMax: contextSize, seed: contextSeed, keys: keys.keys)
        for problem in record.problems.prefix(10) { printError("\(problem)") }
        for warning in record.warnings { printError("warning: \(warning)") }
        var configuration = ScoringClient.Configuration(
            coordinator: try Endpoint(cluster?.endpoint ?? coordinator ?? ""), promptFiles: prompts, keys: keys.keys,
            context: record, output: output, existing: overwrite ? .overwrite : .resume,
            settings: settings, version: Version.text)
        configuration.abandonTime = .seconds(abandonAfter)
        let clock = ContinuousClock()
        let start = clock.now
        let line = ProgressLine()
        var last = ScoringProgress(rowsTotal: 0)
        let ending = try ScoringClient(configuration, logger: logger).run(until: stop) { progress in
            last = progress
            if cluster?.failure != nil { stop.raise() }
            line.show(
                done: progress.rowsDone, of: progress.rowsTotal, unit: "rows",
                detail: progress.model == nil ? "waiting for the first worker" : "\(progress.cluster.workers) workers")
        }
        line.end()
        withExtendedLifetime(signals) {}
        if let failure = cluster?.failure, case .interrupted = ending { throw CommandFailure(failure) }
        cluster?.stop()
        switch ending {
        case .interrupted:
            printError("interrupted: \(last.rowsDone) of \(last.rowsTotal) rows are done; the same command goes on")
            throw ExitStatus.resumable
        case .finished(let manifest, let wasThere):
            try report(
                manifest, wasThere: wasThere, rows: last.rowsAnswered, seconds: (clock.now - start) / .seconds(1))
            if manifest.counts.error > 0 { throw ExitStatus.finishedWithErrorRows }
        }
    }

    /// Everything that can change a byte of the output, beside the files and the model.
    private var settings: [String: String] {
        var settings = ["context_size": "\(contextSize)", "context_seed": "\(contextSeed)"]
        for (name, key) in [
            ("policy", policy), ("prompt_key", keys.promptKey), ("id_key", keys.idKey), ("source_key", keys.sourceKey),
            ("policy_key", keys.policyKey), ("reward_key", keys.rewardKey),
        ] {
            if let key { settings[name] = key }
        }
        return settings
    }

    private func startCluster(_ logger: Logger) throws -> LocalCluster? {
        guard coordinator == nil else { return nil }
        // A missing model is told here, once, not by every worker.
        try model.check()
        do {
            try FileManager.default.createDirectory(atPath: output, withIntermediateDirectories: true)
        } catch {
            throw CommandFailure("\(output): cannot be made (\(error.localizedDescription))")
        }
        let tuned = tuning.tuning(for: model)
        let threads = threads ?? tuned?.threads ?? model.defaultThreads
        // A number of workers was measured with a number of threads.
        let measured = threads == tuned?.threads ? tuned?.workers : nil
        let count = workers ?? measured ?? max(1, ProcessInfo.processInfo.activeProcessorCount / threads)
        var configuration = LocalCluster.Configuration(
            program: OwnProgram.path, workers: count, threadsPerWorker: threads,
            model: model.arguments + store.arguments(for: model),
            journal: ScoringRun.coordinatorJournal(in: output), logLevel: log.logLevel.rawValue)
        configuration.pinsWorkers = pin ?? tuned?.pin ?? false
        return try LocalCluster(configuration, logger: logger)
    }

    private func report(_ manifest: RunManifest, wasThere: Bool, rows: Int, seconds: Double) throws {
        let counts = manifest.counts
        if json {
            return try ReportOptions.printJSON(
                Summary(
                    output: output, rows: counts.rows, ok: counts.ok, error: counts.error, base_rate: counts.baseRate,
                    truncated: counts.truncated, model: manifest.model.digest, seconds: seconds,
                    rows_per_second: rows > 0 ? Double(rows) / seconds : nil, was_there: wasThere))
        }
        if wasThere { return print("\(output): this very run is there already, finished; nothing was done") }
        print(
            String(
                format: "%d rows in %.1f s (%.0f rows/s): %d scored, %d errors, %d truncated", counts.rows, seconds,
                Double(rows) / seconds, counts.ok, counts.error, counts.truncated))
        if counts.baseRate > 0 {
            print("\(counts.baseRate) rows have the context's base rate: the context says too little")
        }
        print("policy \(manifest.policy.id), context of \(manifest.context.rows) rows, model \(manifest.model.name)")
        print("output \(output)")
    }

    private struct Summary: Encodable {
        let output: String
        let rows: Int
        let ok: Int
        let error: Int
        let base_rate: Int
        let truncated: Int
        let model: String
        let seconds: Double
        let rows_per_second: Double?
        let was_there: Bool
    }
}
