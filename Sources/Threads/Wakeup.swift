import Glibc

/// A bell that any thread can ring to end another thread's wait. Rings that nobody has heard yet count as one.
public final class Wakeup: Sendable {
    /// What `Poller` watches.
    let descriptor: Int32
    private let writingEnd: Int32

    /// Opens a pair of connected Unix sockets; throws `failed` when the process is out of file descriptors.
    public init() throws(ZeroMQError) {
        // An eventfd would take one descriptor in place of two, but Swift's Glibc module knows neither it nor `pipe2`, and
        // a plain pipe could not be kept from a child process started at the same moment.
        var ends: [Int32] = [-1, -1]
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        guard socketpair(AF_UNIX, kind, 0, &ends) == 0 else {
            throw .failed(.openWakeup, endpoint: nil, errno: errno)
        }
        self.descriptor = ends[0]
        self.writingEnd = ends[1]
    }

    deinit {
        close(descriptor)
        close(writingEnd)
    }

    /// Ends the wait going on, or else the next one. Costs one system call and never waits.
    public func signal() {
        // A full pair refuses the byte, and is ringing anyway. A signal to the process may come before the write.
        var ring: UInt8 = 1
        while write(writingEnd, &ring, 1) < 0 && errno == EINTR {}
    }

    /// Waits for a ring, for threads that have no sockets; `nil` waits without limit.
    ///
    /// `true` when there was a ring, which is then over. It may answer `false` before the time is over, so the caller
    /// looks at its clock.
    public func wait(for timeout: Duration?) -> Bool {
        var item = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard poll(&item, 1, timeout.map { $0.milliseconds() } ?? -1) > 0 else { return false }
        clear()
        return true
    }

    /// Ends the ringing. Whoever rings after this wants another look, so look at the queues only after it.
    func clear() {
        withUnsafeTemporaryAllocation(byteCount: 512, alignment: 1) { rings in
            while true {
                let count = read(descriptor, rings.baseAddress, rings.count)
                if count < 0 && errno == EINTR { continue }
                if count < rings.count { return }
            }
        }
    }
}
