import ClientNode
import CommandSupport
import Corpora
import Dispatch
import Foundation
import RouterHTTP
import Routing
import Scoring
import Synchronization
import Threads
import ZeroMQ

/// Routes a corpus with a cluster: block by block, one scoring job for each model of the fleet.
///
/// Workers cache the features of recent prompts, and the coordinator prefers the worker that has seen a shard. So the first
/// model's job embeds a block, and the jobs of the other models only predict. A block must fit into these caches until all
/// models are done: with the whole corpus as one block, the last features would displace the first ones before the second
/// model needs them. The decisions of a block are written to a new file that is renamed; existing files are not made again.
struct RouteCorpusJob: Sendable {
    let fleet: Fleet
    let histories: [ContextFile?]
    /// The fleet's references; `nil` without any.
    let sides: FleetSides?
    let rule: RouteRule
    let prompts: [String]
    let keys: RowKeys
    let output: String
    let blockRows: Int
    /// The key, where the coordinator asks for one.
    let security: SocketSecurity

    /// The references of a model's job: they go with its context and with each prompt; `nil` without any.
    func side(of model: Int) -> ScoringSide? {
        guard let sides, let context = sides.context(of: model) else { return nil }
        return ScoringSide(context: context, digest: sides.digest) { sides.side(of: $0, model: model) }
    }

    /// Runs to the end. Throws `CommandFailure`, and `ExitStatus.resumable` after an interruption.
    func run(_ lanes: RouteLanes) throws {
        if case .costAware = rule {
            throw CommandFailure(
                "the fleet's cost-aware rule needs a context for each setting; with a cluster give --beta or --target",
                status: .usage)
        }
        try claimFolder()
        let stop = StopFlag()
        let signals = StopSignals { stop.raise() }
        let blocks = try CorpusBlocks(prompts, keys: keys, rows: blockRows)
        let clock = ContinuousClock()
        let start = clock.now
        try work(lanes, blocks, stop: stop)
        withExtendedLifetime(signals) {}
        lanes.stop()
        lanes.forget()
        let seconds = (clock.now - start) / .seconds(1)
        let counts = blocks.counts
        try printOutput(
            String(
                format: "%d prompts decided for %d models in %d blocks, %.1f s (%.0f prompts/s)", counts.done,
                fleet.models.count, counts.blocks, seconds, Double(counts.done) / seconds))
        try printOutput("output \(output)")
        if counts.rejected > 0 { throw ExitStatus.finishedWithErrorRows }
    }

    /// One thread for each lane works on one block after the other; the first failure stops all.
    private func work(_ lanes: RouteLanes, _ blocks: CorpusBlocks, stop: StopFlag) throws {
        let failure = Mutex<(any Error)?>(nil)
        let group = DispatchGroup()
        for lane in lanes.endpoints {
            group.enter()
            Thread.detachNewThread {
                defer { group.leave() }
                do {
                    let endpoint = try Endpoint(lane)
                    while failure.withLock({ $0 == nil }), let (number, prompts) = try blocks.next() {
                        let block = RouteBlock(job: self, number: number, prompts: prompts, endpoint: endpoint)
                        try block.decide(until: stop)
                        blocks.finished(prompts.count)
                    }
                } catch {
                    failure.withLock { $0 = $0 ?? error }
                    stop.raise()
                }
            }
        }
        let line = ProgressLine()
        while group.wait(timeout: .now() + .milliseconds(500)) == .timedOut {
            line.show(
                done: blocks.counts.done, of: 0, unit: "prompts decided", detail: "\(lanes.endpoints.count) lanes")
            if let reason = lanes.failure {
                failure.withLock { $0 = $0 ?? CommandFailure(reason) }
                stop.raise()
            }
        }
        line.end()
        if let failure = failure.withLock({ $0 }) { throw failure }
    }

    /// Marks the folder with the fleet's models, rule, histories, references and corpus. Throws when it has the mark of another job.
    private func claimFolder() throws {
        let digests = histories.map { $0?.context.digest.hex ?? "none" }
        // Without `supports`: a set is written in another order by each process, and a corpus has only text.
        let models = fleet.models.map { model in
            var model = model
            model.supports = nil
            return "\(model)"
        }
        let settings = [
            "\(fleet.defaultIndex)", "\(fleet.evidenceRows)", "\(fleet.historyRows)", "\(fleet.reference)", "\(rule)",
            "\(prompts)", "\(blockRows)",
        ]
        let facts = models + settings + digests + (sides.map { [$0.digest.hex] } ?? [])
        let mark = Digest(of: facts.joined(separator: "\n")).hex
        try makeFolder(output)
        if let found = FileManager.default.contents(atPath: "\(output)/.route") {
            guard String(decoding: found, as: UTF8.self) == mark else {
                throw CommandFailure(
                    "\(output): belongs to another fleet, rule, history, reference or corpus; choose another --output")
            }
        } else {
            try writeFile(mark, to: "\(output)/.route")
        }
    }
}
