/// What the holder of a key has changed, for the audit log.
public struct AuditedChange: Sendable, Hashable {
    /// The key's or the token's name.
    public var key: String
    /// Its tenant; `nil` for the cluster's own.
    public var tenant: String?
    /// The kind of the message, or method and path of the request.
    public var what: String
    /// What it led to, such as a status of HTTP; empty for messages, whose refusals have lines of their own.
    public var outcome: String
    /// What was changed, by the names of the log's fields. Never a text of a prompt.
    public var facts: [String: String]
    /// Whether honest holders change so much that lines of single changes are of no use.
    public var isCountedOnly: Bool

    /// Describes a change.
    public init(
        key: String, tenant: String?, what: String, outcome: String = "", facts: [String: String] = [:],
        isCountedOnly: Bool = false
    ) {
        self.key = key
        self.tenant = tenant
        self.what = what
        self.outcome = outcome
        self.facts = facts
        self.isCountedOnly = isCountedOnly
    }
}
