package import Cluster

/// What the channel's thread sends to the thread that reads and writes files.
package enum ClientEvent: Sendable {
    /// An action of the state machine, other than `send`.
    case action(ClientState.Action)
    /// The channel's thread has ended with this error.
    case broken(String)
}
