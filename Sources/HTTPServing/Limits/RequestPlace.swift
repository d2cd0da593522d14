import Synchronization

/// One request's place in a `ConcurrencyLimiter`, with the bytes of its body so far. Both are free again when it is
/// released.
public final class RequestPlace: Sendable {
    private let limiter: ConcurrencyLimiter
    private let bytes = Atomic(0)

    init(_ limiter: ConcurrencyLimiter) {
        self.limiter = limiter
    }

    deinit { limiter.leave(bytes: bytes.load(ordering: .relaxed)) }

    /// Counts bytes that have arrived; `false` where the limit has no room for them.
    func add(_ count: Int) -> Bool {
        guard limiter.add(bytes: count) else { return false }
        bytes.add(count, ordering: .relaxed)
        return true
    }
}
