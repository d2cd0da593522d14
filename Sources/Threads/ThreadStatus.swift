import Dispatch
import Synchronization

/// Whether a `DedicatedThread` has started and ended; what `start` and `join` wait for.
final class ThreadStatus<Announcement: Sendable, Failure: Error>: Sendable {
    typealias Ending = Result<Void, Failure>

    private struct State {
        var announcement: Announcement?
        var ending: Ending?
        var waiting: [CheckedContinuation<Ending, Never>] = []
    }

    private let name: String
    private let state = Mutex(State())
    private let started = DispatchSemaphore(value: 0)
    private let ended = DispatchSemaphore(value: 0)

    init(name: String) {
        self.name = name
    }

    /// Called by the body, once, when it is running.
    func announce(_ announcement: Announcement) {
        state.withLock { state in
            precondition(state.announcement == nil, "thread \(name) announced twice that it is running")
            state.announcement = announcement
        }
        started.signal()
    }

    /// Called when the body has returned or thrown.
    func end(_ ending: Ending) {
        let (hasAnnounced, waiting) = state.withLock { state in
            state.ending = ending
            return (state.announcement != nil, state.waiting)
        }
        if case .success = ending {
            precondition(hasAnnounced, "thread \(name) returned without announcing that it was running")
        }
        started.signal()
        ended.signal()
        for continuation in waiting { continuation.resume(returning: ending) }
    }

    /// Blocks until the body has announced; throws what it threw before that.
    func waitForStart() throws(Failure) -> Announcement {
        started.wait()
        let (announcement, ending) = state.withLock { ($0.announcement, $0.ending) }
        if let announcement { return announcement }
        guard case .failure(let error) = ending else {
            preconditionFailure("thread \(name) signalled its start, but has neither announced nor failed")
        }
        throw error
    }

    /// Blocks until the body has ended.
    func waitForEnd() -> Ending {
        ended.wait()
        // Other threads may wait too.
        ended.signal()
        guard let ending = state.withLock({ $0.ending }) else {
            preconditionFailure("thread \(name) signalled its end, but has no result")
        }
        return ending
    }

    /// Suspends until the body has ended.
    func end() async -> Ending {
        await withCheckedContinuation { continuation in
            let ending = state.withLock { state in
                if state.ending == nil { state.waiting.append(continuation) }
                return state.ending
            }
            if let ending { continuation.resume(returning: ending) }
        }
    }
}
