import GRDB
import SQLite
import Synchronization
import Threads

/// Moves what is committed from the journal's write-ahead log into its database file, on a thread and a connection of its own.
///
/// SQLite does this in the commit that makes the log long, and that commit then waits for the disk twice, and so does
/// everybody behind it. Here commits go on meanwhile. They make the log longer, so where it is long the journal's thread does
/// the rest itself: little is left then, and the log begins anew.
final class LogCheckpoints: Sendable {
    private enum Request: Sendable {
        case begin
        case end
    }

    private struct State {
        var isRunning = false
        /// Pages in the log at the end of the last pass.
        var pages = 0
    }

    private let mailbox: Mailbox<Request>
    private let state: SharedState
    private let thread: DedicatedThread<Void, CoordinatorError>

    private final class SharedState: Sendable {
        let value = Mutex(State())
    }

    /// Pages of a log that is long: 64 MiB.
    private static let pagesMax = 16_384
    /// A pass that moved so few pages is the last one: about as many came meanwhile, and the journal's thread moves those.
    private static let pagesLeft = 256
    /// Passes at most, where more come meanwhile.
    private static let passesMax = 8

    /// Opens the database once more. Throws `journal`.
    init(path: String, file: DiskFile) throws(CoordinatorError) {
        let mailbox: Mailbox<Request>
        do { mailbox = try Mailbox(capacity: .max) } catch { throw .thread(error) }
        let state = SharedState()
        (self.mailbox, self.state) = (mailbox, state)
        thread = try DedicatedThread.start(name: "checkpoints") { announce throws(CoordinatorError) in
            let queue: DatabaseQueue
            do {
                queue = try SQLiteFile.open(path, durability: .process, sharing: .shared) { _ in }.queue
            } catch {
                throw CoordinatorJournal.error(error, path: path)
            }
            announce(())
            while true {
                _ = mailbox.wakeup.wait(for: nil)
                let requests = mailbox.drain()
                if requests.contains(.end) { return }
                guard !requests.isEmpty else { continue }
                let pages = Self.move(queue, file)
                state.value.withLock { $0 = State(isRunning: false, pages: pages) }
            }
        }
    }

    /// Moves what is in the log; where it is long also what was added meanwhile, until little is left. Returns its pages.
    ///
    /// SQLite brings the file to the disk only in a pass behind which nothing is left: in that of the journal's thread, which
    /// waited 17 ms for all that former passes had moved. So it is brought there here. The system tells of an error once for each
    /// descriptor: SQLite's own still learns it. The log's descriptor is that of acknowledged outcomes and must not be used here.
    private static func move(_ queue: DatabaseQueue, _ file: DiskFile) -> Int {
        var (pages, before) = (0, 0)
        for _ in 0..<passesMax {
            // What fails here stays in the log, and the journal's own connection has the same disk.
            pages = (try? queue.writeWithoutTransaction { try SQLiteFile.checkpoint($0) }) ?? 0
            guard pages > pagesMax else { break }
            try? file.sync()
            if pages - before <= pagesLeft { break }
            before = pages
        }
        return pages
    }

    /// Begins a pass, unless one is running.
    func begin() {
        let isFirst = state.value.withLock { state in
            defer { state.isRunning = true }
            return !state.isRunning
        }
        if isFirst { _ = mailbox.send(.begin) }
    }

    /// Whether the log is so long that the journal's own connection should move the rest: then it begins anew. Once for each
    /// pass.
    func takeIsLong() -> Bool {
        state.value.withLock { state in
            guard !state.isRunning, state.pages > Self.pagesMax else { return false }
            state.pages = 0
            return true
        }
    }

    /// Ends the thread after what it does now.
    func finish() throws(CoordinatorError) {
        _ = mailbox.send(.end)
        try thread.join()
    }
}
