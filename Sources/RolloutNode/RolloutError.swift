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
    /// A row of a file of rates cannot be used.
    case rates(String, line: Int, String)
    /// A load is not carried as it should be.
    case load(String)
    /// The program died time and again and reported nothing.
    case programFailed(deaths: Int, String)
    /// The coordinator does not want this rollout worker, and says why.
    case refused(String)
    /// No coordinator was heard for so long.
    case abandoned(after: Duration, endpoint: Endpoint)

    /// What happened, where and with which values, in words for people.
    public var description: String {
        switch self {
        case .socket(let error): "\(error)"
        case .thread(let error): "\(error)"
        case .program(let reason): "\(reason); check the program's name after --"
        case .rates(let path, let line, let reason): "\(path):\(line): \(reason)"
        case .load(let reason): reason
        case .programFailed(let deaths, let last):
            "the program ended \(deaths) times in a row without a single reward, the last time with \(last); "
                + "its own words are above"
        case .refused(let reason): "refused by the coordinator: \(reason)"
        case .abandoned(let time, let endpoint):
            "no coordinator was heard at \(endpoint) for \(time.components.seconds) s; check --connect and that it runs"
        }
    }
}
