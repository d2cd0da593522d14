import Cluster
import Corpora
import Foundation
import Scoring
import Threads
import Wire

/// Writes the output: plans shards that its reader has cut, inserts answers into parts, commits the parts.
struct ScoringWriter {
    private let configuration: ScoringClient.Configuration
    private let survey: [InputFile]
    /// Where workers find the rows, if they read them.
    private let ranges: RangeFiles?
    private let connection: ClientConnection
    private var progress: ScoringProgress
    private var run: ScoringRun?
    private var reader: ShardReader?
    private var assembler: PartAssembler?
    private var jobID = JobID(high: 0, low: 0)
    private var nextShard: UInt32 = 0
    /// Why the run ends once its job is closed.
    private var failure: ClientError?
    private let clock = ContinuousClock()
    /// Workers that others contradict.
    private var quarantined: Set<String> = []
    /// When the cluster last had a worker that reads rows itself.
    private var rangeWorkerSeen: ContinuousClock.Instant

    init(
        _ configuration: ScoringClient.Configuration, survey: [InputFile], ranges: RangeFiles? = nil,
        connection: ClientConnection
    ) {
        self.configuration = configuration
        self.survey = survey
        self.ranges = ranges
        self.connection = connection
        rangeWorkerSeen = clock.now
        progress = ScoringProgress(rowsTotal: survey.reduce(0) { $0 + $1.lines - $1.blankLines })
    }

    /// Works until the run has ended, or until `stop` is raised. Calls `onProgress` at least four times a second.
    mutating func run(
        until stop: StopFlag, onProgress: (ScoringProgress) -> Void
    ) throws(ClientError) -> ScoringClient.Ending {
        while !stop.isRaised {
            for event in connection.receive(for: .milliseconds(250)) {
                if let ending = try handle(event) { return ending }
            }
            try checkRangeWorkers()
            onProgress(progress)
        }
        return .interrupted
    }

    /// Throws where row ranges wait in vain, because no worker reads them.
    private mutating func checkRangeWorkers() throws(ClientError) {
        guard ranges != nil, run != nil, progress.cluster.rangeWorkers == 0 else {
            rangeWorkerSeen = clock.now
            return
        }
        let time = clock.now - rangeWorkerSeen
        if time > configuration.abandonTime { throw .noRangeWorker(after: time) }
    }

    private mutating func handle(_ event: ClientEvent) throws(ClientError) -> ScoringClient.Ending? {
        if failure != nil { return try end(event) }
        switch event {
        case .action(.openOutput(let model)): return try open(model)
        case .action(.produce): try produce()
        case .action(.deliver(let answer)): try receive(answer)
        case .action(.showStatus(let status)): progress.cluster = status
        case .action(.quarantined(let workers)): quarantined.formUnion(workers)
        case .action(.finish): return .finished(try finish(), wasThere: false)
        case .action(.fail(.abandoned(let time))):
            throw .abandoned(after: time, endpoint: configuration.coordinator)
        case .action(.fail(.withdrawn(let worker))): throw .withdrawn(worker: worker)
        case .action(.fail(.jobRefused(.verification, let message))): throw .disagreement(message)
        case .action(.fail(.refused(_, let message))), .action(.fail(.jobRefused(_, let message))):
            throw .refused(message)
        case .action(.send): break
        case .broken(let message): throw .refused(message)
        }
        return nil
    }

    /// Waits until the coordinator has forgotten the job, with the answers that cannot be used; then the run ends.
    private func end(_ event: ClientEvent) throws(ClientError) -> ScoringClient.Ending? {
        switch event {
        case .action(.finish), .action(.fail), .broken:
            if let failure { throw failure }
        default: break
        }
        return nil
    }

    // MARK: Opening

    private mutating func open(_ model: ModelFingerprint) throws(ClientError) -> ScoringClient.Ending? {
        progress.model = "\(model)"
        let context = configuration.context
        let identity = RunIdentity(
            input: InputFile.digest(of: survey), context: configuration.pairs.digest,
            configuration: RunConfiguration(configuration.settings), model: model,
            side: configuration.side?.digest)
        do {
            let opening = try ScoringRun.open(
                folder: configuration.output, identity: identity, existing: configuration.existing,
                format: configuration.format, remote: configuration.remote, write: configuration.write)
            switch opening {
            case .finished(let manifest): return .finished(manifest, wasThere: true)
            case .open(let run): self.run = run
            }
        } catch {
            throw .corpora(error)
        }
        do {
            let (configuration, ranges) = (configuration, ranges)
            reader = try ShardReader { () throws(CorporaError) in
                let side = configuration.side
                let corpus = try PromptCorpus(
                    files: configuration.promptFiles, keys: configuration.keys, columns: side?.columns ?? .none)
                return ShardCutter(corpus, side: side, ranges: ranges)
            }
        } catch {
            throw .thread(error)
        }
        assembler = PartAssembler(
            header: PartWriter(policy: context.policy, contextSize: context.context.rows.count, model: model))
        let uuid = run?.jobID.uuid
        if let uuid { jobID = withUnsafeBytes(of: uuid) { JobID(bytes: Array($0)) } ?? jobID }
        try skipCommitted()
        connection.send(.surveyed(rows: progress.rowsTotal, durable: progress.rowsDone))
        connection.send(.ready(jobID, firstShard: nextShard))
        return nil
    }

    /// Skips the rows of parts that an earlier run has committed. They are read again, to find duplicate ids and to
    /// derive missing ones.
    private mutating func skipCommitted() throws(ClientError) {
        let parts = (run?.parts.values).map { $0.sorted { $0.index < $1.index } } ?? []
        for part in parts {
            while assembler?.hasClosedPart == false, try plan() != nil {}
            if assembler?.hasClosedPart == false { assembler?.end() }
            guard assembler?.skip(part) == true else {
                throw .inputChanged(
                    "\(configuration.output)/\(part.name) was committed for rows that are no longer in the input; "
                        + "restore the prompt files, or start again with --overwrite")
            }
            progress.rowsDone += part.counts.rows
            progress.rowErrors += part.counts.error
        }
    }

    // MARK: Shards

    /// Takes the next shard and plans its lines; `nil` at the end of the input.
    private mutating func plan() throws(ClientError) -> (ShardReader.Cut, UInt32?)? {
        let cut: ShardReader.Cut?
        do {
            cut = try reader?.next()
        } catch {
            throw .corpora(error)
        }
        progress.reading = reader?.counts ?? progress.reading
        guard let cut else { return nil }
        let number = cut.shard.texts.count > 0 ? nextShard : nil
        if number != nil { nextShard += 1 }
        assembler?.plan(cut.shard.lines, shard: number)
        return (cut, number)
    }

    private mutating func produce() throws(ClientError) {
        while let (cut, number) = try plan() {
            let shard = cut.shard
            let rejected = shard.lines.count - shard.texts.count
            progress.rowErrors += rejected
            progress.rowsDone += rejected
            guard let number else {
                try commitParts()
                continue
            }
            let content: ShardContent
            do {
                content = try shard.content()
            } catch {
                throw .refused("the places of the rows of a shard are not sent: \(error); leave out --workers-read")
            }
            return connection.send(
                .shardReady(
                    SubmitShard(
                        job: jobID, shard: number, tokens: shard.tokens, affinity: cut.affinity, content: content)))
        }
        assembler?.end()
        try commitParts()
        connection.send(.inputEnded(shards: nextShard))
    }

    private mutating func receive(_ answer: ShardAnswer) throws(ClientError) {
        if let fault = answer.faults.first(where: { $0.code == RowError.Code.sideInformationUnsupported.rawValue }) {
            // Every other row of the job would get the same fault.
            throw .refused(fault.message)
        }
        if let fault = answer.faults.first(where: { RangeError.isCode($0.code) }) {
            // The coordinator would give the same answer to the next run, so it must forget it first.
            failure = .rangeRefused(fault.message)
            return connection.send(.givenUp)
        }
        assembler?.insert(answer)
        progress.rowsDone += answer.answers.count
        progress.rowsAnswered += answer.answers.count
        progress.rowErrors += answer.faults.count
        try commitParts()
    }

    // MARK: Parts

    private mutating func commitParts() throws(ClientError) {
        while let part = assembler?.nextPart() {
            do {
                try run?.commit(index: part.index, firstRow: part.firstRow, part.writer, answeredBy: part.shares)
            } catch {
                throw .corpora(error)
            }
            connection.send(.durable(below: part.shardsBelow))
        }
    }

    private func finish() throws(ClientError) -> RunManifest {
        guard let run, let files = reader?.files, let assembler, assembler.isEmpty else {
            preconditionFailure("the job was closed before all parts were committed")
        }
        guard InputFile.digest(of: files) == InputFile.digest(of: survey) else {
            throw .inputChanged("the prompt files changed during scoring; start again with --overwrite")
        }
        let context = configuration.context
        let good = run.parts.values.reduce(0) { $0 + $1.counts.ok }
        guard good > 0 else { throw .nothingScored(rows: assembler.rows, folder: configuration.output) }
        do {
            return try run.finish(
                RunSummary(
                    policy: context.policy, contextRows: context.context.rows.count, files: files,
                    rows: assembler.rows, statezeroVersion: configuration.version, side: configuration.side?.report,
                    quarantined: quarantined.sorted()))
        } catch {
            throw .corpora(error)
        }
    }
}
