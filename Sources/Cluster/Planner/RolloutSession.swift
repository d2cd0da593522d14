import OrderedCollections
import Wire

/// A live rollout worker as the planner sees it: one incarnation, its credit and what it has in hand.
struct RolloutSession {
    /// Where it is reached; changes when its connection does.
    var peer: Peer
    let name: String
    let incarnation: UInt64
    /// The level it granted last: assignments, and rollouts.
    var credit: Credit
    var lastHeard: Instant
    /// The last progress it reported; leases are renewed when it grows.
    private var progress: UInt64 = 0
    /// It wants nothing more.
    var isDraining = false
    /// It returned an assignment for want of room; what it grants counts again when it next speaks of what it has.
    private(set) var isFull = false
    /// What it was lent and has not reported, in order.
    private(set) var inHand: OrderedDictionary<AssignmentName, Lease> = [:]
    private(set) var rolloutsInHand = 0
    /// Prompts it was lent in all, for a report on fairness.
    private(set) var lentCount = 0

    /// An assignment lent until an instant.
    struct Lease {
        let rollouts: Int
        let lentAt: Instant
        var expires: Instant
        /// Whether the last heartbeat named it: a stuck worker names it, a lost message does not.
        var isNamed = false
    }

    init(peer: Peer, name: String, incarnation: UInt64, credit: Credit, now: Instant) {
        self.peer = peer
        self.name = name
        self.incarnation = incarnation
        self.credit = credit
        lastHeard = now
    }

    /// Whether so many rollouts may be lent: within credit, or alone when they are more than the whole credit.
    func takes(_ rollouts: Int) -> Bool {
        guard !isDraining, !isFull, credit.rows > 0, credit.tokens > 0 else { return false }
        if inHand.isEmpty { return true }
        return inHand.count < min(credit.rows, Limits.assignmentsMax) && rolloutsInHand + rollouts <= credit.tokens
    }

    mutating func lend(_ name: AssignmentName, _ lease: Lease) {
        inHand[name] = lease
        rolloutsInHand += lease.rollouts
        lentCount += 1
    }

    @discardableResult
    mutating func release(_ name: AssignmentName) -> Bool {
        guard let lease = inHand.removeValue(forKey: name) else { return false }
        rolloutsInHand -= lease.rollouts
        return true
    }

    mutating func grant(_ level: Credit) {
        credit = level
        isFull = false
    }

    mutating func fill() { isFull = true }

    /// Notes what a heartbeat names, and progress, which renews the leases of what is named.
    mutating func hear(_ named: [AssignmentName], progress reported: UInt64, until expires: Instant) {
        let named = Set(named)
        let isProgress = reported > progress
        if isProgress { progress = reported }
        for name in inHand.keys {
            let isNamed = named.contains(name)
            inHand[name]?.isNamed = isNamed
            if isNamed, isProgress { inHand[name]?.expires = expires }
        }
    }
}
