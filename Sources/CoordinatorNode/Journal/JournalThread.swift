import Cluster
import Synchronization
import Threads

/// Commits the coordinator's entries on a thread of its own: a commit waits for the disk, and the coordinator's thread
/// must not.
///
/// Requests that arrive during a commit are committed together, so a busy coordinator needs few transactions. A transaction
/// takes no more after some milliseconds, or after as long as the disk needed for the last one, and tenants take turns in it:
/// one with much to keep hardly delays the others.
final class JournalThread: Sendable {
    private enum Message: Sendable {
        case commit(JournalRequest)
        case stop
    }

    private struct Progress {
        var durable = JournalProgress()
        var bytesWaiting: [String?: Int] = [:]
        var commits = DurationHistogram()
        var hasEnded = false
    }

    private let shared: Shared
    private let thread: DedicatedThread<Void, CoordinatorError>

    /// A transaction begins nothing more after this time: where each waits long for the disk, after as long as that, so that
    /// half of the time is spent on writing.
    private static let writingTimes: ClosedRange<Duration> = .milliseconds(5)...(.milliseconds(50))

    /// What both threads see.
    private final class Shared: Sendable {
        let mailbox: Mailbox<Message>
        let progress = Mutex(Progress())
        let replay = Mutex<JournalContents?>(nil)

        init() throws(CoordinatorError) {
            do { mailbox = try Mailbox(capacity: .max) } catch { throw .thread(error) }
        }
    }

    /// Opens the journal of a configuration and reads it. `wakeup` is signalled after each commit.
    init(_ configuration: CoordinatorNode.Configuration, wakeup: Wakeup) throws(CoordinatorError) {
        let (path, outcomesMax) = (configuration.journalPath, configuration.planner.outcomesMax)
        let shared = try Shared()
        self.shared = shared
        thread = try DedicatedThread.start(name: "journal") { announce throws(CoordinatorError) in
            defer {
                shared.progress.withLock { $0.hasEnded = true }
                wakeup.signal()
            }
            // Without a file nothing is kept: what the machines have in memory is all there is.
            let journal = try path.map { path throws(CoordinatorError) in
                try CoordinatorJournal(path: path, outcomesMax: outcomesMax)
            }
            if let journal {
                let replay = try journal.contents()
                shared.replay.withLock { $0 = replay }
                try journal.startCheckpoints()
            }
            announce(())
            do throws(CoordinatorError) {
                try Self.run(shared, to: journal, wakeup)
            } catch {
                try? journal?.finish()
                throw error
            }
            try journal?.finish()
        }
    }

    private static func run(
        _ shared: Shared, to journal: CoordinatorJournal?, _ wakeup: Wakeup
    ) throws(CoordinatorError) {
        var queue = JournalQueue()
        var writingTime = writingTimes.lowerBound
        var isStopping = false
        while !isStopping || !queue.isEmpty {
            if queue.isEmpty { _ = shared.mailbox.wakeup.wait(for: nil) }
            for message in shared.mailbox.drain() {
                if case .commit(let request) = message { queue.append(request) } else { isStopping = true }
            }
            let isPermanent = queue.isPermanent
            let wait = try commit(&queue, to: journal, for: writingTime, shared)
            if isPermanent { writingTime = min(max(wait, writingTimes.lowerBound), writingTimes.upperBound) }
            wakeup.signal()
        }
    }

    /// Commits what is next, in one transaction, to which nothing is added after a time; returns how long the disk needed.
    private static func commit(
        _ queue: inout JournalQueue, to journal: CoordinatorJournal?, for time: Duration, _ shared: Shared
    ) throws(CoordinatorError) -> Duration {
        guard !queue.isEmpty else { return .zero }
        let start = ContinuousClock.now
        var written = start
        var taken: [JournalRequest] = []
        func next() -> JournalRequest? {
            written = .now
            guard taken.isEmpty || written - start < time, let request = queue.popFirst() else { return nil }
            taken.append(request)
            return request
        }
        if let journal {
            try journal.commit(onDisk: queue.isPermanent, next)
        } else {
            while next() != nil {}
        }
        let end = ContinuousClock.now
        shared.progress.withLock { progress in
            for request in taken {
                progress.durable.add(request)
                progress.bytesWaiting[request.tenant, default: 0] -= request.bytesWaiting
            }
            progress.commits.record(end - start)
        }
        return end - written
    }

    /// What the journal had when it was opened; once.
    func takeReplay() -> JournalContents {
        shared.replay.withLock { replay in
            defer { replay = nil }
            return replay ?? JournalContents()
        }
    }

    /// Sends a request.
    func commit(_ request: JournalRequest) {
        let bytes = request.bytesWaiting
        shared.progress.withLock { $0.bytesWaiting[request.tenant, default: 0] += bytes }
        _ = shared.mailbox.send(.commit(request))
    }

    /// Bytes of a tenant's entries that are not durable yet.
    func bytesWaiting(of tenant: String?) -> Int { shared.progress.withLock { $0.bytesWaiting[tenant] ?? 0 } }

    /// What is durable since the start.
    var durable: JournalProgress { shared.progress.withLock { $0.durable } }

    /// How long commits took.
    var commits: DurationHistogram { shared.progress.withLock { $0.commits } }

    /// Whether it has ended: `finish` throws why.
    var hasEnded: Bool { shared.progress.withLock { $0.hasEnded } }

    /// Waits until everything that was sent is durable, and closes the journal. Throws what committing threw.
    func finish() throws(CoordinatorError) {
        _ = shared.mailbox.send(.stop)
        try thread.join()
    }
}
