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
    /// The coordinator does not want this worker, and says why.
    case refused(String)
    /// No coordinator was heard for so long.
    case abandoned(after: Duration, endpoint: Endpoint)

    /// What happened, where and with which values, in words for people.
    public var description: String {
        switch self {
        case .socket(let error): "\(error)"
        case .thread(let error): "\(error)"
        case .model(let reason): reason
        case .refused(let reason): "refused by the coordinator: \(reason)"
        case .abandoned(let time, let endpoint):
            "no coordinator was heard at \(endpoint) for \(time.components.seconds) s; check --connect and that it runs"
        }
    }
}
