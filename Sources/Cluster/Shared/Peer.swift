/// Where an answer goes: the routing id under which a message came in. Another connection is another peer.
public struct Peer: Hashable, Sendable {
    /// The routing id's bytes.
    public let bytes: [UInt8]

    /// Wraps a routing id.
    public init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }
}
