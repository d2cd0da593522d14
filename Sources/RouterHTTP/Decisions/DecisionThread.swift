import Foundation
import Routing
import Scoring
import Synchronization
import Threads

/// The thread that owns the value model, so that no request's thread computes. Requests that wait are decided together.
final class DecisionThread: Sendable {
    private enum Command: Sendable {
        case estimate(String, Reply)
        case prepare(Int, [ContextSet.Row])
        case stop
    }

    /// A reply that is given once: the estimates or a timeout, whichever comes first.
    private final class Reply: Sendable {
        typealias Answer = Result<[ModelEstimate], RouterHTTPError>
        private let waiting: Mutex<CheckedContinuation<Answer, Never>?>

        init(_ continuation: CheckedContinuation<Answer, Never>) {
            waiting = Mutex(continuation)
        }

        func give(_ answer: Answer) {
            let continuation = waiting.withLock { waiting in
                defer { waiting = nil }
                return waiting
            }
            continuation?.resume(returning: answer)
        }

        var isAwaited: Bool { waiting.withLock { $0 != nil } }
    }

    private let thread: DedicatedThread<ModelFingerprint, RouterHTTPError>
    private let commands: Mailbox<Command>
    private let rows: RowCounts

    /// The value model.
    var fingerprint: ModelFingerprint { thread.announcement }
    /// By model: rows of the history that is prepared.
    var historyRows: [Int] { rows.get() }

    /// Decisions that may wait; one more is refused.
    static let waitingMax = 256
    /// Prompts embedded together; the rest wait for the next batch, so that no prompt waits for too many others.
    static let batchMax = 16

    /// Loads the model and prepares `histories`, by model; returns when decisions can be made.
    init(
        fleet: Fleet, histories: [[ContextSet.Row]], references: ReferenceFiles = .none,
        makeModel: @escaping @Sendable () throws -> any ValueModel
    ) throws(RouterHTTPError) {
        let wakeup: Wakeup
        do {
            wakeup = try Wakeup()
        } catch {
            throw .wakeup(error)
        }
        let mailbox = Mailbox<Command>(capacity: Self.waitingMax, wakeup: wakeup)
        let rows = RowCounts()
        commands = mailbox
        self.rows = rows
        thread = try DedicatedThread.start(name: "decisions") { announce throws(RouterHTTPError) in
            let model: any ValueModel
            do {
                model = try makeModel()
            } catch {
                throw .modelNotLoaded("\(error)")
            }
            var engine = DecisionEngine(fleet: fleet, model: model, references: references)
            do throws(ValueModelError) {
                try engine.prepare(all: histories)
            } catch {
                throw .valueModel(error)
            }
            rows.set(engine.historyRows)
            announce(model.fingerprint)
            while true {
                _ = wakeup.wait(for: nil)
                if Self.run(mailbox.drain(), with: &engine, rows: rows) { break }
            }
            for command in mailbox.close() {
                if case .estimate(_, let reply) = command { reply.give(.failure(.stopped)) }
            }
        }
    }

    /// The value model's estimates of each model of the fleet. Throws `overloaded`, `late` after `limit`, `stopped` and
    /// `valueModel`.
    func estimate(_ text: String, within limit: Duration) async throws(RouterHTTPError) -> [ModelEstimate] {
        let answer: Reply.Answer = await withCheckedContinuation { continuation in
            let reply = Reply(continuation)
            switch commands.send(.estimate(text, reply)) {
            case .accepted:
                Task {
                    try? await Task.sleep(for: limit)
                    reply.give(.failure(.late))
                }
            case .full: reply.give(.failure(.overloaded))
            case .closed: reply.give(.failure(.stopped))
            }
        }
        return try answer.get()
    }

    /// Prepares a model's history again, after the decisions that wait. `false` when too many wait; call again later.
    func prepare(_ index: Int, rows: [ContextSet.Row]) -> Bool {
        commands.send(.prepare(index, rows)) == .accepted
    }

    /// Ends the thread; decisions that wait are refused.
    func stop() {
        while commands.send(.stop) == .full { sched_yield() }
        try? thread.join()
    }

    /// Runs the commands that wait; `true` to end.
    private static func run(_ commands: [Command], with engine: inout DecisionEngine, rows: RowCounts) -> Bool {
        var waiting: [(text: String, reply: Reply)] = []
        var isLast = false
        for command in commands {
            switch command {
            case .estimate(let text, let reply): waiting.append((text, reply))
            case .stop: isLast = true
            case .prepare: break
            }
        }
        for start in stride(from: 0, to: waiting.count, by: batchMax) {
            // Nothing is computed for requests that gave up.
            let batch = waiting[start..<min(start + batchMax, waiting.count)].filter(\.reply.isAwaited)
            guard !batch.isEmpty else { continue }
            do throws(ValueModelError) {
                let answers = try engine.estimate(batch.map(\.text))
                for (entry, answer) in zip(batch, answers) { entry.reply.give(.success(answer)) }
            } catch {
                for entry in batch { entry.reply.give(.failure(.valueModel(error))) }
            }
        }
        for command in commands {
            guard case .prepare(let index, let history) = command else { continue }
            // A history that cannot be prepared keeps the previous context; the next outcomes try again.
            do throws(ValueModelError) { try engine.prepare(index, rows: history) } catch { continue }
            rows.set(engine.historyRows)
        }
        return isLast
    }
}

/// Rows of the prepared histories, read by other threads.
private final class RowCounts: Sendable {
    private let counts = Mutex<[Int]>([])
    func get() -> [Int] { counts.withLock { $0 } }
    func set(_ new: [Int]) { counts.withLock { $0 = new } }
}
