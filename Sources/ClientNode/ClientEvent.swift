package import Cluster
package import Scoring
import Synchronization
package import Wire

/// What the socket's thread tells the desk.
package enum ClientEvent: Sendable {
    case openOutput(ModelFingerprint)
    case produce
    case deliver(ShardAnswer)
    case status(ClusterStatus)
    case finished
    case failed(ClientState.Failure)
    /// The socket's thread could not go on.
    case broken(String)
}

/// Raised by a signal handler or a finished desk, seen by both threads.
public final class StopFlag: Sendable {
    private let flag = Atomic(false)

    /// Not raised.
    public init() {}

    /// Whether somebody has raised it.
    public var isRaised: Bool { flag.load(ordering: .acquiring) }

    /// Asks everybody to stop.
    public func raise() { flag.store(true, ordering: .releasing) }
}
