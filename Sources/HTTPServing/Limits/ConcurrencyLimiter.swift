import Synchronization

/// Limits the requests in flight and the bytes of their bodies. A request beyond the limits is refused, so memory is
/// bounded. Any thread may use it.
///
/// Bytes count when they have arrived: what a header claims, or a body without a stated length could have, takes nothing
/// from other requests.
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

    /// Bytes of their bodies that have arrived.
    public var bytes: Int { used.withLock { $0.bytes } }

    /// A place for a request, free again when it is released; `nil` when there is none.
    public func enter() -> RequestPlace? {
        let isIn = used.withLock { used in
            guard used.requests < requestsMax else { return false }
            used.requests += 1
            return true
        }
        return isIn ? RequestPlace(self) : nil
    }

    func add(bytes: Int) -> Bool {
        used.withLock { used in
            guard bytes <= bytesMax - used.bytes else { return false }
            used.bytes += bytes
            return true
        }
    }

    func leave(bytes: Int) {
        used.withLock { $0 = ($0.requests - 1, $0.bytes - bytes) }
    }
}
