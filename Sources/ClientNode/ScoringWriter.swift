import Cluster
import Corpora
import Foundation
import Scoring
import Threads
import Wire
import ZeroMQ

/// The client's file side: cuts shards when asked, puts answers into parts, commits them, says what is durable.
struct ScoringWriter {
    private let configuration: ScoringClient.Configuration
    private let survey: [InputFile]
    private let events: Mailbox<ClientState.Event>
    private var progress: ScoringProgress
    private var run: ScoringRun?
    private var cutter: ShardCutter?
    private var assembler: PartAssembler?
    private var jobID = JobID(high: 0, low: 0)
    private var nextShard: UInt32 = 0

    init(
        _ configuration: ScoringClient.Configuration, survey: [InputFile], events: Mailbox<ClientState.Event>
    ) {
        self.configuration = configuration
        self.survey = survey
        self.events = events
        progress = ScoringProgress(rowsTotal: survey.reduce(0) { $0 + $1.lines - $1.blankLines })
    }

    mutating func run(
        _ wires: ClientConnection, until stop: StopFlag, onProgress: (ScoringProgress) -> Void
    ) throws(ClientError) -> ScoringClient.Ending {
        while !stop.isRaised {
            _ = wires.deskBell.wait(for: .milliseconds(250))
            for event in wires.desk.drain() {
                if let ending = try handle(event) { return ending }
            }
            onProgress(progress)
        }
        return .interrupted
    }

    private mutating func handle(_ event: ClientEvent) throws(ClientError) -> ScoringClient.Ending? {
        switch event {
        case .openOutput(let model): return try open(model)
        case .produce: try produce()
        case .deliver(let answer): try take(answer)
        case .status(let status): progress.cluster = status
        case .finished: return .finished(try finish(), wasThere: false)
        case .failed(.abandoned(let time)):
            throw .abandoned(after: time, endpoint: configuration.coordinator)
        case .failed(.refused(_, let message)), .failed(.jobRefused(_, let message)): throw .refused(message)
        case .broken(let message): throw .refused(message)
        }
        return nil
    }

    // MARK: Opening

    private mutating func open(_ model: ModelFingerprint) throws(ClientError) -> ScoringClient.Ending? {
        progress.model = "\(model)"
        let context = configuration.context
        let identity = RunIdentity(
            input: InputFile.digest(of: survey), context: context.context.digest,
            configuration: RunConfiguration(configuration.settings), model: model)
        do {
            let opening = try ScoringRun.open(
                folder: configuration.output, identity: identity, existing: configuration.existing)
            switch opening {
            case .finished(let manifest): return .finished(manifest, wasThere: true)
            case .open(let run): self.run = run
            }
            cutter = ShardCutter(try PromptCorpus(files: configuration.promptFiles, keys: configuration.keys))
        } catch {
            throw .corpora(error)
        }
        assembler = PartAssembler(
            header: PartWriter(policy: context.policy, contextSize: context.context.rows.count, model: model))
        let uuid = run?.jobID.uuid
        if let uuid { jobID = withUnsafeBytes(of: uuid) { JobID(bytes: Array($0)) } ?? jobID }
        try skipCommitted()
        send(.ready(jobID, firstShard: nextShard))
        return nil
    }

    /// Reads past the parts that an earlier life has committed. Reading again is what tells duplicates and derives ids.
    private mutating func skipCommitted() throws(ClientError) {
        let parts = (run?.parts.values).map { $0.sorted { $0.index < $1.index } } ?? []
        for part in parts {
            while assembler?.hasClosedPart == false, try plan() != nil {}
            if assembler?.hasClosedPart == false { assembler?.end() }
            guard assembler?.skip(part) == true else {
                throw .inputChanged(
                    "\(configuration.output)/\(part.name) was committed for rows that the input does not have any more; "
                        + "restore the prompt files, or start again with --overwrite")
            }
            progress.rowsDone += part.counts.rows
            progress.rowErrors += part.counts.error
        }
    }

    // MARK: Shards

    /// Cuts and plans the next run of lines; `nil` at the end of the input.
    private mutating func plan() throws(ClientError) -> (ShardCutter.Shard, UInt32?)? {
        let shard: ShardCutter.Shard?
        do {
            shard = try cutter?.next()
        } catch {
            throw .corpora(error)
        }
        guard let shard else { return nil }
        let number = shard.texts.count > 0 ? nextShard : nil
        if number != nil { nextShard += 1 }
        assembler?.plan(shard.lines, shard: number)
        return (shard, number)
    }

    private mutating func produce() throws(ClientError) {
        while let (shard, number) = try plan() {
            let rejected = shard.lines.count - shard.texts.count
            progress.rowErrors += rejected
            progress.rowsDone += rejected
            guard let number else {
                try commitParts()
                continue
            }
            return send(
                .shardReady(
                    SubmitShard(
                        job: jobID, shard: number, tokens: shard.tokens, affinity: shard.affinity, texts: shard.texts)))
        }
        assembler?.end()
        try commitParts()
        send(.inputEnded(shards: nextShard))
    }

    private mutating func take(_ answer: ShardAnswer) throws(ClientError) {
        assembler?.take(answer)
        progress.rowsDone += answer.answers.count
        progress.rowsAnswered += answer.answers.count
        progress.rowErrors += answer.faults.count
        try commitParts()
    }

    // MARK: Parts

    private mutating func commitParts() throws(ClientError) {
        while let part = assembler?.nextPart() {
            do {
                try run?.commit(index: part.index, firstRow: part.firstRow, part.writer)
            } catch {
                throw .corpora(error)
            }
            send(.durable(below: part.shardsBelow))
        }
    }

    private func finish() throws(ClientError) -> RunManifest {
        guard let run, let cutter, let assembler, assembler.isEmpty else {
            preconditionFailure("the job was closed before every part was committed")
        }
        guard InputFile.digest(of: cutter.files) == InputFile.digest(of: survey) else {
            throw .inputChanged("the prompt files changed while they were scored; start again with --overwrite")
        }
        let context = configuration.context
        do {
            return try run.finish(
                RunSummary(
                    policy: context.policy, contextRows: context.context.rows.count, files: cutter.files,
                    rows: assembler.rows, statezeroVersion: configuration.version))
        } catch {
            throw .corpora(error)
        }
    }

    private func send(_ event: ClientState.Event) {
        let outcome = events.send(event)
        precondition(outcome != .full, "the socket's mailbox is smaller than a window")
    }
}
