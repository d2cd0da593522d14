public import Cluster
public import Wire

/// How HTTP asks the coordinator: each request is a peer of its own, which sends one message of the wire.
public struct CoordinatorClient: Sendable {
    /// Sends a message to the coordinator as a peer of its own, and returns the replies in order.
    ///
    /// Ends when the caller stops reading, or the coordinator stops.
    public var ask: @Sendable (Message) -> AsyncStream<Message>
    /// The coordinator's report; `nil` if its thread does not answer in time.
    public var report: @Sendable () async -> CoordinatorReport?
    /// Returns when everything that was asked before is answered; `false` if the coordinator has stopped.
    public var mark: @Sendable () async -> Bool
    /// Asks about the histories of policies; `nil` if the coordinator has stopped.
    public var query: @Sendable (HistoryQuery) async -> HistoryAnswer?
    /// Answers an operator; `nil` if the coordinator's thread does not answer in time.
    public var operate: @Sendable (OperatorRequest) async -> OperatorAnswer?

    /// A client of these functions. Without `mark`, reports are in the order of the answers.
    public init(
        ask: @escaping @Sendable (Message) -> AsyncStream<Message>,
        report: @escaping @Sendable () async -> CoordinatorReport?, mark: (@Sendable () async -> Bool)? = nil,
        query: @escaping @Sendable (HistoryQuery) async -> HistoryAnswer? = { _ in nil },
        operate: @escaping @Sendable (OperatorRequest) async -> OperatorAnswer?
    ) {
        self.ask = ask
        self.report = report
        self.mark = mark ?? { await report() != nil }
        self.query = query
        self.operate = operate
    }
}
