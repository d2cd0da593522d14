package import SQLite
import Synchronization
import Threads

/// Brings the journal's write-ahead log to the disk itself, on a thread of its own: commits go on meanwhile, and one wait
/// for the disk serves all that were there when it began.
package final class LogSyncs: Sendable {
    private enum Request: Sendable {
        case reach(commits: Int)
        case end
    }

    private let mailbox: Mailbox<Request>
    private let state: SharedState
    private let thread: DedicatedThread<Void, CoordinatorError>

    private final class SharedState: Sendable {
        let hasFailed = Mutex(false)
    }

    /// - Parameters:
    ///   - reached: Called on that thread: the disk has the first so many commits.
    ///   - failed: Called on that thread: `finish` throws why.
    package init(
        _ log: DiskFile, path: String, reached: @escaping @Sendable (Int) -> Void,
        failed: @escaping @Sendable () -> Void
    ) throws(CoordinatorError) {
        let mailbox: Mailbox<Request>
        do { mailbox = try Mailbox(capacity: .max) } catch { throw .thread(error) }
        let state = SharedState()
        (self.mailbox, self.state) = (mailbox, state)
        thread = try DedicatedThread.start(name: "journal sync") { announce throws(CoordinatorError) in
            announce(())
            do throws(DiskFile.Fault) {
                try Self.run(mailbox, log, reached)
            } catch {
                state.hasFailed.withLock { $0 = true }
                failed()
                throw CoordinatorError.journal(path: path, reason: "\(error)")
            }
        }
    }

    private static func run(
        _ mailbox: Mailbox<Request>, _ log: DiskFile, _ reached: (Int) -> Void
    ) throws(DiskFile.Fault) {
        while true {
            _ = mailbox.wakeup.wait(for: nil)
            var (commits, isEnding) = (0, false)
            for request in mailbox.drain() {
                switch request {
                case .reach(let count): commits = count
                case .end: isEnding = true
                }
            }
            if commits > 0 {
                try log.sync()
                reached(commits)
            }
            if isEnding { return }
        }
    }

    /// Brings the first so many commits to the disk; never fewer than before.
    package func reach(_ commits: Int) { _ = mailbox.send(.reach(commits: commits)) }

    /// Whether the disk has failed.
    package var hasFailed: Bool { state.hasFailed.withLock { $0 } }

    /// Ends the thread when the disk has everything. Throws `journal` where it has failed.
    package func finish() throws(CoordinatorError) {
        _ = mailbox.send(.end)
        try thread.join()
    }
}
