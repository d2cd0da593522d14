/// The coordinator refuses a request.
public struct RequestRefused: Hashable, Sendable {
    /// The kinds of refusal.
    public enum Reason: Hashable, Sendable { case invalid, conflict, capacity, deadline, unknown }
    /// A request, by its plan or its number.
    public enum Subject: Hashable, Sendable {
        case plan(PlanName)
        case request(UInt64)
    }
    /// The request.
    public var subject: Subject
    /// Why not.
    public var reason: Reason
    /// For people: what, where, what to do.
    public var message: String
    /// `snake_case`, for programs, where the reason alone is not enough; empty otherwise.
    public var code: String

    /// Refuses.
    public init(_ subject: Subject, _ reason: Reason, message: String, code: String = "") {
        self.subject = subject
        self.reason = reason
        self.message = message
        self.code = code
    }
}
