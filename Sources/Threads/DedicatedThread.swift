import Dispatch
import Foundation
import Synchronization

/// A thread of its own for an event loop that may wait for sockets, or for work that may take long.
///
/// Waiting or computing inside Swift's cooperative threads would starve every other task of the process. The body opens
/// what it needs, announces that it is running, and loops:
///
/// ```swift
/// let coordinator = try SocketThread.start(name: "coordinator") { announce throws(ZeroMQError) in
///     let socket = try Socket(.router, in: context, options: options)
///     announce(try socket.bind(endpoint))
///     while state.isRunning {
///         let ready = try poller.wait(socket, timeout: untilNextDeadline)
///         // receive, decode, handle, journal, send; and drain the mailbox if `ready.isWoken`
///     }
/// }
/// // coordinator.announcement is the endpoint with its real port.
/// ```
public final class SocketThread<Announcement: Sendable, Failure: Error>: Sendable {
    /// The thread's name; Linux shows the first 15 bytes.
    public let name: String
    /// What the body announced when it was running.
    public let announcement: Announcement
    private let life: ThreadLife<Announcement, Failure>

    /// Starts the thread and returns when its body has announced that it is running.
    ///
    /// Throws what the body throws before that. The body must announce, once, before it returns. The calling thread
    /// waits for as long as the body takes to open its sockets, so nothing slow should stand before the announcement.
    public static func start(
        name: String,
        _ body: @escaping @Sendable (_ announce: (Announcement) -> Void) throws(Failure) -> Void
    ) throws(Failure) -> SocketThread {
        let life = ThreadLife<Announcement, Failure>(name: name)
        let thread = Thread {
            do throws(Failure) {
                try body { life.announce($0) }
                life.end(.success(()))
            } catch {
                life.end(.failure(error))
            }
        }
        thread.name = String(decoding: name.utf8.prefix(15), as: UTF8.self)
        thread.start()
        return SocketThread(name: name, announcement: try life.waitForStart(), life: life)
    }

    private init(name: String, announcement: Announcement, life: ThreadLife<Announcement, Failure>) {
        self.name = name
        self.announcement = announcement
        self.life = life
    }

    /// Waits until the body has returned and its sockets are closed; throws what the body threw.
    ///
    /// It does not ask the body to end. It holds up the calling thread: in a task, use `finished()`.
    public func join() throws(Failure) {
        try life.waitForEnd().get()
    }

    /// Suspends until the body has returned and its sockets are closed; throws what the body threw.
    ///
    /// Like `join`, it asks nothing of the body and ends only with it: cancelling the task does not end the wait.
    public func finished() async throws(Failure) {
        try await life.end().get()
    }
}

/// What start and join wait for.
private final class ThreadLife<Announcement: Sendable, Failure: Error>: Sendable {
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

    func announce(_ announcement: Announcement) {
        state.withLock { state in
            precondition(state.announcement == nil, "thread \(name) announced twice that it is running")
            state.announcement = announcement
        }
        started.signal()
    }

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

    func waitForStart() throws(Failure) -> Announcement {
        started.wait()
        let (announcement, ending) = state.withLock { ($0.announcement, $0.ending) }
        if let announcement { return announcement }
        guard case .failure(let error) = ending else {
            preconditionFailure("thread \(name) was said to have started, but neither announced nor failed")
        }
        throw error
    }

    func waitForEnd() -> Ending {
        ended.wait()
        // Others may be waiting too.
        ended.signal()
        guard let ending = state.withLock({ $0.ending }) else {
            preconditionFailure("thread \(name) was said to have ended, but has not")
        }
        return ending
    }

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
