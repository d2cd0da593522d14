import Wire

/// A live rollout worker as the planner sees it: one incarnation, its credit and the assignments it holds.
///
/// Its leases count an assignment as one row, and its rollouts as tokens.
struct RolloutSession: MemberSession {
    var peer: Peer
    let name: String
    let incarnation: UInt64
    var lastReceived: Instant
    /// Assignments that it holds.
    var leases: LeaseTable<AssignmentName>

    init(peer: Peer, name: String, incarnation: UInt64, credit: Credit, now: Instant) {
        self.peer = peer
        self.name = name
        self.incarnation = incarnation
        lastReceived = now
        leases = LeaseTable(credit: credit)
    }

    /// Assignments that it may hold.
    var leasesMax: Int { Limits.assignmentsMax }

    /// Whether so many rollouts may be lent: within credit, or alone when they are more than the whole credit.
    func canAccept(rollouts: Int) -> Bool {
        leases.canAccept(rows: 1, tokens: rollouts, countMax: leasesMax)
    }
}
