/// The cluster's times, in one type because they depend on each other.
public struct ClusterTiming: Sendable {
    /// Every peer sends a message at least this often.
    public var heartbeatInterval: Duration
    /// A peer that is silent for this long is dead. Several heartbeats, so that one late packet is harmless.
    public var livenessTime: Duration
    /// The lease of work without progress for this long ends. Much longer than the longest batch of prompts.
    public var leaseTime: Duration

    /// Precondition: heartbeat < liveness ≤ lease.
    public init(heartbeatInterval: Duration, livenessTime: Duration, leaseTime: Duration) {
        precondition(heartbeatInterval > .zero && heartbeatInterval < livenessTime && livenessTime <= leaseTime)
        self.heartbeatInterval = heartbeatInterval
        self.livenessTime = livenessTime
        self.leaseTime = leaseTime
    }

    /// 1 s, 5 s and 30 s, as in the Paranoid Pirate pattern of the ZeroMQ guide.
    public static let standard = ClusterTiming(
        heartbeatInterval: .seconds(1), livenessTime: .seconds(5), leaseTime: .seconds(30))
}
