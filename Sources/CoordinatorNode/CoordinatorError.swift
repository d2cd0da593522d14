public import Threads
public import ZeroMQ

/// Why a coordinator cannot run.
public enum CoordinatorError: Error, CustomStringConvertible {
    /// ZeroMQ refused a call.
    case socket(ZeroMQError)
    /// The system did not give a thread what it needs.
    case thread(ThreadError)
    /// The journal cannot be opened or written.
    case journal(path: String, reason: String)
    /// The journal holds something that this version did not write.
    case journalDamaged
    /// Others could read the prompts, and anybody could send work.
    case publicWithoutEncryption(Endpoint)

    /// What happened, where and with which values, in words for people.
    public var description: String {
        switch self {
        case .socket(let error): "\(error)"
        case .thread(let error): "\(error)"
        case .journal(let path, let reason):
            "journal \(path): \(reason); if the disk is full, make room; if another coordinator holds it, stop that one "
                + "or choose another --journal; then start again with the same command"
        case .journalDamaged:
            "the journal holds an entry that this version cannot read; start with another --journal, and clients will "
                + "submit again what was not answered"
        case .publicWithoutEncryption(let endpoint):
            "\(endpoint) can be reached from other machines, and traffic is neither encrypted nor authenticated; bind "
                + "loopback or a private network's address with --allow-plaintext"
        }
    }
}
