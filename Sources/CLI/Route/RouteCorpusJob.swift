import ClientNode
import CommandSupport
import Corpora
import Dispatch
import Foundation
import Logging
import RouterHTTP
import Routing
import Scoring
import Synchronization
import Threads
import ZeroMQ

/// A corpus routed by a cluster: block by block, one job for each model of the fleet.
///
/// Workers keep the features of what they have seen, and the coordinator prefers the worker that has seen a shard; so the
/// first model's job embeds a block and the others only predict. A block is small enough to be kept until the fleet is
/// through: with the whole corpus as one block, the last prompt's features would push out the first one's before the
/// second model asks for them. A block's decisions are written whole and renamed; what is there is not done again.
struct RouteCorpusJob: Sendable {
    let fleet: Fleet
    let histories: [ContextFile?]
    let rule: RouteRule
    let prompts: [String]
    let keys: RowKeys
    let output: String
    let blockRows: Int

    /// Runs to the end. Throws `CommandFailure`, and `ExitStatus.resumable` after an interruption.
    ///
    /// On this machine every worker gets a coordinator and blocks of its own, so that nobody takes a shard over from the
    /// worker that has seen it: a prompt is embedded once. A running coordinator's workers share, and sometimes do.
    func run(
        coordinator: String?, workers: Int, threads: Int, model: ModelOptions, store: StoreOptions, log: LogOptions
    ) throws {
        if case .costAware = rule {
            throw CommandFailure(
                "cost-aware labels need contexts of their own; a cluster decides by --beta or --target", status: .usage)
        }
        try claim()
        let logger = log.logger("statezero.route")
        var clusters: [LocalCluster] = []
        if coordinator == nil {
            try model.check()
            for lane in 0..<workers {
                clusters.append(
                    try LocalCluster(
                        LocalCluster.Configuration(
                            program: OwnProgram.path, workers: 1, threadsPerWorker: threads,
                            model: model.arguments + store.arguments(for: model),
                            journal: "\(output)/.coordinator-\(lane).sqlite", logLevel: log.logLevel.rawValue),
                        logger: logger))
            }
        }
        defer { for cluster in clusters { cluster.stop() } }
        let stop = StopFlag()
        let signals = StopSignals { stop.raise() }
        let blocks = try CorpusBlocks(prompts, keys: keys, rows: blockRows)
        let clock = ContinuousClock()
        let start = clock.now
        let lanes = clusters.isEmpty ? [coordinator ?? ""] : clusters.map(\.endpoint)
        try work(lanes, blocks, clusters, stop: stop)
        withExtendedLifetime(signals) {}
        for cluster in clusters {
            cluster.stop()
            cluster.forget()
        }
        let seconds = (clock.now - start) / .seconds(1)
        let (done, count, rejected) = blocks.counts
        print(
            String(
                format: "%d prompts decided for %d models in %d blocks, %.1f s (%.0f prompts/s)", done,
                fleet.models.count, count, seconds, Double(done) / seconds))
        print("output \(output)")
        if rejected > 0 { throw ExitStatus.finishedWithErrorRows }
    }

    /// A thread for each lane, which takes one block after the other; the first failure stops all.
    private func work(
        _ lanes: [String], _ blocks: CorpusBlocks, _ clusters: [LocalCluster], stop: StopFlag
    ) throws {
        let failure = Mutex<(any Error)?>(nil)
        let group = DispatchGroup()
        for lane in lanes {
            group.enter()
            Thread.detachNewThread {
                defer { group.leave() }
                do {
                    let endpoint = try Endpoint(lane)
                    while failure.withLock({ $0 == nil }), let (block, rows) = try blocks.next() {
                        let part = "\(output)/\(Self.name(block)).jsonl"
                        if !FileManager.default.fileExists(atPath: part) {
                            try decide(rows, block: block, part: part, endpoint: endpoint, stop: stop)
                        }
                        blocks.finished(rows.count)
                    }
                } catch {
                    failure.withLock { $0 = $0 ?? error }
                    stop.raise()
                }
            }
        }
        let line = ProgressLine()
        while group.wait(timeout: .now() + .milliseconds(500)) == .timedOut {
            line.show(done: blocks.counts.done, of: 0, unit: "prompts decided", detail: "\(lanes.count) lanes")
            if let reason = clusters.lazy.compactMap(\.failure).first {
                failure.withLock { $0 = $0 ?? CommandFailure(reason) }
                stop.raise()
            }
        }
        line.end()
        if let failure = failure.withLock({ $0 }) { throw failure }
    }

    private static func name(_ block: Int) -> String {
        let digits = "\(block)"
        return "decisions-" + String(repeating: "0", count: max(0, 5 - digits.count)) + digits
    }

    /// A folder belongs to one fleet, rule and corpus; what others left there is not mixed with.
    private func claim() throws {
        let made = histories.map { $0?.context.digest.hex ?? "none" }
        let facts = ["\(fleet)", "\(rule)", "\(prompts)", "\(blockRows)"] + made
        let mark = Digest(of: facts.joined(separator: "\n")).hex
        let path = "\(output)/.route"
        do {
            try FileManager.default.createDirectory(atPath: output, withIntermediateDirectories: true)
            if let found = FileManager.default.contents(atPath: path) {
                guard String(decoding: found, as: UTF8.self) == mark else {
                    throw CommandFailure(
                        "\(output) belongs to another fleet, rule, history or corpus; choose another folder")
                }
            } else {
                try Data(mark.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
            }
        } catch let failure as CommandFailure {
            throw failure
        } catch {
            throw CommandFailure("\(output): cannot be made (\(error.localizedDescription))")
        }
    }

    private func decide(
        _ rows: [Prompt], block: Int, part: String, endpoint: Endpoint, stop: StopFlag
    ) throws {
        let folder = "\(output)/.work-\(block)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let corpus = "\(folder)/prompts.jsonl"
        try writePrompts(rows, to: corpus)
        var columns: [[Prediction?]] = []
        for (index, history) in histories.enumerated() {
            guard let history else {
                columns.append(Array(repeating: nil, count: rows.count))
                continue
            }
            columns.append(try score(corpus, rows, history, "\(folder)/\(index)", endpoint, stop))
        }
        let counts = histories.map { $0?.context.rows.count ?? 0 }
        let sink = try DecisionSink(path: part + ".new")
        for start in stride(from: 0, to: rows.count, by: 1024) {
            try sink.write(
                (start..<min(start + 1024, rows.count)).map { row in
                    PromptRouter.decide(
                        rows[row], predictions: columns.map { $0[row] }, historyRows: counts, fleet: fleet, rule: rule)
                })
        }
        try sink.close()
        try FileManager.default.moveItem(atPath: part + ".new", toPath: part)
        try FileManager.default.removeItem(atPath: folder)
    }

    private func writePrompts(_ rows: [Prompt], to path: String) throws {
        struct Line: Encodable {
            let prompt_id: String
            let prompt: String
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.withoutEscapingSlashes]
        var data = Data()
        for row in rows {
            data.append(try encoder.encode(Line(prompt_id: row.id, prompt: row.text)))
            data.append(UInt8(ascii: "\n"))
        }
        try data.write(to: URL(fileURLWithPath: path), options: .atomic)
    }

    /// One model's job over the block: by row a prediction, or nothing where there was a fault.
    private func score(
        _ corpus: String, _ rows: [Prompt], _ history: ContextFile, _ folder: String, _ endpoint: Endpoint,
        _ stop: StopFlag
    ) throws -> [Prediction?] {
        let configuration = ScoringClient.Configuration(
            coordinator: endpoint, promptFiles: [corpus], context: history, output: folder, version: Version.text)
        let ending: ScoringClient.Ending
        do {
            ending = try ScoringClient(configuration, logger: LogOptions.quiet).run(until: stop) { _ in }
        } catch {
            throw CommandFailure(error, status: error.isResumable ? .resumable : .failed)
        }
        guard case .finished = ending else {
            printError("interrupted; the same command goes on")
            throw ExitStatus.resumable
        }
        var reader = try ScoresReader(path: folder)
        var predictions: [Prediction?] = []
        predictions.reserveCapacity(rows.count)
        while let element = try reader.next() {
            switch element {
            case .score(let score):
                let interval = score.interval ?? score.p...score.p
                predictions.append(
                    Prediction(p: score.p, kappa: score.kappa, pLo: interval.lowerBound, pHi: interval.upperBound))
            case .failed, .rejected: predictions.append(nil)
            }
        }
        guard predictions.count == rows.count else {
            throw CommandFailure(
                "\(folder) has \(predictions.count) rows for \(rows.count) prompts; remove it")
        }
        return predictions
    }
}

/// A corpus cut into blocks, which lanes take in turn. Every block has the rows it always has, whoever takes it.
private final class CorpusBlocks: Sendable {
    private struct State {
        var corpus: PromptCorpus
        var count = 0
        var done = 0
        var rejected = 0
    }

    private let state: Mutex<State>
    private let rows: Int

    init(_ files: [String], keys: RowKeys, rows: Int) throws {
        self.rows = rows
        state = Mutex(State(corpus: try PromptCorpus(files: files, keys: keys)))
    }

    /// The next block with its number; `nil` at the end.
    func next() throws -> (Int, [Prompt])? {
        try state.withLock { state in
            var block: [Prompt] = []
            while block.count < rows, let element = try state.corpus.next() {
                switch element {
                case .row(let row): block.append(row.prompt)
                case .rejected(let error):
                    if state.rejected < 20 { printError("\(error)") }
                    state.rejected += 1
                }
            }
            guard !block.isEmpty else { return nil }
            defer { state.count += 1 }
            return (state.count, block)
        }
    }

    func finished(_ count: Int) { state.withLock { $0.done += count } }

    var counts: (done: Int, blocks: Int, rejected: Int) { state.withLock { ($0.done, $0.count, $0.rejected) } }
}
