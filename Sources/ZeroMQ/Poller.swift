import CZeroMQ
public import Threads

/// Waits on a socket's thread until a socket is ready, its `Wakeup` is signalled, or a deadline has passed.
public struct Poller: Sendable {
    /// What to wait for at a socket, and what it is ready for.
    public struct Interest: OptionSet, Sendable, Hashable {
        /// The bits, as in poll(2).
        public let rawValue: Int16

        /// Interest in exactly these bits.
        public init(rawValue: Int16) {
            self.rawValue = rawValue
        }

        /// `receive` has a message.
        public static let readable = Interest(rawValue: Int16(ZMQ_POLLIN))
        /// `send` would not return `wouldBlock`. A ROUTER is always ready for it, which says nothing about its peers:
        /// each peer has its own queue.
        public static let writable = Interest(rawValue: Int16(ZMQ_POLLOUT))
    }

    /// What ended a wait; empty when the time was over.
    public struct Readiness: Sendable, Hashable {
        /// What the first socket is ready for.
        public let first: Interest
        /// What the second socket is ready for; empty when there is none.
        public let second: Interest
        /// Whether the wake-up was signalled; drain the mailboxes.
        public let isWoken: Bool
    }

    /// Ends a wait from another thread.
    public let wakeup: Wakeup

    /// A poller that this wake-up ends.
    public init(wakeup: Wakeup) {
        self.wakeup = wakeup
    }

    /// Waits for one socket; `nil` waits without limit.
    ///
    /// Times are rounded up to milliseconds. The wait may end early with nothing ready, for instance after a signal to
    /// the process, so the caller checks its clock. Throws `terminated` when the context is shut down.
    public func wait(
        _ socket: borrowing Socket, for interest: Interest = .readable, timeout: Duration?
    ) throws(ZeroMQError) -> Readiness {
        var items = [item(wakeup), item(socket, interest)]
        return try wait(&items, timeout)
    }

    /// Waits for two sockets, each for its own interest, as `wait` does for one.
    public func wait(
        _ first: borrowing Socket, _ second: borrowing Socket,
        for firstInterest: Interest = .readable, _ secondInterest: Interest = .readable, timeout: Duration?
    ) throws(ZeroMQError) -> Readiness {
        var items = [item(wakeup), item(first, firstInterest), item(second, secondInterest)]
        return try wait(&items, timeout)
    }

    private func wait(_ items: inout [zmq_pollitem_t], _ timeout: Duration?) throws(ZeroMQError) -> Readiness {
        // An hour fits libzmq's arithmetic, and one needless return an hour costs nothing.
        let limit = timeout.map { Int($0.milliseconds(limit: 3_600_000)) } ?? -1
        if zmq_poll(&items, Int32(items.count), limit) < 0 {
            guard zmq_errno() == CZeroMQ.EINTR else { throw .last(.poll) }
            return Readiness(first: [], second: [], isWoken: false)
        }
        let isWoken = items[0].revents != 0
        if isWoken { wakeup.clear() }
        return Readiness(
            first: Interest(rawValue: items[1].revents),
            second: items.count > 2 ? Interest(rawValue: items[2].revents) : [], isWoken: isWoken)
    }

    private func item(_ wakeup: Wakeup) -> zmq_pollitem_t {
        zmq_pollitem_t(socket: nil, fd: wakeup.descriptor, events: Int16(ZMQ_POLLIN), revents: 0)
    }

    private func item(_ socket: borrowing Socket, _ interest: Interest) -> zmq_pollitem_t {
        zmq_pollitem_t(socket: socket.handle, fd: 0, events: interest.rawValue, revents: 0)
    }
}
