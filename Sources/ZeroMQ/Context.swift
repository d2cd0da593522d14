import CZeroMQ
import Glibc

/// The I/O threads that transfer the sockets' data. One context a process is enough.
///
/// Every socket keeps its context alive. When the last reference ends, the context waits until the queued messages are
/// sent or `linger` is over; both are finite, so the wait ends. A process that calls `exit` while it still holds the
/// context loses what was not sent: release the context first.
public final class Context: Sendable {
    // libzmq's contexts may be used by all threads at once, unlike its sockets.
    nonisolated(unsafe) let handle: UnsafeMutableRawPointer

    /// Starts the I/O threads; one is enough up to about a gigabyte a second.
    ///
    /// Throws `libraryTooOld`, `optionOutOfRange`, or `failed` when the machine has no threads or memory left.
    public init(ioThreads: Int = 1, socketsMax: Int = 64) throws(ZeroMQError) {
        try LibraryVersion.running.requireAccepted()
        guard (1...64).contains(ioThreads) else {
            throw .optionOutOfRange(name: "ioThreads", value: "\(ioThreads)", range: "1 to 64")
        }
        guard (1...65_535).contains(socketsMax) else {
            throw .optionOutOfRange(name: "socketsMax", value: "\(socketsMax)", range: "1 to 65535")
        }
        guard let handle = zmq_ctx_new() else { throw .last(.openContext) }
        guard zmq_ctx_set(handle, ZMQ_IO_THREADS, Int32(ioThreads)) == 0,
            zmq_ctx_set(handle, ZMQ_MAX_SOCKETS, Int32(socketsMax)) == 0
        else {
            let error = ZeroMQError.last(.openContext)
            zmq_ctx_term(handle)
            throw error
        }
        // Otherwise each frame that arrives in a segment of its own keeps a buffer of 8 KiB, however short it is. Versions
        // that do not know the option refuse it, and go on as before.
        _ = zmq_ctx_set(handle, Self.zeroCopyReceive, 0)
        // A ROUTER numbers its peers from random(), which libzmq never seeds: the first number would be the same in
        // every process, and a peer that claims the next number as its own id makes libzmq end the process.
        srandom(UInt32.random(in: .min ... .max))
        self.handle = handle
    }

    /// ZMQ_ZERO_COPY_RECV, which the headers have among the draft options.
    private static let zeroCopyReceive: Int32 = 10

    deinit {
        // A signal may interrupt the wait for lingering messages; the wait then continues.
        while zmq_ctx_term(handle) == -1 && zmq_errno() == CZeroMQ.EINTR {}
    }

    /// Makes every call on every socket of this context throw `terminated`, whether it waits now or is made later.
    ///
    /// Any thread may call it: it ends threads that wait without a limit.
    public func shutdown() {
        zmq_ctx_shutdown(handle)
    }
}
