import Cluster
import DequeModule

/// Messages that the work thread decodes, in the order in which it does: how many bytes they have, and whose they are.
struct DecodingMessages {
    /// Bytes of all.
    private(set) var bytes = 0
    private var sizes: Deque<Int> = []
    private var countByPeer: [Peer: Int] = [:]

    /// Whether some are of a peer: what it sends next must not overtake them.
    func contains(_ peer: Peer) -> Bool { countByPeer[peer] != nil }

    /// Adds a message behind the others.
    mutating func append(bytes size: Int, from peer: Peer) {
        sizes.append(size)
        bytes += size
        countByPeer[peer, default: 0] += 1
    }

    /// Removes the first one, which is decoded.
    mutating func removeFirst(from peer: Peer) {
        bytes -= sizes.popFirst() ?? 0
        let left = (countByPeer[peer] ?? 1) - 1
        countByPeer[peer] = left > 0 ? left : nil
    }
}
