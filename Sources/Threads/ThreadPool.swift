import Foundation
import Synchronization

/// A fixed set of threads that run one function at the same time, again and again. They end with the pool.
///
/// If the creating thread was restricted to cores (`ThreadPlacement.keepThisThread`) and there are as many cores as
/// members, each member gets a core of its own. Use a pool from one thread at a time.
public final class ThreadPool: Sendable {
    /// Number of members, including the calling thread.
    public let count: Int
    private let work: PoolWork
    private let setUp: @Sendable () -> Void

    /// Starts `count` − 1 threads. Each calls `setUp` first, the calling thread at every `perform`: for settings that
    /// belong to a thread, such as how many threads a library may use inside it.
    public init(count: Int, setUp: @escaping @Sendable () -> Void = {}) {
        precondition(count > 0, "a thread pool needs a thread, not \(count)")
        self.count = count
        self.setUp = setUp
        let work = PoolWork(members: count)
        self.work = work
        let cores = ThreadPlacement.isUsed ? ThreadPlacement.coresOfThisThread : []
        for member in 1..<count {
            Thread {
                ThreadName.set("pool \(member)")
                if cores.count == count { ThreadPlacement.keepThisThread(on: [cores[member]]) }
                setUp()
                while let body = work.next(for: member) {
                    body(member)
                    work.finish()
                }
            }.start()
        }
        if count > 1, cores.count == count { ThreadPlacement.keepThisThread(on: [cores[0]]) }
    }

    deinit { work.close() }

    /// Calls `body` at the same time on the first `members` members, 0 being the calling thread; returns when all have
    /// returned. A member may release `body` a moment later. Cost: about 10 µs to wake the others.
    public func perform(members: Int? = nil, _ body: @escaping @Sendable (_ member: Int) -> Void) {
        let members = min(members ?? count, count)
        setUp()
        guard members > 1 else { return body(0) }
        work.start(members, body)
        body(0)
        work.wait(members)
    }

    /// Calls `body` once for each index below `count`, on any member; returns when all are done.
    ///
    /// Members claim indices one by one, so a thread that loses its core for a while delays one index only. After a
    /// failure no further index is claimed; the first failure is thrown.
    public func forEach<Failure: Error>(
        below count: Int, _ body: @escaping @Sendable (_ index: Int, _ member: Int) throws(Failure) -> Void
    ) throws(Failure) {
        let loop = PoolLoop(count: count, body: body)
        perform(members: max(1, count)) { loop.run(member: $0) }
        try loop.finish()
    }
}

/// The function that the members run next, and the count of those that have returned.
private final class PoolWork: Sendable {
    typealias Body = @Sendable (Int) -> Void

    private let body = Mutex<Body?>(nil)
    private let starts: [DispatchSemaphore]
    private let done = DispatchSemaphore(value: 0)

    init(members: Int) {
        starts = (0..<members).map { _ in DispatchSemaphore(value: 0) }
    }

    func start(_ members: Int, _ new: @escaping Body) {
        body.withLock { $0 = new }
        for member in 1..<members { starts[member].signal() }
    }

    /// Blocks until there is work; `nil` when the pool has been released.
    func next(for member: Int) -> Body? {
        starts[member].wait()
        return body.withLock { $0 }
    }

    func finish() { done.signal() }

    func wait(_ members: Int) {
        for _ in 1..<members { done.wait() }
        body.withLock { $0 = nil }
    }

    func close() {
        for start in starts { start.signal() }
    }
}

/// Indices that members claim one by one.
private final class PoolLoop<Failure: Error>: Sendable {
    private let count: Int
    private let body: @Sendable (Int, Int) throws(Failure) -> Void
    private let next = Atomic<Int>(0)
    private let failure = Mutex<Failure?>(nil)

    init(count: Int, body: @escaping @Sendable (Int, Int) throws(Failure) -> Void) {
        self.count = count
        self.body = body
    }

    func run(member: Int) {
        while true {
            let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
            guard index < count else { return }
            do throws(Failure) {
                try body(index, member)
            } catch {
                failure.withLock { $0 = $0 ?? error }
                next.store(count, ordering: .relaxed)
            }
        }
    }

    func finish() throws(Failure) {
        if let error = failure.withLock({ $0 }) { throw error }
    }
}
