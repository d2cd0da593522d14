public import Cluster
public import Keys
public import Wire

/// How HTTP asks the coordinator: each request is a peer of its own, which sends one message of the wire.
///
/// Nothing is asked without the scope of who asks: there is no way to forget it.
public struct CoordinatorClient: Sendable {
    /// Sends a message to the coordinator as a peer of its own, of the scope's tenant, and returns the replies in order.
    ///
    /// Ends when the caller stops reading, or the coordinator stops.
    public var ask: @Sendable (Message, Scope) -> AsyncStream<Message>
    /// The coordinator's report of a scope; `nil` if its thread does not answer in time.
    public var report: @Sendable (Scope) async -> CoordinatorReport?
    /// Returns when everything that was asked before is answered; `false` if the coordinator has stopped.
    public var mark: @Sendable (Scope) async -> Bool
    /// Asks about the histories of a scope's policies; `nil` if the coordinator has stopped.
    public var query: @Sendable (HistoryQuery, Scope) async -> HistoryAnswer?
    /// Answers an operator about a scope; `nil` if the coordinator's thread does not answer in time.
    public var operate: @Sendable (OperatorRequest, Scope) async -> OperatorAnswer?
    /// Records in the audit log what the holder of a token has changed.
    public var audit: @Sendable (AuditedChange) -> Void

    /// A client of these functions. Without `mark`, reports are in the order of the answers.
    public init(
        ask: @escaping @Sendable (Message, Scope) -> AsyncStream<Message>,
        report: @escaping @Sendable (Scope) async -> CoordinatorReport?, mark: (@Sendable (Scope) async -> Bool)? = nil,
        query: @escaping @Sendable (HistoryQuery, Scope) async -> HistoryAnswer? = { _, _ in nil },
        operate: @escaping @Sendable (OperatorRequest, Scope) async -> OperatorAnswer?,
        audit: @escaping @Sendable (AuditedChange) -> Void = { _ in }
    ) {
        self.ask = ask
        self.report = report
        self.mark = mark ?? { await report($0) != nil }
        self.query = query
        self.operate = operate
        self.audit = audit
    }
}
