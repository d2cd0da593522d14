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
    /// Pages of the journal's file are damaged, or most of its rows.
    case journalUnreadable(path: String, reason: String)
    /// The journal's file was removed or replaced while it was open.
    case journalRemoved(path: String)
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
        case .journalUnreadable(let path, let reason):
            "journal \(path) is damaged: \(reason); `statezero journal repair \(path) NEW` copies what is sound and lists "
                + "what is lost, then start with --journal NEW; or restore a backup"
        case .journalRemoved(let path):
            "journal \(path) was removed or replaced while the coordinator wrote to it: nothing is acknowledged any more; "
                + "restore it from a backup, or start with an empty --journal, then report again what was not acknowledged"
        case .publicWithoutEncryption(let endpoint):
            "\(endpoint) can be reached from other machines, and traffic is neither encrypted nor authenticated; give "
                + "--keys FOLDER (`statezero keys new` makes one), bind 127.0.0.1, or in a private network add "
                + "--allow-plaintext"
        }
    }
}
