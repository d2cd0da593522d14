/// The other end of one connection: the routing id of its messages, to which answers are sent. Another connection is
/// another peer.
public struct Peer: Sendable {
    /// The routing id's bytes.
    public let bytes: [UInt8]
    /// The name of the key that its connection was opened with; `nil` without keys. It does not distinguish peers.
    public let owner: String?

    /// Wraps a routing id.
    public init(_ bytes: [UInt8], owner: String? = nil) {
        self.bytes = bytes
        self.owner = owner
    }
}

extension Peer: Hashable {
    /// Whether both are the same connection.
    public static func == (left: Peer, right: Peer) -> Bool { left.bytes == right.bytes }

    /// Hashes the routing id.
    public func hash(into hasher: inout Hasher) { hasher.combine(bytes) }
}
