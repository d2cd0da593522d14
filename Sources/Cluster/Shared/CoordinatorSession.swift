import Scoring
import Wire

// A peer's session with the coordinator: joining, heartbeats, giving up. Worker, rollout worker and client share it.

/// The configuration that every peer of the coordinator has.
public struct PeerConfiguration: Sendable {
    /// The peer's name in its Hello and in the operator's log; stable over restarts.
    public var name: String
    /// The peer's timing.
    public var timing = ClusterTiming.standard
    /// The peer gives up after this time without a message from a coordinator.
    public var abandonTime: Duration

    /// Names a peer. It waits for a coordinator for `abandonTime`.
    public init(name: String, abandonTime: Duration) {
        self.name = name
        self.abandonTime = abandonTime
    }
}

/// A session with the coordinator, as a worker, rollout worker or client keeps it: its incarnation, when Hello is
/// repeated, when a heartbeat is due, and how long the coordinator has been silent.
///
/// It sends nothing itself: its owner sends, and records that here.
struct CoordinatorSession: Sendable {
    private var random: SeededGenerator
    /// Names one incarnation; a new one is drawn when the coordinator has declared this one dead.
    private(set) var incarnation: UInt64
    /// The generation of the last message of the coordinator.
    private(set) var generation: UInt64 = 0
    /// Set by a Welcome.
    private(set) var heartbeatInterval: Duration
    /// When the last message arrived; `nil` before the start.
    private(set) var lastReceived: Instant?
    /// When the last message was sent that shows the coordinator that this peer is alive.
    private(set) var lastSent: Instant = .zero
    /// When Hello is repeated, unless a Welcome arrives first.
    private(set) var helloAt: Instant = .zero
    private var helloPause: Duration
    private let firstPause: Duration

    private static let pauseMax: Duration = .seconds(32)

    /// Before the start. `seed` must differ between runs of a process.
    init(_ timing: ClusterTiming, seed: UInt64) {
        random = SeededGenerator(seed: seed)
        incarnation = random.next()
        heartbeatInterval = timing.heartbeatInterval
        firstPause = timing.heartbeatInterval
        helloPause = timing.heartbeatInterval
    }

    // MARK: Received

    /// Records a message of the coordinator, or the start of waiting for it.
    mutating func received(at now: Instant) { lastReceived = now }

    /// Records the generation of a message; `false` when it is the known one.
    @discardableResult
    mutating func enter(generation: UInt64) -> Bool {
        defer { self.generation = generation }
        return self.generation != generation
    }

    /// Adopts the interval of a Welcome.
    mutating func setHeartbeatInterval(_ interval: Duration) { heartbeatInterval = interval }

    /// This incarnation is dead: draws another one.
    mutating func renewIncarnation() { incarnation = random.next() }

    /// How long the coordinator has been silent, if that is as long as `limit`.
    func silence(at now: Instant, limit: Duration) -> Duration? {
        guard let lastReceived, now - lastReceived >= limit else { return nil }
        return now - lastReceived
    }

    // MARK: Sent

    mutating func sent(at now: Instant) { lastSent = now }

    /// Records a Hello. It is repeated after a pause, which doubles from one repetition to the next.
    mutating func sentHello(isRepetition: Bool, at now: Instant) {
        helloPause = isRepetition ? min(helloPause * 2, Self.pauseMax) : firstPause
        // Jitter, so that a thousand workers do not return at the same instant.
        sentHello(repeatAfter: helloPause * (0.75 + 0.5 * random.unit()), at: now)
    }

    /// Records a Hello that is repeated after a fixed time.
    mutating func sentHello(repeatAfter pause: Duration, at now: Instant) {
        helloAt = now + pause
        lastSent = now
    }

    func isHelloDue(at now: Instant) -> Bool { now >= helloAt }

    func isHeartbeatDue(at now: Instant) -> Bool { now - lastSent >= heartbeatInterval }

    /// When the next heartbeat is due.
    var heartbeatAt: Instant { lastSent + heartbeatInterval }
}
