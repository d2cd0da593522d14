/// Runs a closure once, when the last reference is released. So a request's place is freed however its answer ends.
public final class ScopeGuard: Sendable {
    private let onEnd: @Sendable () -> Void

    /// Runs `onEnd` at the end.
    public init(_ onEnd: @escaping @Sendable () -> Void) { self.onEnd = onEnd }

    deinit { onEnd() }
}
