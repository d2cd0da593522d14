public import Threads
public import ZeroMQ

/// Why a rollout worker cannot run, or had to leave.
public enum RolloutError: Error, CustomStringConvertible {
    /// ZeroMQ refused a call.
    case socket(ZeroMQError)
    /// The system did not give a thread what it needs.
    case thread(ThreadError)
    /// The program cannot be started.
    case program(String)
    /// A row of a rates file cannot be used.
    case rates(String, line: Int, String)
    /// A benchmark load did not run as expected.
    case load(String)
    /// The program died several times in a row and reported nothing.
    case programFailed(deaths: Int, String)
    /// The coordinator refused this rollout worker, for the reason given.
    case refused(String)
    /// No message from a coordinator for this long.
    case abandoned(after: Duration, endpoint: Endpoint)

    /// What happened, where, with which values, and what to do next.
    public var description: String {
        switch self {
        case .socket(let error): "\(error)"
        case .thread(let error): "\(error)"
        case .program(let reason): "\(reason); check the program's name after --"
        case .rates(let path, let line, let reason): "\(path):\(line): \(reason)"
        case .load(let reason): reason
        case .programFailed(let deaths, let last):
            "the program ended \(deaths) times in a row without a reward, the last time with \(last); "
                + "its standard error is above"
        case .refused(let reason): "refused by the coordinator: \(reason)"
        case .abandoned(let time, let endpoint):
            "no message from a coordinator at \(endpoint) for \(time.components.seconds) s; check --connect, and that the "
                + "coordinator runs"
        }
    }
}
