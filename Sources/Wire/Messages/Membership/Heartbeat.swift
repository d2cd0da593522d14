/// Shows that a worker or client is alive, and how much it has done.
public struct Heartbeat: Hashable, Sendable {
    /// The sender's incarnation: 64 random bits, drawn when it starts.
    public var incarnation: UInt64
    /// How much a worker wants to hold; none from a client.
    public var credit: Credit
    /// A number that a worker raises as it works; 0 from a client.
    public var progress: UInt64
    /// Pieces lent to this worker and not answered: only these have their leases renewed.
    public var held: [PieceName]
    /// Assignments lent to this rollout worker and not recorded: the same holds for them.
    public var assignments: [AssignmentName]

    /// Reports.
    public init(
        incarnation: UInt64, credit: Credit = .none, progress: UInt64 = 0, held: [PieceName] = [],
        assignments: [AssignmentName] = []
    ) {
        self.incarnation = incarnation
        self.credit = credit
        self.progress = progress
        self.held = held
        self.assignments = assignments
    }
}
