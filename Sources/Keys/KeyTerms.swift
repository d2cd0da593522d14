/// What a key or token says beside its role: whose work it is for, and how much its holder may send.
public struct KeyTerms: Hashable, Sendable {
    /// The tenant whose jobs, policies and plans its holder sees; `nil` for the cluster's own keys, of no tenant.
    public var tenant: String?
    /// Messages, or requests over HTTP, that its holder may send in a second; `nil` for any number.
    public var messagesPerSecond: Int?

    /// What `messagesPerSecond` may be.
    public static let rates = 1...1_000_000

    /// The terms of a key. By default it is the cluster's own, and may send any number of messages.
    public init(tenant: String? = nil, messagesPerSecond: Int? = nil) {
        self.tenant = tenant
        self.messagesPerSecond = messagesPerSecond
    }

    /// Whether a text can name a tenant: as for names of keys.
    public static func isTenant(_ text: String) -> Bool { KeyFolder.isName(text) }

    /// Throws `badTenant` and `badRate` where a value cannot be.
    func check() throws(KeyError) {
        if let tenant, !Self.isTenant(tenant) { throw .badTenant(tenant) }
        if let messagesPerSecond, !Self.rates.contains(messagesPerSecond) { throw .badRate(messagesPerSecond) }
    }

    /// Lines of a file; none for what is absent, so that the files of former versions are the same.
    var lines: [String] {
        var lines: [String] = []
        if let tenant { lines.append("    tenant = \"\(tenant)\"") }
        if let messagesPerSecond { lines.append("    messages-per-second = \"\(messagesPerSecond)\"") }
        return lines
    }
}

extension KeyFields {
    /// The terms of a file; a value that cannot be is `malformed`, because a key without it could do more.
    func terms() throws(KeyError) -> KeyTerms {
        KeyTerms(
            tenant: try read("tenant", "a tenant's name") { KeyFolder.isName($0) ? $0 : nil },
            messagesPerSecond: try read("messages-per-second", "a number from 1 to \(KeyTerms.rates.upperBound)") {
                Int($0).flatMap { KeyTerms.rates.contains($0) ? $0 : nil }
            })
    }
}
