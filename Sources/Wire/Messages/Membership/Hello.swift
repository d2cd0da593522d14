public import Scoring

/// Introduces a peer to the coordinator.
public struct Hello: Hashable, Sendable {
    /// What the sender is, with what only such a peer has.
    public enum Role: Hashable, Sendable {
        case worker(ModelFingerprint, Credit)
        case client
        /// Asks for plans, reports outcomes.
        case trainer
        /// Rolls out assignments: rows of its credit are assignments, tokens are rollouts.
        case rollout(Credit)
    }
    /// What the sender is.
    public var role: Role
    /// The protocol version it speaks.
    public var protocolVersion: UInt32
    /// Stable over restarts.
    public var name: String
    /// Drawn anew when a process starts.
    public var incarnation: UInt64
    /// Whether a worker reads side information; one of an older version does not, and is lent none.
    public var readsSide: Bool
    /// Whether a worker reads rows of files itself; else it is lent no row ranges.
    public var readsRanges: Bool

    /// Introduces a peer.
    public init(
        role: Role, protocolVersion: UInt32 = Limits.protocolVersion, name: String, incarnation: UInt64,
        readsSide: Bool = false, readsRanges: Bool = false
    ) {
        self.role = role
        self.protocolVersion = protocolVersion
        self.name = name
        self.incarnation = incarnation
        self.readsSide = readsSide
        self.readsRanges = readsRanges
    }
}
