package import Cluster
package import Scoring
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
