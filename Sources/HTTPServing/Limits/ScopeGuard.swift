/// Runs something once, when its last holder releases it: a request's place is freed however its answer ends.
public final class ScopeGuard: Sendable {
    private let onEnd: @Sendable () -> Void

    /// Runs `onEnd` at the end.
    public init(_ onEnd: @escaping @Sendable () -> Void) { self.onEnd = onEnd }

    deinit { onEnd() }
}
