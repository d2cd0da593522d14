import Kernels
import Synchronization

/// The threads of a head, each with its own buffers.
struct TabPFNTeam {
    private let workspaces: [TabPFNWorkspace]
    private let pool: ThreadPool

    init(_ workspaces: [TabPFNWorkspace]) {
        self.workspaces = workspaces
        pool = ThreadPool(count: workspaces.count)
    }

    /// Calls `body` once for each index, on any thread, with that thread's workspace; returns when all are done.
    ///
    /// Indices are taken one by one, so that a thread that loses its core for a while holds up no more than one. After
    /// a failure nobody takes another.
    func perform(
        _ count: Int, _ body: @escaping (Int, TabPFNWorkspace) throws(KernelError) -> Void
    ) throws(KernelError) {
        let errand = Errand(count: count, workspaces: workspaces, body: body)
        pool.perform(members: max(1, min(workspaces.count, count))) { errand.work(thread: $0) }
        try errand.finish()
    }
}

/// Indices to be taken by threads.
private final class Errand: @unchecked Sendable {
    // Sendable because a workspace is used by one thread, and because each index comes once and what a body does with
    // it touches one row or one column of the tables it was given.
    private let count: Int
    private let workspaces: [TabPFNWorkspace]
    private let body: (Int, TabPFNWorkspace) throws(KernelError) -> Void
    private let next = Atomic<Int>(0)
    private let failure = Mutex<KernelError?>(nil)

    init(
        count: Int, workspaces: [TabPFNWorkspace], body: @escaping (Int, TabPFNWorkspace) throws(KernelError) -> Void
    ) {
        self.count = count
        self.workspaces = workspaces
        self.body = body
    }

    func work(thread: Int) {
        LibraryThreads.useOneInThisThread()
        while true {
            let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
            guard index < count else { return }
            do throws(KernelError) {
                try body(index, workspaces[thread])
            } catch {
                failure.withLock { $0 = $0 ?? error }
                next.store(count, ordering: .relaxed)
            }
        }
    }

    func finish() throws(KernelError) {
        if let error = failure.withLock({ $0 }) { throw error }
    }
}
