/// Pauses between tries: they double from half a second to 30 seconds, each shortened by a random part up to half, so
/// that many workers do not come back at the same moment.
package struct Backoff: Sendable {
    private static let first = Duration.milliseconds(500)
    private static let longest = Duration.seconds(30)
    private var random: any RandomNumberGenerator & Sendable

    /// `random` draws the jitter.
    package init(random: any RandomNumberGenerator & Sendable) {
        self.random = random
    }

    /// The pause before try `attempt + 1`, where `attempt` counts from 1; never shorter than the server asks.
    package mutating func pause(after attempt: Int, retryAfter: Duration?) -> Duration {
        let whole = min(Self.longest, Self.first * (1 << min(max(attempt - 1, 0), 10)))
        let drawn = whole * Double.random(in: 0.5...1, using: &random)
        guard let retryAfter else { return drawn }
        // Jitter on top: the server would be asked too early otherwise.
        return max(drawn, retryAfter + Self.first * Double.random(in: 0...1, using: &random))
    }
}
