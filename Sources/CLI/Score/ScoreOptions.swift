import ArgumentParser
import ClientNode
import CommandSupport
import Corpora
import Foundation
import Models
import Scoring
import WorkerNode

/// The files of `score`.
struct ScoreFiles: ParsableArguments {
    @Option(
        parsing: .upToNextOption,
        help: """
            Prompt files, folders or patterns: JSON Lines, a JSON array, CSV or TSV, plain, gzip or zstd; Parquet or \
            Arrow; - is standard input. Also s3:// and https:// addresses.
            """)
    var prompts: [String]

    @Option(
        parsing: .upToNextOption,
        help: """
            History files of the policy: rows with a prompt and a reward, or k of n; also lm-eval samples, rollout dumps \
            of verl, results of verifiers, HELM, LightEval and TRL.
            """)
    var context: [String] = []

    @Flag(help: "Score without a history: the prior of the head's training, not of this policy. Needs --policy.")
    var noContext = false

    @Option(help: "Output folder, also s3://BUCKET/PREFIX.")
    var output: String

    @Option(
        help: """
            Format of the output's parts. openai-batch: lines as of a batch output, each with a score row as the body. \
            parquet, arrow and arrow-stream need the Arrow library (scripts/arrow/install).
            """)
    var format: RowFileFormat = .jsonl

    @Flag(help: "Delete the files of an earlier run in the output folder.")
    var overwrite = false

    func validate() throws {
        if prompts.isEmpty { throw ValidationError("--prompts needs at least one file") }
        if context.isEmpty, !noContext {
            throw ValidationError(
                "--context needs at least one file; without a history, give --no-context and --policy ID")
        }
        if !context.isEmpty, noContext { throw ValidationError("give either --context or --no-context") }
    }
}

/// Which rows of the history become the context.
struct ContextOptions: ParsableArguments {
    /// Fitting a larger context sends no progress messages for so long that its worker would seem to hang.
    static let rowsMax = 2048

    @Option(
        help: """
            Policy in the history, as ID or ID@VERSION. Required when the history has several; names the rows that name \
            none.
            """)
    var policy: String?

    @Option(range: .within(1...rowsMax), help: "Largest number of context rows; a longer history is sampled.")
    var contextSize = 256

    @Option(help: "Seed of the sample.")
    var contextSeed: UInt64 = 0

    /// Reads the history, samples the context and joins it with what is known beside the texts. Problems and warnings go
    /// to standard error.
    func load(
        _ files: ScoreFiles, keys: RowKeys, _ side: SideOptions
    ) throws -> (ContextFile, SideFiles.Joined?) {
        let history = try history(files, keys, side)
        for line in history.errors.lines { printError(line) }
        for warning in history.warnings { printError("warning: \(warning)") }
        let joined = try side.join(history, prompts: files.prompts, keys: keys, seed: contextSeed)
        return (joined?.history ?? history, joined)
    }

    private func history(_ files: ScoreFiles, _ keys: RowKeys, _ side: SideOptions) throws -> ContextFile {
        guard files.noContext else {
            return try ContextFile.load(
                files.context, policy: policy, promptFiles: files.prompts, rowsMax: contextSize, seed: contextSeed,
                keys: keys, columns: side.columns)
        }
        guard let policy, let empty = ContextFile.empty(Policy(argument: policy)) else {
            throw CommandFailure("--no-context needs --policy ID, a name for the rows of the output", status: .usage)
        }
        return empty
    }

    /// The options that change the output, for the run's manifest.
    var settings: [String: String] {
        ["context_size": "\(contextSize)", "context_seed": "\(contextSeed)"]
            .merging(policy.map { ["policy": $0] } ?? [:]) { $1 }
    }
}

/// Where the predictions are computed.
struct ScoreWorkers: ParsableArguments {
    @Option(help: "Endpoint of a running coordinator, such as tcp://127.0.0.1:5570. Default: start a local cluster.")
    var coordinator: String?

    @OptionGroup var key: KeyOption

    @Option(
        range: .atLeast(1),
        help: "Local workers. Default: from `statezero tune`, else cores divided by threads; with --encoder-url, 2.")
    var workers: Int?

    @Option(
        range: .atLeast(1),
        help: "Threads of each worker. Default: from `statezero tune`, else 1; V0 models: all cores.")
    var threads: Int?

    @Flag(inversion: .prefixedNo, help: "Pin each worker to its own cores. Default: from `statezero tune`, else not.")
    var pin: Bool?

    @Flag(
        help: """
            Send places of rows instead of prompts: workers read the files themselves, below their --data-root. For JSON \
            Lines that are not compressed and Parquet, on shared storage, s3:// or https://. The output is the same.
            """)
    var workersRead = false

    @Option(
        range: .within(0...1),
        help: """
            Share of the shards that a second worker computes again, such as 0.01. A worker that two others contradict gets \
            no more work. The output is the same; _workers.json in its folder says who answered what.
            """)
    var verify = 0.0

    @OptionGroup var tuning: TuningOptions

    @Option(
        range: .atLeast(1),
        help: "Stop after this many seconds without a message from the coordinator; the same command resumes.")
    var abandonAfter = 120

    func validate() throws { try key.requireCoordinator(coordinator) }

    /// The local cluster for a model: options win over the tuning file, which wins over defaults.
    func cluster(
        of model: ModelOptions, store: StoreOptions, journal: String, log: LogOptions
    ) throws -> LocalCluster.Configuration {
        let tuned = tuning.tuning(for: model)
        let threads = threads ?? tuned?.threads ?? model.defaultThreads
        // The number of workers was measured together with the number of threads.
        let measured = threads == tuned?.threads ? tuned?.workers : nil
        let count = workers ?? measured ?? model.defaultWorkers(threads: threads)
        var configuration = LocalCluster.Configuration(
            program: OwnProgram.path, workers: count, threadsPerWorker: threads,
            model: model.arguments + store.arguments(for: model), journal: journal, logLevel: log.level)
        configuration.arguments = log.formatArguments
        if verify > 0, count < 2 {
            throw CommandFailure("--verify needs a second worker: give --workers 2 or more", status: .usage)
        }
        configuration.pinsWorkers = pin ?? tuned?.pin ?? false
        return configuration
    }
}
