public import Corpora
public import Threads
public import ZeroMQ

/// Why a scoring run did not end.
public enum ClientError: Error, CustomStringConvertible {
    /// ZeroMQ refused a call.
    case socket(ZeroMQError)
    /// The system did not give a thread what it needs.
    case thread(ThreadError)
    /// Input or output.
    case corpora(CorporaError)
    /// The coordinator does not take the client or the job.
    case refused(String)
    /// No coordinator was heard for so long. The same command goes on from here.
    case abandoned(after: Duration, endpoint: Endpoint)
    /// The input is not what it was when the run was begun, or changed while it was read.
    case inputChanged(String)

    /// What happened, where and with which values, in words for people.
    public var description: String {
        switch self {
        case .socket(let error): "\(error)"
        case .thread(let error): "\(error)"
        case .corpora(let error): "\(error)"
        case .refused(let message): message
        case .abandoned(let time, let endpoint):
            "no coordinator was heard at \(endpoint) for \(time.components.seconds) s; what is done is kept: start it, then "
                + "give the same command again"
        case .inputChanged(let message): message
        }
    }

    /// Whether the same command may go on later.
    public var isResumable: Bool {
        switch self {
        case .abandoned: true
        case .corpora(.diskFull): true
        default: false
        }
    }
}
