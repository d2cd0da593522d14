import Cluster
import Synchronization
import Threads

/// Commits the coordinator's entries on a thread of its own: a commit waits for the disk, and the coordinator's thread
/// must not.
///
/// Requests that arrive during a commit are committed together, so a busy coordinator needs few transactions. They
/// become durable in the order in which they were sent.
final class JournalThread: Sendable {
    private enum Request: Sendable {
        case commit([JournalEntry], [String?: [PlannerEntry]], bytes: Int)
        case stop
    }

    private struct Progress {
        var committed = 0
        var bytesWaiting = 0
        var commits = DurationHistogram()
        var hasEnded = false
    }

    private let shared: Shared
    private let bytesWaitingMax: Int
    private let thread: DedicatedThread<Void, CoordinatorError>

    /// What both threads see.
    private final class Shared: Sendable {
        let mailbox: Mailbox<Request>
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
        bytesWaitingMax = configuration.journalBytesWaitingMax
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
            }
            announce(())
            while try Self.commit(shared, to: journal) { wakeup.signal() }
        }
    }

    /// Commits what was sent; `false` after the last request.
    private static func commit(_ shared: Shared, to journal: CoordinatorJournal?) throws(CoordinatorError) -> Bool {
        _ = shared.mailbox.wakeup.wait(for: nil)
        var entries: [JournalEntry] = []
        var plannerEntries: [String?: [PlannerEntry]] = [:]
        var (count, bytes) = (0, 0)
        var isStopping = false
        for request in shared.mailbox.drain() {
            switch request {
            case .commit(let some, let plannerSome, let someBytes):
                entries += some
                plannerEntries.merge(plannerSome, uniquingKeysWith: +)
                count += 1
                bytes += someBytes
            case .stop: isStopping = true
            }
        }
        let start = ContinuousClock.now
        let own = plannerEntries.removeValue(forKey: nil) ?? []
        let tenants = Dictionary(
            uniqueKeysWithValues: plannerEntries.compactMap { tenant, some in tenant.map { ($0, some) } })
        try journal?.commit(entries, own, tenants: tenants)
        let duration = ContinuousClock.now - start
        shared.progress.withLock { progress in
            progress.committed += count
            progress.bytesWaiting -= bytes
            if count > 0 { progress.commits.record(duration) }
        }
        return !isStopping
    }

    /// What the journal had when it was opened; once.
    func takeReplay() -> JournalContents {
        shared.replay.withLock { replay in
            defer { replay = nil }
            return replay ?? JournalContents()
        }
    }

    /// Sends entries, all or none of which become durable: those of planners by tenant.
    func commit(_ entries: [JournalEntry], _ plannerEntries: [String?: [PlannerEntry]]) {
        let bytes = entries.reduce(plannerEntries.values.joined().reduce(0) { $0 + $1.bytesWaiting }) {
            $0 + $1.bytesWaiting
        }
        shared.progress.withLock { $0.bytesWaiting += bytes }
        _ = shared.mailbox.send(.commit(entries, plannerEntries, bytes: bytes))
    }

    /// Whether so much is not durable yet that nothing more should be received.
    var isBehind: Bool { shared.progress.withLock { $0.bytesWaiting } > bytesWaitingMax }

    /// Requests that are durable since the start.
    var committed: Int { shared.progress.withLock { $0.committed } }

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
