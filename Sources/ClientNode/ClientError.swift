public import Corpora
public import Threads
public import ZeroMQ

/// Why a scoring run ended early.
public enum ClientError: Error, CustomStringConvertible {
    /// ZeroMQ refused a call.
    case socket(ZeroMQError)
    /// The system did not give a thread what it needs.
    case thread(ThreadError)
    /// Input or output.
    case corpora(CorporaError)
    /// The coordinator refused the client or the job.
    case refused(String)
    /// No message from a coordinator for this long. The same command resumes the run.
    case abandoned(after: Duration, endpoint: Endpoint)
    /// A worker cannot read rows that it was to read itself.
    case rangeRefused(String)
    /// No worker of the cluster reads rows itself, for this long.
    case noRangeWorker(after: Duration)
    /// Workers answer differently, and none is there to decide. The same command resumes the run.
    case disagreement(String)
    /// Answers that are not in a committed part rest on a worker that others contradict: the run continues without them.
    case withdrawn(worker: String)
    /// The input has changed since the run began.
    case inputChanged(String)
    /// No row of the input has a prediction.
    case nothingScored(rows: Int, folder: String)

    /// What happened, where, with which values, and what to do next.
    public var description: String {
        switch self {
        case .socket(let error): "\(error)"
        case .thread(let error): "\(error)"
        case .corpora(let error): "\(error)"
        case .refused(let message): message
        case .abandoned(let time, let endpoint):
            "no message from a coordinator at \(endpoint) for \(time.components.seconds) s; finished parts are kept: start "
                + "the coordinator, then run the same command again"
        case .rangeRefused(let message):
            "\(message); finished parts are kept: correct it and run the same command again, or leave out --workers-read"
        case .noRangeWorker(let time):
            "no worker of this cluster has read rows itself for \(time.components.seconds) s; start workers with --data-root, then "
                + "run the same command again, or leave out --workers-read"
        case .inputChanged(let message): message
        case .disagreement(let message): message
        case .withdrawn(let worker):
            "two workers contradict \(worker), whose answers are computed again: run the same command again"
        case .nothingScored(let rows, let folder):
            rows == 0
                ? "the input has no rows, so nothing was scored"
                : "none of the \(rows) rows could be scored; their errors are in the parts of \(folder), which has no "
                    + "_SUCCESS; correct the cause and score again with --overwrite"
        }
    }

    /// Whether the same command can resume the run.
    public var isResumable: Bool {
        switch self {
        case .abandoned, .noRangeWorker, .disagreement, .withdrawn: true
        case .corpora(.diskFull): true
        default: false
        }
    }
}
