/// The other end of one connection: the routing id of its messages, to which answers are sent. Another connection is
/// another peer.
public struct Peer: Hashable, Sendable {
    /// The routing id's bytes.
    public let bytes: [UInt8]

    /// Wraps a routing id.
    public init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }
}
