import ArgumentParser
import ClientNode
import CommandSupport
import Corpora
import Foundation
import Logging
import Models
import Threads
import Traces
import Wire
import ZeroMQ

/// `statezero score`.
struct Score: ParsableCommand {
    static let configuration = CommandConfiguration(
        "score", "Predicts P(success) for every prompt of a corpus, given the history of a policy.",
        example: """
            statezero score --prompts scripts/sample/data/queries.jsonl.gz \\
                --context scripts/sample/data/context.three-shot-t0.8.jsonl.gz --output out/scores
            statezero score --coordinator tcp://10.0.0.5:5570 --workers-read --prompts s3://bucket/prompts/train.parquet \\
                --context history.jsonl --output out/scores
            """,
        details: """
            Prompts can be embedded by vLLM, TEI, Ollama or llama.cpp: --encoder-url and --head gaussian-process. \
            Without --coordinator, starts a coordinator and workers on this machine and stops them at the end. \
            After an interruption of any kind, the same command continues where it stopped.
            """)

    @OptionGroup(title: "Files") var files: ScoreFiles
    @OptionGroup(title: "Context") var context: ContextOptions
    @OptionGroup(title: "References and covariates") var side: SideOptions
    @OptionGroup(title: "Workers") var workers: ScoreWorkers
    @OptionGroup(title: "Model") var model: ModelOptions
    @OptionGroup(title: "Feature store") var store: StoreOptions
    @OptionGroup(title: "Row keys") var keys: KeyOptions
    @OptionGroup var report: ReportOptions
    @OptionGroup var log: LogOptions
    @OptionGroup var trace: TraceOptions

    func run() throws {
        let logger = log.logger("statezero.score")
        try trace.run("score", service: "statezero-score", logger) { try score(in: $0, logger) }
    }

    /// Scores within the span of the run, which is `nil` where nothing is traced.
    private func score(in span: Span?, _ logger: Logger) throws {
        let parts = try files.format.parts(columns: RowColumns.scores)
        let coordinator = try workers.coordinator.map { try Endpoint($0) }
        // Reports a missing model once, instead of once per worker.
        if coordinator == nil { try model.check() }
        try InputPaths.check(files.context)
        let remote = try RemoteOutput(files.output, environment: ProcessInfo.processInfo.environment)
        let output = remote?.folder ?? files.output
        try makeFolder(output)
        // Removes the folder if it has stayed empty.
        defer { rmdir(output) }
        let claim = try FolderClaim(output)
        defer { withExtendedLifetime(claim) {} }
        // The objects are all that stays of a finished run.
        defer { if !ScoringRun.isUnfinished(output) { try? remote?.discard() } }
        let existing: ScoringRun.Existing = files.overwrite ? .overwrite : .resume
        if files.overwrite { try ScoringRun.removeCoordinatorJournal(in: output) }
        let sample = try readSample()
        let stop = StopFlag()
        let signals = StopSignals { stop.raise() }
        // Started before the history is read, so that workers load the model in the meantime.
        let cluster = try startCluster(logger, folder: output)
        defer {
            cluster?.stop()
            // Only an unfinished run needs the coordinator's journal.
            if !ScoringRun.isUnfinished(output) { cluster?.forget() }
        }
        showReading(of: sample)
        let (history, joined) = try context.load(files, keys: keys.keys, side)
        var configuration = ScoringClient.Configuration(
            coordinator: try coordinator ?? Endpoint(cluster?.endpoint ?? ""), promptFiles: files.prompts,
            keys: keys.keys, context: history, output: output, existing: existing,
            settings: context.settings.merging(keys.settings) { $1 }.merging(side.settings) { $1 }
                .merging(files.format.settings) { $1 },
            version: Version.text)
        try remote?.prepare(existing)
        configuration.remote = remote
        configuration.side = joined.map { ScoringSide($0) }
        configuration.format = parts
        configuration.abandonTime = .seconds(workers.abandonAfter)
        configuration.workersRead = workers.workersRead
        configuration.verify = workers.verify
        configuration.security = try workers.key.security
        configuration.span = span
        let clock = ContinuousClock()
        let start = clock.now
        let (ending, progress) = try run(ScoringClient(configuration, logger: logger), cluster, until: stop)
        withExtendedLifetime(signals) {}
        if let failure = cluster?.failure, case .interrupted = ending { throw CommandFailure(failure) }
        cluster?.stop()
        switch ending {
        case .interrupted:
            printError(
                "interrupted: \(progress.rowsDone) of \(progress.rowsTotal) rows are done; the same command continues")
            throw ExitStatus.resumable
        case .finished(let manifest, let wasThere):
            let summary = ScoreSummary(
                manifest, output: files.output, wasThere: wasThere, rows: progress.rowsAnswered,
                seconds: (clock.now - start) / .seconds(1), reading: progress.reading,
                errors: PartErrors.read(folder: output, manifest), workers: RunWorkers.read(folder: output))
            try report.show(summary) { summary.text }
            if manifest.counts.error > 0 { throw ExitStatus.finishedWithErrorRows }
        }
    }

    /// Looks at the first prompts before anything starts; throws if no row is good.
    private func readSample() throws -> PromptSample {
        let sample = try PromptSample.read(files.prompts, keys: keys.keys)
        guard sample.rows.isEmpty else { return sample }
        let names = files.prompts.joined(separator: ", ")
        guard sample.errors.rows > 0 else { throw CommandFailure("\(names): no rows, so nothing was scored") }
        throw CommandFailure(
            (["\(names): none of the \(sample.errors.rows) rows can be scored"] + sample.errors.lines)
                .joined(separator: "\n"))
    }

    /// Says what the prompts are read from, and how the model reads them. The workers load the model in the meantime.
    private func showReading(of sample: PromptSample) {
        PromptNotes(sample).show()
        // A model whose encoder does not count tokens is no error here.
        guard model.place.hasEmbeddings, model.place.folder != nil,
            let reading = try? ReadingReport(sample.rows, model: model)
        else { return }
        printError(reading.text)
    }

    /// Runs the client and shows its progress; a worker that fails to start stops it.
    private func run(
        _ client: ScoringClient, _ cluster: LocalCluster?, until stop: StopFlag
    ) throws -> (ScoringClient.Ending, ScoringProgress) {
        let line = ProgressLine()
        var last = ScoringProgress(rowsTotal: 0)
        let ending = try client.run(until: stop) { progress in
            if last.reading.idsInMemory == nil, let reason = progress.reading.idsInMemory {
                line.end()
                printError(PromptNotes.idsInMemory(reason))
            }
            last = progress
            if cluster?.failure != nil { stop.raise() }
            line.show(
                done: progress.rowsDone, of: progress.rowsTotal, unit: "rows",
                detail: workersDetail(progress))
        }
        line.end()
        return (ending, last)
    }

    private func workersDetail(_ progress: ScoringProgress) -> String {
        if progress.model == nil { return "waiting for the first worker" }
        guard workers.workersRead else { return "\(progress.cluster.workers) workers" }
        return progress.cluster.rangeWorkers > 0
            ? "\(progress.cluster.rangeWorkers) workers that read" : "no worker with --data-root yet"
    }

    private func startCluster(_ logger: Logger, folder: String) throws -> LocalCluster? {
        guard workers.coordinator == nil else { return nil }
        var configuration = try workers.cluster(
            of: model, store: store, journal: ScoringRun.coordinatorJournal(in: folder), log: log)
        configuration.arguments += trace.arguments
        if workers.workersRead { configuration.dataRoots = try RangeFiles.roots(of: files.prompts) }
        return try LocalCluster(configuration, logger: logger)
    }
}
