public import Cluster
public import Wire

/// How HTTP speaks to the coordinator: every request is a peer of its own that says one thing in the wire's own messages.
public struct CoordinatorClient: Sendable {
    /// Says something to the coordinator as a peer of its own, and hears what comes back, in order.
    ///
    /// Ends when the caller stops listening, or the coordinator stops.
    public var ask: @Sendable (Message) -> AsyncStream<Message>
    /// How the coordinator is doing; `nil` if its thread does not answer in time.
    public var report: @Sendable () async -> CoordinatorReport?

    /// Makes a door of two functions.
    public init(
        ask: @escaping @Sendable (Message) -> AsyncStream<Message>,
        report: @escaping @Sendable () async -> CoordinatorReport?
    ) {
        self.ask = ask
        self.report = report
    }
}
