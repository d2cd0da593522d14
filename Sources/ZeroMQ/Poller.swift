import CZeroMQ
public import Threads

/// Where a socket's thread sleeps: until a socket is ready, its `Wakeup` is rung, or a deadline has come.
public struct Poller: Sendable {
    /// What to wait for at a socket, and what it is ready for.
    public struct Interest: OptionSet, Sendable, Hashable {
        /// The bits as poll(2) has them.
        public let rawValue: Int16

        /// Takes the bits as they are.
        public init(rawValue: Int16) {
            self.rawValue = rawValue
        }

        /// `receive` has something.
        public static let readable = Interest(rawValue: Int16(ZMQ_POLLIN))
        /// `send` would not answer `wouldBlock`. For a ROUTER this is always so and means nothing: peers have queues of
        /// their own.
        public static let writable = Interest(rawValue: Int16(ZMQ_POLLOUT))
    }

    /// What ended a wait; nothing of it when the time was over.
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
    /// Times are rounded up to milliseconds. The answer may come early with nothing ready, for instance after a signal to
    /// the process, so the caller looks at its clock. Throws `terminated` when the context is shut down.
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
        // An hour is short enough to fit libzmq's arithmetic, and waking once an hour for nothing is allowed.
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
