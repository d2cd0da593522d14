/// When a peer says that its coordinator is silent: after some seconds, and again at growing intervals. A value without a
/// clock.
public struct SilenceNotices: Sendable {
    /// What there is to say.
    public enum Notice: Hashable, Sendable {
        /// No message for so long.
        case silent(Duration)
        /// The coordinator answers again, after so long.
        case over(Duration)
    }

    /// Silence before the first notice: more than two heartbeats.
    public static let first = Duration.seconds(5)
    /// Most time between two notices.
    public static let longest = Duration.seconds(300)

    private var lastReceived = Duration.zero
    private var next = SilenceNotices.first
    private var hasSpoken = false

    /// Waiting begins at zero.
    public init() {}

    /// A message arrived.
    public mutating func received(at now: Duration) -> Notice? {
        defer {
            lastReceived = now
            next = Self.first
            hasSpoken = false
        }
        return hasSpoken ? .over(now - lastReceived) : nil
    }

    /// The notice that is due; `nil` for none.
    public mutating func notice(at now: Duration) -> Notice? {
        let silence = now - lastReceived
        guard silence >= next else { return nil }
        hasSpoken = true
        next = silence + min(silence, Self.longest)
        return .silent(silence)
    }
}
