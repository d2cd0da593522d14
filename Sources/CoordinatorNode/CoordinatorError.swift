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
    /// The journal has an entry that this version cannot read.
    case journalDamaged
    /// Anybody on the network could read the traffic of this endpoint and send to it.
    case publicWithoutEncryption(Endpoint)

    /// What happened, where, with which values, and what to do next.
    public var description: String {
        switch self {
        case .socket(let error): "\(error)"
        case .thread(let error): "\(error)"
        case .journal(let path, let reason):
            "journal \(path): \(reason); if the disk is full, free space; if another coordinator uses the journal, stop it "
                + "or choose another --journal; then run the same command again"
        case .journalDamaged:
            "the journal has an entry that this version cannot read; start with another --journal: clients submit again "
                + "what was not answered"
        case .publicWithoutEncryption(let endpoint):
            "\(endpoint) can be reached from other machines, and traffic is neither encrypted nor authenticated; give "
                + "--keys FOLDER (`statezero keys new` makes one), bind 127.0.0.1, or in a private network add "
                + "--allow-plaintext"
        }
    }
}
