import Synchronization

/// Limits the requests in flight and the bytes of their bodies. A request beyond the limits is refused, so memory is
/// bounded. Any thread may use it.
public final class ConcurrencyLimiter: Sendable {
    /// Most requests in flight.
    public let requestsMax: Int
    /// Most bytes of their bodies.
    public let bytesMax: Int

    private let used = Mutex((requests: 0, bytes: 0))

    /// A limiter of so many requests and bytes.
    public init(requestsMax: Int, bytesMax: Int = .max) {
        self.requestsMax = requestsMax
        self.bytesMax = bytesMax
    }

    /// Requests in flight now.
    public var requests: Int { used.withLock { $0.requests } }

    /// A place for a request, free again when the guard is released; `nil` when there is none.
    public func enter(bytes: Int = 0) -> ScopeGuard? {
        let isIn = used.withLock { used in
            guard used.requests < requestsMax, bytes <= bytesMax - used.bytes else { return false }
            used = (used.requests + 1, used.bytes + bytes)
            return true
        }
        guard isIn else { return nil }
        return ScopeGuard { [self] in used.withLock { $0 = ($0.requests - 1, $0.bytes - bytes) } }
    }
}
