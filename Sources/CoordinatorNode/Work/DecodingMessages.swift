import Cluster
import DequeModule

/// Messages that the work thread decodes: how many bytes they have, and whose they are. Those of a peer are decoded in order.
struct DecodingMessages {
    /// Bytes of all.
    private(set) var bytes = 0
    private var sizes: [Peer: Deque<Int>] = [:]

    /// Whether some are of a peer: what it sends next must not overtake them.
    func contains(_ peer: Peer) -> Bool { sizes[peer] != nil }

    /// Adds a message behind the peer's others.
    mutating func append(bytes size: Int, from peer: Peer) {
        sizes[peer, default: []].append(size)
        bytes += size
    }

    /// Removes the peer's first one, which is decoded.
    mutating func removeFirst(from peer: Peer) {
        bytes -= sizes[peer]?.popFirst() ?? 0
        if sizes[peer]?.isEmpty == true { sizes[peer] = nil }
    }
}
