import Cluster
import DequeModule
import Synchronization
import Threads

/// Commits the coordinator's entries on a thread of its own: the coordinator's thread must not wait for files.
///
/// Requests that arrive during a commit are committed together, so a busy coordinator needs few transactions. A transaction
/// takes no more after some milliseconds, and tenants take turns in it. Where others have something to keep, one tenant gets half of
/// the thread's time at most (`JournalShares`), so one with much to keep hardly delays them.
/// What must be on the disk itself another thread brings there, while this one commits what comes next.
final class JournalThread: Sendable {
    private enum Message: Sendable {
        case commit(JournalRequest)
        case stop
    }

    private struct Progress {
        var committed = JournalCommits()
        var bytesWaiting: [String?: Int] = [:]
        /// Commits that wait for the disk itself.
        var unreached: Deque<Unreached> = []
        var commits = DurationHistogram()
        var hasEnded = false

        /// A commit: its number, when it began, and what of it must be on the disk itself.
        struct Unreached {
            let commit: Int
            let start: ContinuousClock.Instant
            let requests: [(tenant: String?, bytes: Int)]
        }

        /// The disk itself has the first so many commits.
        mutating func reach(_ commits: Int, at now: ContinuousClock.Instant) {
            committed.reach(commits)
            while let first = unreached.first, first.commit <= commits {
                unreached.removeFirst()
                for (tenant, bytes) in first.requests { bytesWaiting[tenant, default: 0] -= bytes }
                self.commits.record(now - first.start)
            }
        }
    }

    private let shared: Shared
    private let thread: DedicatedThread<Void, CoordinatorError>

    /// A transaction begins nothing more after this time, and with so many bytes: its pages are written when it ends, which may
    /// take as long again.
    private static let writingTime: Duration = .milliseconds(2)
    private static let writingBytes = 256 << 10
    /// So long it tidies the file up between two of them: deleting a text takes less time than writing one.
    private static let tidyingTime: Duration = .milliseconds(1)
    /// So long after a commit it looks for pages that the file no longer needs.
    private static let tidyingRest: Duration = .milliseconds(20)
    /// While all that have something to keep are throttled, it looks so often whether they still are.
    private static let throttleCheckTime: Duration = .milliseconds(1)

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
            let syncs = try journal.flatMap { journal throws(CoordinatorError) in
                try journal.log.map { log throws(CoordinatorError) in
                    try LogSyncs(log, path: path ?? "") { commits in
                        shared.progress.withLock { $0.reach(commits, at: .now) }
                        wakeup.signal()
                    } failed: {
                        shared.mailbox.wakeup.signal()
                    }
                }
            }
            announce(())
            do throws(CoordinatorError) {
                try Self.run(shared, to: journal, syncs, wakeup)
            } catch {
                try? syncs?.finish()
                try? journal?.finish()
                throw error
            }
            try syncs?.finish()
            try journal?.finish()
        }
    }

    private static func run(
        _ shared: Shared, to journal: CoordinatorJournal?, _ syncs: LogSyncs?, _ wakeup: Wakeup
    ) throws(CoordinatorError) {
        var queue = JournalQueue()
        var isStopping = false
        var isTidy = true
        /// When it looks for pages that are free; `nil` where nothing was committed since it did.
        var tidyAt: ContinuousClock.Instant?
        var shares = JournalShares()
        while !isStopping || !queue.isEmpty {
            if !isStopping, !hasNext(queue, shares), isTidy || !queue.isEmpty {
                let rest = tidyAt.map { max(.zero, $0 - .now) }
                _ = shared.mailbox.wakeup.wait(
                    for: queue.isEmpty ? rest : min(rest ?? throttleCheckTime, throttleCheckTime))
            }
            if syncs?.hasFailed == true { try syncs?.finish() }
            for message in shared.mailbox.drain() {
                if case .commit(let request) = message { queue.append(request) } else { isStopping = true }
            }
            // What is left is committed without pauses.
            if isStopping { shares = JournalShares() }
            if hasNext(queue, shares) {
                try commit(&queue, to: journal, syncs, shared, &shares)
                wakeup.signal()
                // Without a file nothing resets it, and the thread would never wait again.
                if journal != nil { tidyAt = tidyAt ?? .now + tidyingRest }
            }
            let isDue = tidyAt.map { $0 <= .now } ?? false
            guard let journal, !isTidy || isDue || journal.hasRowsToDelete else { continue }
            isTidy = try !journal.tidy(for: tidyingTime)
            tidyAt = nil
        }
    }

    /// Whether something is to be committed, of a tenant that is not throttled.
    private static func hasNext(_ queue: JournalQueue, _ shares: JournalShares) -> Bool {
        let now = ContinuousClock.now
        return queue.hasNext { shares.isThrottled($0, at: now) }
    }

    /// Commits what is next, in one transaction, to which nothing is added after a time.
    private static func commit(
        _ queue: inout JournalQueue, to journal: CoordinatorJournal?, _ syncs: LogSyncs?, _ shared: Shared,
        _ shares: inout JournalShares
    ) throws(CoordinatorError) {
        let start = ContinuousClock.now
        var before = start
        var taken: [JournalRequest] = []
        var bytes = 0
        /// Counts the time of the last one as its tenant's.
        func account() {
            let now = ContinuousClock.now
            if let last = taken.last { shares.add(now - before, of: last.tenant, at: now) }
            before = now
        }
        func next() -> JournalRequest? {
            account()
            guard taken.isEmpty || before - start < writingTime && bytes < writingBytes,
                let request = queue.popFirst(unless: { shares.isThrottled($0, at: before) })
            else { return nil }
            taken.append(request)
            bytes += request.bytesWaiting
            return request
        }
        if let journal { try journal.commit(next) } else { while next() != nil {} }
        account()
        let end = before
        let mustReach = shared.progress.withLock { progress -> Int? in
            let mustReach = progress.committed.add(taken)
            let number = progress.committed.count
            if syncs == nil { progress.committed.reach(number) }
            // What must be on the disk itself counts until then: else a slow disk would bound nothing.
            let isWaiting = { (request: JournalRequest) in syncs != nil && request.isPermanent }
            for request in taken where !isWaiting(request) {
                progress.bytesWaiting[request.tenant, default: 0] -= request.bytesWaiting
            }
            guard mustReach, syncs != nil else {
                progress.commits.record(end - start)
                return nil
            }
            let requests = taken.filter(isWaiting).map { (tenant: $0.tenant, bytes: $0.bytesWaiting) }
            progress.unreached.append(Progress.Unreached(commit: number, start: start, requests: requests))
            return number
        }
        if let mustReach { syncs?.reach(mustReach) }
    }

    /// What the journal had when it was opened; once.
    func takeReplay() -> JournalContents {
        shared.replay.withLock { replay in
            defer { replay = nil }
            return replay ?? JournalContents()
        }
    }

    /// Sends a request. One that delays nothing waits for the next other one, or for `wake`: two transactions become one.
    func commit(_ request: JournalRequest) {
        let bytes = request.bytesWaiting
        shared.progress.withLock { $0.bytesWaiting[request.tenant, default: 0] += bytes }
        _ = shared.mailbox.send(.commit(request), wakes: !request.delaysNothing)
    }

    /// Has everything committed that was sent.
    func wake() { shared.mailbox.wakeup.signal() }

    /// Bytes of a tenant's entries that are not durable yet.
    func bytesWaiting(of tenant: String?) -> Int { shared.progress.withLock { $0.bytesWaiting[tenant] ?? 0 } }

    /// What is durable since the start.
    var durable: JournalProgress { shared.progress.withLock { $0.committed.durable } }

    /// How long commits took until they were durable.
    var commits: DurationHistogram { shared.progress.withLock { $0.commits } }

    /// Whether it has ended: `finish` throws why.
    var hasEnded: Bool { shared.progress.withLock { $0.hasEnded } }

    /// Waits until everything that was sent is durable, and closes the journal. Throws what committing threw.
    func finish() throws(CoordinatorError) {
        _ = shared.mailbox.send(.stop)
        try thread.join()
    }
}
