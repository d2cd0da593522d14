import Foundation
import Synchronization

/// Threads that compute one thing together: each does its part, and at a few points waits for the others.
///
/// Waiting sleeps: a thread that spun would take the core from the one it waits for when the machine has other work.
public final class ThreadTeam: Sendable {
    private struct State {
        var arrived = 0
        var meetings = 0
        var isBroken = false
    }

    /// Number of threads.
    public let count: Int
    private let state = Mutex(State())
    // Meetings use them in turn: whoever is early for the next one cannot take a signal meant for this one, and nobody
    // comes to the next but one before all have left this one.
    private let doors = [DispatchSemaphore(value: 0), DispatchSemaphore(value: 0)]

    /// A team of one, for which meeting is nothing.
    public static let alone = ThreadTeam(count: 1)

    private init(count: Int) {
        self.count = count
    }

    /// Runs `body` on `count` threads at once, the calling one among them as number 0, and returns when all are done.
    ///
    /// oneDNN computes on one thread in each. Cost: starting threads, some 50 µs each.
    public static func run(_ count: Int, _ body: @escaping @Sendable (_ member: Int, ThreadTeam) -> Void) {
        precondition(count > 0, "ThreadTeam: \(count) threads")
        let team = ThreadTeam(count: count)
        let group = DispatchGroup()
        for member in 1..<count {
            group.enter()
            let thread = Thread {
                LibraryThreads.useOneInThisThread()
                body(member, team)
                group.leave()
            }
            thread.stackSize = 1 << 20
            thread.start()
        }
        LibraryThreads.useOneInThisThread()
        body(0, team)
        group.wait()
    }

    /// Waits until every member is here; false if one has left for good, and the rest should leave too.
    public func meet() -> Bool {
        guard count > 1 else { return true }
        let (meeting, isLast) = state.withLock { state in
            state.arrived += 1
            let meeting = state.meetings
            guard state.arrived == count else { return (meeting, false) }
            state.arrived = 0
            state.meetings += 1
            return (meeting, true)
        }
        let door = doors[meeting % 2]
        if isLast {
            for _ in 1..<count { door.signal() }
        } else {
            door.wait()
        }
        return !state.withLock { $0.isBroken }
    }

    /// Lets nobody wait any more: what a member does that cannot go on.
    public func breakUp() {
        state.withLock { $0.isBroken = true }
        for door in doors {
            for _ in 0..<count { door.signal() }
        }
    }
}
