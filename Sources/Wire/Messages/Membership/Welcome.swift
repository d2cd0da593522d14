public import Scoring

/// The coordinator's answer to a Hello.
public struct Welcome: Hashable, Sendable {
    /// Incarnation of the peer whose Hello this answers.
    public var incarnation: UInt64
    /// A peer must send something at least this often.
    public var heartbeatInterval: Duration
    /// Work without progress for this long is given to another worker.
    public var leaseTime: Duration
    /// The model the cluster works with; `nil` until a worker has come.
    public var fingerprint: ModelFingerprint?
    /// Whether the coordinator reads side information; one of an older version does not, and must be sent none.
    public var readsSide: Bool
    /// Whether the coordinator forwards row ranges; one of an older version does not, and must be sent none.
    public var readsRanges: Bool
    /// Whether the coordinator has shards computed again; one of an older version does not.
    public var verifies: Bool

    /// Answers a Hello.
    public init(
        incarnation: UInt64, heartbeatInterval: Duration, leaseTime: Duration, fingerprint: ModelFingerprint? = nil,
        readsSide: Bool = false, readsRanges: Bool = false, verifies: Bool = false
    ) {
        self.incarnation = incarnation
        self.heartbeatInterval = heartbeatInterval
        self.leaseTime = leaseTime
        self.fingerprint = fingerprint
        self.readsSide = readsSide
        self.readsRanges = readsRanges
        self.verifies = verifies
    }
}
