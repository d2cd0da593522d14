import Dispatch
import Synchronization

/// Whether a `DedicatedThread` has started and ended; what `start` and `join` wait for.
final class ThreadStatus<Announcement: Sendable, Failure: Error>: Sendable {
    typealias Ending = Result<Void, Failure>
    typealias Body = @Sendable (_ announce: (Announcement) -> Void) throws(Failure) -> Void

    private struct State {
        /// Until the thread takes it.
        var body: Body?
        var announcement: Announcement?
        var ending: Ending?
        var waiting: [CheckedContinuation<Ending, Never>] = []
    }

    private let name: String
    private let state: Mutex<State>
    private let started = DispatchSemaphore(value: 0)
    private let ended = DispatchSemaphore(value: 0)

    init(name: String, body: @escaping Body) {
        self.name = name
        state = Mutex(State(body: body))
    }

    /// Runs the body, on the thread. The body is released before anybody learns that the thread has ended: it may be the last
    /// to hold a context of libzmq or a lock, which the caller of `join` wants to open again. A block that held the body would be
    /// released only with the thread's object, some time later.
    func run() {
        let ending = runBody()
        end(ending)
    }

    // Not inlined: the body must not live on in `run`.
    @inline(never)
    private func runBody() -> Ending {
        let taken = state.withLock { state in
            defer { state.body = nil }
            return state.body
        }
        guard let body = taken else { preconditionFailure("thread \(name) was started twice") }
        do throws(Failure) {
            try body { announce($0) }
            return .success(())
        } catch {
            return .failure(error)
        }
    }

    /// Called by the body, once, when it is running.
    private func announce(_ announcement: Announcement) {
        state.withLock { state in
            precondition(state.announcement == nil, "thread \(name) announced twice that it is running")
            state.announcement = announcement
        }
        started.signal()
    }

    /// Called when the body has returned or thrown.
    private func end(_ ending: Ending) {
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
