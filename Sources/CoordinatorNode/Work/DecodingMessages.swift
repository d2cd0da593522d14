import Cluster
import DequeModule

/// Messages that the work thread decodes: how many bytes they have, and whose they are. Those of a peer are decoded in order.
struct DecodingMessages {
    private var bytes: [String?: Int] = [:]
    private var sizes: [Peer: Deque<Int>] = [:]

    /// Bytes of a tenant's messages.
    func bytes(of tenant: String?) -> Int { bytes[tenant] ?? 0 }

    /// Whether some are of a peer: what it sends next must not overtake them.
    func contains(_ peer: Peer) -> Bool { sizes[peer] != nil }

    /// Adds a message behind the peer's others.
    mutating func append(bytes size: Int, from peer: Peer, of tenant: String?) {
        sizes[peer, default: []].append(size)
        bytes[tenant, default: 0] += size
    }

    /// Removes the peer's first one, which is decoded.
    mutating func removeFirst(from peer: Peer, of tenant: String?) {
        bytes[tenant, default: 0] -= sizes[peer]?.popFirst() ?? 0
        if sizes[peer]?.isEmpty == true { sizes[peer] = nil }
    }
}
