import Kernels
import Threads

/// The threads of a TabPFN head, each with buffers of its own.
struct TabPFNTeam {
    private let workspaces: [TabPFNWorkspace]
    private let pool: ThreadPool

    init(_ workspaces: [TabPFNWorkspace]) {
        self.workspaces = workspaces
        pool = ThreadPool(count: workspaces.count, setUp: LibraryThreads.useOneInThisThread)
    }

    /// Calls `body` once for each index, on any thread, with that thread's workspace; returns when all are done.
    func perform(
        _ count: Int, _ body: @escaping (Int, TabPFNWorkspace) throws(KernelError) -> Void
    ) throws(KernelError) {
        let loop = TabPFNLoop(workspaces: workspaces, body: body)
        try pool.forEach(below: count) { (index, member) throws(KernelError) in
            try loop.body(index, loop.workspaces[member])
        }
    }
}

/// What the threads share while they work on the indices of one loop.
private struct TabPFNLoop: @unchecked Sendable {
    // Sendable because a workspace is used by one thread, and because each index comes once and what a body does with
    // it touches one row or one column of the tables it was given.
    let workspaces: [TabPFNWorkspace]
    let body: (Int, TabPFNWorkspace) throws(KernelError) -> Void
}
