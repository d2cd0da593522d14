import Cluster
import Synchronization
import Threads
import Transport
import Wire

/// Does what takes long on a thread of its own: decodes large requests of trainers, and the planner's large work. Tenants
/// take turns; what is a tenant's is done in order.
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

    /// Work, and whose it is; `nil` for the end.
    private typealias Sent = (work: Work, tenant: String?)?

    private let waiting: Mailbox<Sent>
    private let done: Mailbox<(done: Done, tenant: String?)>
    private let thread: DedicatedThread<Void, Never>

    /// Starts the thread. `wakeup` is signalled when something is done.
    init(wakeup: Wakeup) throws(CoordinatorError) {
        // Its users bound the bytes of what they send.
        let waiting: Mailbox<Sent>
        do { waiting = try Mailbox(capacity: .max) } catch { throw .thread(error) }
        let done = Mailbox<(done: Done, tenant: String?)>(capacity: .max, wakeup: wakeup)
        self.waiting = waiting
        self.done = done
        thread = DedicatedThread.start(name: "work") { announce in
            announce(())
            var works = TurnQueue<String?, (work: Work, tenant: String?)>()
            while true {
                if works.isEmpty { _ = waiting.wakeup.wait(for: nil) }
                for sent in waiting.drain() {
                    guard let sent else { return }
                    works.append(sent, of: sent.tenant)
                }
                if let result = Self.runNext(of: &works) { _ = done.send(result) }
            }
        }
    }

    /// Removes and does the next work. Nothing holds what the work has read when its result is sent, so the coordinator's
    /// thread changes it in place and copies nothing.
    private static func runNext(
        of works: inout TurnQueue<String?, (work: Work, tenant: String?)>
    ) -> (done: Done, tenant: String?)? {
        works.popFirst().map { (run($0.work), $0.tenant) }
    }

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

    /// Sends work of a tenant; `nil` for the cluster's own.
    func send(_ work: Work, of tenant: String?) { _ = waiting.send((work: work, tenant: tenant)) }

    /// Removes and returns what is done, and whose it is.
    func drain() -> [(done: Done, tenant: String?)] { done.drain() }

    /// Ends the thread after what it does now.
    func finish() {
        _ = waiting.drain()
        _ = waiting.send(nil)
        thread.join()
    }
}
