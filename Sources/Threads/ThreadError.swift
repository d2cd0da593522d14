import Glibc

/// Why the system did not give a thread what it needs.
public enum ThreadError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The pair of sockets of a `Wakeup` could not be opened; the error number is the system's.
    case cannotOpenWakeup(errno: Int32)

    /// What happened, and what to do next.
    public var description: String {
        switch self {
        case .cannotOpenWakeup(let number):
            "cannot open the sockets that wake a thread: \(String(cString: strerror(number))) (errno \(number)); "
                + "raise `ulimit -n`"
        }
    }
}
