import Cluster
import Corpora
import FeatureStore
import Logging
import Scoring
import Threads
import Wire

/// The thread that owns the model. It executes commands one by one, so that the channel's thread never computes.
final class InferenceThread: Sendable {
    /// A command to the thread.
    enum Command: Sendable {
        case prepare(ContextBlock)
        case forget(Digest)
        case score(PieceName, context: Digest, ShardContent)
        case stop
    }

    private let thread: DedicatedThread<ModelFingerprint, WorkerError>
    private let commands: Mailbox<Command>
    private let shared = SharedValue(EmbeddingCounts())

    /// What the thread has embedded so far.
    var counts: EmbeddingCounts { shared.value }

    /// The fingerprint of the model.
    var fingerprint: ModelFingerprint { thread.announcement }

    /// Starts the thread; returns when the model is loaded.
    ///
    /// Events go to `events`, which must have room for them: the state machine asks for one computation at a time.
    init(
        _ configuration: WorkerNode.Configuration, events: Mailbox<WorkerState.Event>, logger: Logger,
        makeModel: @escaping @Sendable () throws -> any ValueModel
    ) throws(WorkerError) {
        let commands: Mailbox<Command>
        do {
            commands = try Mailbox(capacity: 256)
        } catch {
            throw .thread(error)
        }
        self.commands = commands
        let shared = shared
        thread = try DedicatedThread.start(name: "inference") { announce throws(WorkerError) in
            let model: any ValueModel
            do {
                model = try makeModel()
            } catch {
                throw .model("\(error)")
            }
            model.tellProgress { _ = events.send(.progressed) }
            let cache = TieredFeatureCache(
                memory: FeatureCache(bytesMax: configuration.cacheBytes), store: configuration.store, for: model
            ) { reason in
                logger.warning("no feature store; features are cached in memory", metadata: ["reason": "\(reason)"])
            }
            let ranges =
                configuration.dataRoots.isEmpty
                ? nil : RangeReader(roots: configuration.dataRoots, copyBytesMax: configuration.dataCopyBytes)
            var executor = InferenceExecutor(model: model, cache: cache, ranges: ranges)
            announce(model.fingerprint)
            while true {
                _ = commands.wakeup.wait(for: nil)
                for command in commands.drain() {
                    if case .stop = command { return }
                    Self.carryOut(command, by: &executor, events)
                    let counts = executor.counts
                    shared.change { $0 = counts }
                }
            }
        }
    }

    /// Sends a command; `false` when the thread has ended.
    func send(_ command: Command) -> Bool {
        commands.send(command) == .accepted
    }

    /// Waits for the thread to end; a running computation is finished first.
    func join() throws(WorkerError) {
        try thread.join()
    }

    private static func carryOut(
        _ command: Command, by executor: inout InferenceExecutor, _ events: Mailbox<WorkerState.Event>
    ) {
        let onProgress: @Sendable () -> Void = { _ = events.send(.progressed) }
        switch command {
        case .prepare(let block):
            do throws(ValueModelError) {
                let failure = try executor.prepare(block, onProgress: onProgress)
                _ = events.send(.contextPrepared(block.digest, failure: failure))
            } catch {
                _ = events.send(.modelUnavailable("\(error)"))
            }
        case .forget(let digest):
            executor.forget(digest)
        case .score(let piece, let context, let content):
            do throws(ValueModelError) {
                let (answers, faults, times) = try executor.score(
                    content, of: piece, context: context, onProgress: onProgress)
                _ = events.send(.computed(piece, answers, faults, times))
            } catch {
                _ = events.send(.modelUnavailable("\(error)"))
            }
        case .stop: break
        }
    }
}
