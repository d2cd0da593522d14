/// The cluster's clocks, in one place because they depend on each other.
public struct ClusterTiming: Sendable {
    /// Everybody speaks at least this often.
    public var heartbeatInterval: Duration
    /// Silence for this long is death. Several heartbeats, so that one late packet kills nobody.
    public var livenessTime: Duration
    /// Work without progress for this long is taken back. Longer than the longest batch of prompts by far.
    public var leaseTime: Duration

    /// Checks that the clocks make sense together: heartbeat < liveness ≤ lease.
    public init(heartbeatInterval: Duration, livenessTime: Duration, leaseTime: Duration) {
        precondition(heartbeatInterval > .zero && heartbeatInterval < livenessTime && livenessTime <= leaseTime)
        self.heartbeatInterval = heartbeatInterval
        self.livenessTime = livenessTime
        self.leaseTime = leaseTime
    }

    /// 1 s, 5 s and 30 s, after the paranoid pirate of the ZeroMQ guide.
    public static let standard = ClusterTiming(
        heartbeatInterval: .seconds(1), livenessTime: .seconds(5), leaseTime: .seconds(30))
}
