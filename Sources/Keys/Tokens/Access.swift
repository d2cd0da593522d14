/// What a request over HTTP does, as far as roles decide about it.
public enum Access: String, CaseIterable, Sendable {
    /// Asks for scores; at a router, for answers and decisions.
    case score
    /// Asks for plans, reports outcomes, reads and forgets policies.
    case train
    /// Reads status, metrics and the figures of the page.
    case observe
    /// Drains workers, cancels jobs.
    case operate
}

extension Role {
    /// Whether the holder of a token may do it: the same table as for messages over ZeroMQ.
    public func permits(_ access: Access) -> Bool {
        switch self {
        case .admin: true
        case .trainer: access == .train || access == .score
        case .client: access == .score
        case .observer: access == .observe
        case .worker, .rollout: false
        }
    }

    /// Whether it may do anything over HTTP.
    public var isForHTTP: Bool { Access.allCases.contains { permits($0) } }
}
