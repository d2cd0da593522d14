/// How requests of one session (header `x-session-id`) stay with one model.
public struct SessionRules: Hashable, Sendable {
    /// Whether a session stays with its model. If not, the rule decides each request, and counts the session's prompt cache.
    public var stays = true
    /// Time without a request after which a session is forgotten.
    public var idle = Duration.seconds(3600)
    /// Time for which the endpoint's prompt cache is expected to hold a session's prompt.
    public var cache = Duration.seconds(300)
    /// An hour, and five minutes of cache, as the large providers state.
    public init() {}
}
