/// The other end of one connection: the routing id of its messages, to which answers are sent. Another connection is
/// another peer.
public struct Peer: Sendable {
    /// The routing id's bytes.
    public let bytes: [UInt8]
    /// The name of the key that its connection was opened with; `nil` without keys. It does not distinguish peers.
    public let owner: String?
    /// The tenant of that key; `nil` for the cluster's own keys, and without keys.
    public let tenant: String?

    /// Wraps a routing id.
    public init(_ bytes: [UInt8], owner: String? = nil, tenant: String? = nil) {
        self.bytes = bytes
        self.owner = owner
        self.tenant = tenant
    }
}

extension Peer: Hashable {
    /// Whether both are the same connection. Another tenant's is another one, also under the same routing id, so that nobody
    /// takes over the session of another tenant.
    public static func == (left: Peer, right: Peer) -> Bool {
        left.bytes == right.bytes && left.tenant == right.tenant
    }

    /// Hashes the routing id.
    public func hash(into hasher: inout Hasher) { hasher.combine(bytes) }
}
