public import Threads
public import ZeroMQ

/// Why a worker cannot run, or had to leave.
public enum WorkerError: Error, CustomStringConvertible {
    /// ZeroMQ refused a call.
    case socket(ZeroMQError)
    /// The system did not give a thread what it needs.
    case thread(ThreadError)
    /// The model cannot be loaded.
    case model(String)
    /// What the model needs does not answer any more; another start may succeed.
    case modelUnavailable(String)
    /// The coordinator refused this worker, for the reason given.
    case refused(String)
    /// No message from a coordinator for this long.
    case abandoned(after: Duration, endpoint: Endpoint)

    /// What happened, where, with which values, and what to do next.
    public var description: String {
        switch self {
        case .socket(let error): "\(error)"
        case .thread(let error): "\(error)"
        case .model(let reason), .modelUnavailable(let reason): reason
        case .refused(let reason): "refused by the coordinator: \(reason)"
        case .abandoned(let time, let endpoint):
            "no message from a coordinator at \(endpoint) for \(time.components.seconds) s; check --connect, and that the "
                + "coordinator runs"
        }
    }
}
