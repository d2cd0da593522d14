import Glibc

/// A signal that any thread sends to end another thread's wait. Signals that arrive before the wait count as one.
public final class Wakeup: Sendable {
    /// The descriptor to watch with poll(2): readable while a signal is pending.
    package let descriptor: Int32
    private let writingEnd: Int32

    /// Opens a pair of connected Unix sockets; throws when the process has no file descriptors left.
    public init() throws(ThreadError) {
        // An eventfd would need one descriptor in place of two, but Swift's Glibc module has neither it nor `pipe2`, and
        // a plain pipe would be inherited by a child process that starts at the same moment.
        var ends: [Int32] = [-1, -1]
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        guard socketpair(AF_UNIX, kind, 0, &ends) == 0 else { throw .cannotOpenWakeup(errno: errno) }
        self.descriptor = ends[0]
        self.writingEnd = ends[1]
    }

    deinit {
        close(descriptor)
        close(writingEnd)
    }

    /// Ends the current wait, or else the next one. Cost: one system call; never waits.
    public func signal() {
        // A full pair refuses the byte, but then a signal is pending already. EINTR: a process signal came first.
        var byte: UInt8 = 1
        while write(writingEnd, &byte, 1) < 0 && errno == EINTR {}
    }

    /// Waits for a signal and clears it, for threads without sockets; `nil` waits without limit.
    ///
    /// Returns whether there was a signal. It may return `false` early, so the caller checks its clock.
    public func wait(for timeout: Duration?) -> Bool {
        var item = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard poll(&item, 1, timeout.map { $0.milliseconds() } ?? -1) > 0 else { return false }
        clear()
        return true
    }

    /// Clears the pending signals. A signal sent after this ends the next wait, so read the queues only after it.
    package func clear() {
        withUnsafeTemporaryAllocation(byteCount: 512, alignment: 1) { bytes in
            while true {
                let count = read(descriptor, bytes.baseAddress, bytes.count)
                if count < 0 && errno == EINTR { continue }
                if count < bytes.count { return }
            }
        }
    }
}
