import CZeroMQ

/// What went wrong between this program and libzmq; `description` says what to do about it.
public enum ZeroMQError: Error, Hashable, Sendable {
    /// A call of libzmq or the system failed with an error number.
    case failed(Operation, endpoint: String?, errno: Int32)
    /// The context was shut down while a thread was still using one of its sockets; the thread should end.
    case terminated(Operation)
    /// The libzmq found at run time has known security holes.
    case libraryTooOld(found: LibraryVersion, oldest: LibraryVersion)
    /// The text is not an endpoint, or not one that can be used this way.
    case endpointMalformed(text: String, reason: String)
    /// The path does not fit in a Unix socket's address.
    case ipcPathTooLong(path: String, bytes: Int, bytesMax: Int)
    /// A file that is not a socket has the path; libzmq would have deleted it.
    case ipcPathTaken(path: String)
    /// A socket or context option is outside its range.
    case optionOutOfRange(name: String, value: String, range: String)
    /// A message to send is over the limits of its socket; nothing of it was sent.
    case messageTooLarge(frames: Int, framesMax: Int, frameBytes: Int, frameBytesMax: Int)

    /// libzmq was built without CURVE, so it can neither make keys nor encrypt.
    case curveMissing

    /// The operation that failed.
    public enum Operation: String, Sendable {
        case openContext = "open a ZeroMQ context"
        case openSocket = "open a socket"
        case setOption = "set a socket option"
        case bind = "bind"
        case connect = "connect"
        case send = "send"
        case receive = "receive"
        case poll = "wait for sockets"
    }

    /// The error number of the last call, as an error case.
    static func last(_ operation: Operation, endpoint: String? = nil) -> ZeroMQError {
        let number = zmq_errno()
        return number == CZeroMQ.ETERM
            ? .terminated(operation) : .failed(operation, endpoint: endpoint, errno: number)
    }
}

extension ZeroMQError: CustomStringConvertible {
    /// What happened, with the values; where; and what to do next.
    public var description: String {
        switch self {
        case .failed(let operation, let endpoint, let errno):
            Self.describe(operation, endpoint: endpoint, errno: errno)
        case .terminated(let operation):
            "cannot \(operation.rawValue): the ZeroMQ context was shut down; the thread that owns the socket should end"
        case .libraryTooOld(let found, let oldest):
            "libzmq \(found) has known security holes; install \(oldest) or newer"
        case .endpointMalformed(let text, let reason):
            "\"\(text)\" \(reason); write tcp://host:port, ipc://path or inproc://name"
        case .ipcPathTooLong(let path, let bytes, let bytesMax):
            "ipc://\(path) has a path of \(bytes) bytes, a Unix socket allows \(bytesMax); choose a shorter folder"
        case .ipcPathTaken(let path):
            "cannot bind ipc://\(path): this file is not a socket; choose another path or remove the file"
        case .optionOutOfRange(let name, let value, let range):
            "option \(name) is \(value), it must be \(range)"
        case .messageTooLarge(let frames, let framesMax, let frameBytes, let frameBytesMax):
            "message of \(frames) frames, the largest of \(frameBytes) bytes, is over this socket's limits "
                + "(\(framesMax) frames of \(frameBytesMax) bytes); nothing was sent; split it or raise the limits"
        case .curveMissing:
            "this libzmq was built without CURVE; install one with libsodium, such as Debian's libzmq5"
        }
    }

    private static func describe(_ operation: Operation, endpoint: String?, errno: Int32) -> String {
        let place = endpoint.map { " \($0)" } ?? ""
        let what = "cannot \(operation.rawValue)\(place)"
        switch errno {
        case CZeroMQ.EADDRINUSE:
            return "\(what): it is in use by another process; choose another port or path, or stop that process"
        case CZeroMQ.EADDRNOTAVAIL, CZeroMQ.ENODEV:
            return "\(what): no interface of this machine has this address; choose one of its own, or 127.0.0.1"
        case CZeroMQ.EACCES, CZeroMQ.EPERM:
            return "\(what): permission denied; choose a port above 1023 or a folder this user may write to"
        case CZeroMQ.ENOENT, CZeroMQ.ENOTDIR:
            return "\(what): the folder of the socket does not exist; create it first"
        case CZeroMQ.ECONNREFUSED:
            return "\(what): nobody is listening there; start the other side first"
        case CZeroMQ.EMFILE, CZeroMQ.ENFILE:
            return "\(what): out of file descriptors or sockets; raise `ulimit -n` or the context's socketsMax"
        default:
            return "\(what): \(String(cString: zmq_strerror(errno))) (errno \(errno))"
        }
    }
}
