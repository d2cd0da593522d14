import Cluster
import Foundation
import Logging
import Scoring
import Synchronization
import Threads
import Wire
import ZeroMQ

/// A thread that owns the model and computes one command after the other, so that the socket's thread never does.
final class InferenceThread: Sendable {
    /// What it is asked to do.
    enum Command: Sendable {
        case prepare(ContextBlock)
        case forget(Digest)
        case score(PieceName, context: Digest, TextBlock)
        case stop
    }

    private let thread: DedicatedThread<ModelFingerprint, WorkerError>
    private let commands: Mailbox<Command>
    private let tally: EmbeddingTally

    /// Texts embedded so far, and texts whose features were kept.
    var counts: (embedded: Int, kept: Int) { tally.get() }

    /// What the model is.
    var fingerprint: ModelFingerprint { thread.announcement }

    /// Starts; returns when the model is loaded. Events go to `events`, which must take them: the machine asks for one
    /// computation at a time.
    init(
        _ configuration: WorkerNode.Configuration, events: Mailbox<WorkerState.Event>, logger: Logger,
        makeModel: @escaping @Sendable () throws -> any ValueModel
    ) throws(WorkerError) {
        let wakeup: Wakeup
        do {
            wakeup = try Wakeup()
        } catch {
            throw .thread(error)
        }
        let mailbox = Mailbox<Command>(capacity: 256, wakeup: wakeup)
        commands = mailbox
        let tally = EmbeddingTally()
        self.tally = tally
        thread = try DedicatedThread.start(name: "inference") { announce throws(WorkerError) in
            let model: any ValueModel
            do {
                model = try makeModel()
            } catch {
                throw .model("\(error)")
            }
            model.tellProgress { _ = events.send(.progressed) }
            let kept = TieredFeatureCache(
                memoryBytes: configuration.cacheBytes, store: configuration.store, for: model, logger: logger)
            var desk = InferenceExecutor(model: model, kept: kept)
            announce(model.fingerprint)
            while true {
                _ = wakeup.wait(for: nil)
                for command in mailbox.drain() {
                    if case .stop = command { return }
                    Self.carryOut(command, at: &desk, events)
                    tally.set(desk.counts)
                }
            }
        }
    }

    /// `false` when the thread has ended.
    func send(_ command: Command) -> Bool {
        commands.send(command) == .accepted
    }

    /// Waits for the thread to end; a computation under way is finished first.
    func join() throws(WorkerError) {
        try thread.join()
    }

    private static func carryOut(
        _ command: Command, at desk: inout InferenceExecutor, _ events: Mailbox<WorkerState.Event>
    ) {
        let progressed = { _ = events.send(.progressed) }
        switch command {
        case .prepare(let block):
            let failure = desk.prepare(block, onProgress: progressed)
            _ = events.send(.contextPrepared(block.digest, failure: failure))
        case .forget(let digest):
            desk.forget(digest)
        case .score(let piece, let context, let texts):
            let (answers, faults, times) = desk.score(texts, context: context, onProgress: progressed)
            _ = events.send(.computed(piece, answers, faults, times))
        case .stop: break
        }
    }
}

/// What the desk has counted, for the thread that logs.
private final class EmbeddingTally: Sendable {
    private let counts = Mutex((embedded: 0, kept: 0))
    func get() -> (embedded: Int, kept: Int) { counts.withLock { $0 } }
    func set(_ new: (embedded: Int, kept: Int)) { counts.withLock { $0 = new } }
}
