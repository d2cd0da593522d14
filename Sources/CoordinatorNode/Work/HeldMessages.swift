package import Cluster
import DequeModule
package import Transport
package import Wire

/// Messages of tenants whose earlier ones are not done with: they wait here, in order, so that others need not wait with
/// them. Cost of each call: that of a look-up; taking one looks at each tenant that has some.
package struct HeldMessages {
    /// A message that has arrived.
    package enum Content {
        case decoded(Envelope, from: Peer, MessageChannel.Sender, arrived: Instant)
        case undecoded([RawFrame], from: MessageChannel.Sender)
    }

    private var waiting: [String?: Deque<(content: Content, bytes: Int)>] = [:]
    private var bytes: [String?: Int] = [:]
    /// Tenants with a message, the one that has the next turn first.
    private var turns: Deque<String?> = []
    /// How many each peer has.
    private var counts: [Peer: Int] = [:]

    package init() {}

    /// Bytes of a tenant's messages, as they arrived.
    package func bytes(of tenant: String?) -> Int { bytes[tenant] ?? 0 }

    /// Whether some are of a peer: what it sends next must not overtake them.
    package func contains(_ peer: Peer) -> Bool { counts[Self.key(peer)] != nil }

    /// Adds a message of a tenant behind its others.
    package mutating func append(_ content: Content, bytes size: Int, of tenant: String?) {
        if waiting[tenant] == nil { turns.append(tenant) }
        waiting[tenant, default: []].append((content, size))
        bytes[tenant, default: 0] += size
        counts[Self.peer(of: content), default: 0] += 1
    }

    /// The tenant with the next turn among those with a message that are not behind; `.none` where there is none.
    package func next(unless isBehind: (String?) -> Bool) -> String?? { turns.first { !isBehind($0) } }

    /// Removes and returns the first message of a tenant, whose next turn is the last.
    package mutating func popFirst(of tenant: String?) -> Content? {
        guard let place = turns.firstIndex(of: tenant) else { return nil }
        turns.remove(at: place)
        guard let first = waiting[tenant]?.popFirst() else { return nil }
        bytes[tenant, default: 0] -= first.bytes
        if waiting[tenant]?.isEmpty == true {
            (waiting[tenant], bytes[tenant]) = (nil, nil)
        } else {
            turns.append(tenant)
        }
        let peer = Self.peer(of: first.content)
        counts[peer, default: 1] -= 1
        if counts[peer] == 0 { counts[peer] = nil }
        return first.content
    }

    private static func peer(of content: Content) -> Peer {
        switch content {
        case .decoded(_, let peer, _, _): key(peer)
        case .undecoded(_, let sender): Peer(sender.routingID)
        }
    }

    /// A peer by its routing id alone.
    private static func key(_ peer: Peer) -> Peer { Peer(peer.bytes) }
}

extension Wire.Message {
    /// Whether it brings work that may have to wait for the disk. What workers answer never waits: it ends work.
    var bringsWork: Bool {
        switch self {
        case .submitJob, .submitShard, .confirm, .closeJob, .requestScores: true
        case .requestPlan, .followPlan, .dropPlans, .reportOutcomes, .rewards, .assignmentReturned: true
        default: false
        }
    }
}
