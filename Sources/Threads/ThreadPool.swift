import Foundation
import Synchronization

/// A fixed set of threads that wait for something to do together; started once, gone with the pool.
///
/// A thread that was told its cores (`ThreadPlacement.keepThisThread`) gives them to the pool it makes: with as many cores
/// as members, each member has one of its own. Belongs to one thread at a time.
public final class ThreadPool: Sendable {
    /// Number of members, the calling thread among them.
    public let count: Int
    private let errands: Errands

    /// Starts `count` − 1 threads. oneDNN computes on one thread in each.
    public init(count: Int) {
        precondition(count > 0, "ThreadPool: \(count) threads")
        self.count = count
        let errands = Errands(members: count)
        self.errands = errands
        let cores = ThreadPlacement.isAsked ? ThreadPlacement.coresOfThisThread : []
        for member in 1..<count {
            let thread = Thread {
                if cores.count == count { ThreadPlacement.keepThisThread(on: [cores[member]]) }
                LibraryThreads.useOneInThisThread()
                while let errand = errands.next(for: member) {
                    errand(member)
                    errands.finish()
                }
            }
            thread.name = "pool \(member)"
            thread.start()
        }
        if count > 1, cores.count == count { ThreadPlacement.keepThisThread(on: [cores[0]]) }
    }

    deinit { errands.close() }

    /// Calls `body` once for each of the first `members`, at the same time: member 0 on the calling thread. Returns when
    /// all are done. Cost: 10 µs or so to wake the others.
    ///
    /// A member may let go of `body` a moment after that.
    public func perform(members: Int? = nil, _ body: @escaping @Sendable (_ member: Int) -> Void) {
        let members = min(members ?? count, count)
        LibraryThreads.useOneInThisThread()
        guard members > 1 else { return body(0) }
        errands.start(members, body)
        body(0)
        errands.wait(members)
    }
}

/// What the members wait for: the next errand, and that all have done it.
private final class Errands: Sendable {
    typealias Errand = @Sendable (Int) -> Void

    private let errand = Mutex<Errand?>(nil)
    private let starts: [DispatchSemaphore]
    private let done = DispatchSemaphore(value: 0)

    init(members: Int) {
        starts = (0..<members).map { _ in DispatchSemaphore(value: 0) }
    }

    func start(_ members: Int, _ body: @escaping Errand) {
        errand.withLock { $0 = body }
        for member in 1..<members { starts[member].signal() }
    }

    func next(for member: Int) -> Errand? {
        starts[member].wait()
        return errand.withLock { $0 }
    }

    func finish() { done.signal() }

    func wait(_ members: Int) {
        for _ in 1..<members { done.wait() }
        errand.withLock { $0 = nil }
    }

    func close() {
        for start in starts { start.signal() }
    }
}
