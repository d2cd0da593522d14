/// How long HTTP waits for what. Nothing waits without a bound.
public struct Timeouts: Sendable {
    /// For a request's body; on a local network the largest arrives in under a second.
    public var body: Duration = .seconds(30)
    /// Beyond a request's own deadline, for the coordinator to say that the deadline is over.
    public var grace: Duration = .seconds(5)
    /// For outcomes to be recorded.
    public var record: Duration = .seconds(30)
    /// For what the coordinator answers at once.
    public var answer: Duration = .seconds(2)
    /// For requests in progress when the server is asked to stop.
    public var stop: Duration = .seconds(5)

    /// Milliseconds that a request may wait for the groups of a plan.
    public static let planWaitMilliseconds = 0...30_000

    /// The defaults.
    public init() {}
}
