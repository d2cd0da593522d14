import Foundation
import Synchronization

/// Threads that compute one result together: each does its part and waits for the others at barriers.
///
/// A barrier blocks and does not spin: on a busy machine, spinning would use the core that the late thread needs.
public final class ThreadTeam: Sendable {
    private struct State {
        var arrived = 0
        var passed = 0
        var isCancelled = false
    }

    /// Number of threads.
    public let count: Int
    private let state = Mutex(State())
    // Barriers use the two semaphores in turn. A thread that is early for the next barrier cannot consume a signal
    // meant for this one, and no thread reaches the barrier after the next before all have left this one.
    private let semaphores = [DispatchSemaphore(value: 0), DispatchSemaphore(value: 0)]

    /// A team of one thread, whose barriers do nothing.
    public static let alone = ThreadTeam(count: 1)

    private init(count: Int) {
        self.count = count
    }

    /// Runs `body` on `count` threads at once, the calling one being member 0, and returns when all are done.
    ///
    /// Each thread calls `setUp` first. Cost: about 50 µs for each thread that is started.
    public static func run(
        _ count: Int, setUp: @escaping @Sendable () -> Void = {},
        _ body: @escaping @Sendable (_ member: Int, ThreadTeam) -> Void
    ) {
        precondition(count > 0, "a thread team needs a thread, not \(count)")
        let team = ThreadTeam(count: count)
        let group = DispatchGroup()
        for member in 1..<count {
            group.enter()
            let thread = Thread {
                ThreadName.set("team \(member)")
                setUp()
                body(member, team)
                group.leave()
            }
            thread.stackSize = 1 << 20
            thread.start()
        }
        setUp()
        body(0, team)
        group.wait()
    }

    /// Waits until every member has arrived. Returns `false` when the team was cancelled; the member should return
    /// then.
    public func barrier() -> Bool {
        guard count > 1 else { return true }
        let (index, isLast) = state.withLock { state in
            state.arrived += 1
            let index = state.passed
            guard state.arrived == count else { return (index, false) }
            state.arrived = 0
            state.passed += 1
            return (index, true)
        }
        let semaphore = semaphores[index % 2]
        if isLast {
            for _ in 1..<count { semaphore.signal() }
        } else {
            semaphore.wait()
        }
        return !state.withLock { $0.isCancelled }
    }

    /// Ends all waits at barriers, now and later: for a member that cannot continue.
    public func cancel() {
        state.withLock { $0.isCancelled = true }
        for semaphore in semaphores {
            for _ in 0..<count { semaphore.signal() }
        }
    }
}
