import Cluster
import Synchronization
import Threads
import Transport
import Wire

/// Does what takes long on a thread of its own, in order: decodes large requests of trainers, and the planner's large
/// work.
final class WorkThread: Sendable {
    enum Work: Sendable {
        case decode([RawFrame], from: MessageChannel.Sender, arrived: Instant)
        case planner(PlannerWork)
    }

    /// What the coordinator's thread gets.
    enum Done: Sendable {
        case decoded(Result<Envelope, WireError>, from: MessageChannel.Sender, arrived: Instant)
        case planner(PlannerWork.Result)
    }

    private let waiting: Mailbox<Work?>
    private let done: Mailbox<Done>
    private let thread: DedicatedThread<Void, Never>

    /// Starts the thread. `wakeup` is signalled when something is done.
    init(wakeup: Wakeup) throws(CoordinatorError) {
        // Its users bound the bytes of what they send.
        let waiting: Mailbox<Work?>
        do { waiting = try Mailbox(capacity: .max) } catch { throw .thread(error) }
        let done = Mailbox<Done>(capacity: .max, wakeup: wakeup)
        self.waiting = waiting
        self.done = done
        thread = DedicatedThread.start(name: "work") { announce in
            announce(())
            while true {
                _ = waiting.wakeup.wait(for: nil)
                var works = Array(waiting.drain().reversed())
                while !works.isEmpty {
                    guard let result = Self.runLast(of: &works) else { return }
                    _ = done.send(result)
                }
            }
        }
    }

    /// Removes and does the last work; `nil` for the end. Nothing holds what the work has read when its result is sent, so
    /// the coordinator's thread changes it in place and copies nothing.
    private static func runLast(of works: inout [Work?]) -> Done? { works.removeLast().map { run($0) } }

    private static func run(_ work: Work) -> Done {
        switch work {
        case .decode(let frames, let sender, let arrived):
            do throws(WireError) {
                return .decoded(.success(try Envelope(rawFrames: frames)), from: sender, arrived: arrived)
            } catch {
                return .decoded(.failure(error), from: sender, arrived: arrived)
            }
        case .planner(let work): return .planner(work.run())
        }
    }

    /// Sends work.
    func send(_ work: Work) { _ = waiting.send(work) }

    /// Removes and returns what is done.
    func drain() -> [Done] { done.drain() }

    /// Ends the thread after what it does now.
    func finish() {
        _ = waiting.drain()
        _ = waiting.send(nil)
        thread.join()
    }
}
