import Foundation

/// A thread for an event loop that waits for sockets, or for work that takes long.
///
/// Waiting or computing on Swift's cooperative threads would block the other tasks of the process. The body opens
/// what it needs, announces that it is running, and loops:
///
/// ```swift
/// let coordinator = try DedicatedThread.start(name: "coordinator") { announce throws(ZeroMQError) in
///     let socket = try Socket(.router, in: context, options: options)
///     announce(try socket.bind(endpoint))
///     while state.isRunning {
///         let ready = try poller.wait(socket, timeout: untilNextDeadline)
///         // receive, decode, handle, journal, send; drain the mailbox if `ready.isWoken`
///     }
/// }
/// // coordinator.announcement is the endpoint with its real port.
/// ```
public final class DedicatedThread<Announcement: Sendable, Failure: Error>: Sendable {
    /// The thread's name; Linux shows the first 15 bytes.
    public let name: String
    /// What the body announced when it was running.
    public let announcement: Announcement
    private let status: ThreadStatus<Announcement, Failure>

    /// Starts the thread and returns when its body has announced that it is running.
    ///
    /// Throws what the body throws before that. The body must announce once before it returns. The calling thread
    /// waits until the announcement, so do nothing slow before it.
    public static func start(
        name: String,
        _ body: @escaping @Sendable (_ announce: (Announcement) -> Void) throws(Failure) -> Void
    ) throws(Failure) -> DedicatedThread {
        let status = ThreadStatus(name: name, body: body)
        Thread {
            ThreadName.set(name)
            status.run()
        }.start()
        return DedicatedThread(name: name, announcement: try status.waitForStart(), status: status)
    }

    private init(name: String, announcement: Announcement, status: ThreadStatus<Announcement, Failure>) {
        self.name = name
        self.announcement = announcement
        self.status = status
    }

    /// Blocks until the body has returned, and what it opened or captured is released; throws what the body threw.
    ///
    /// It does not ask the body to end. In a task, use `finished()`.
    public func join() throws(Failure) {
        try status.waitForEnd().get()
    }

    /// Suspends until the body has returned, and what it opened or captured is released; throws what the body threw.
    ///
    /// It does not ask the body to end, and cancelling the task does not end the wait.
    public func finished() async throws(Failure) {
        try await status.end().get()
    }
}
