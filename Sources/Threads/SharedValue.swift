import Synchronization

/// A value that one thread writes and others read, under a lock: counts for logs and reports.
public final class SharedValue<Value: Sendable>: Sendable {
    private let state: Mutex<Value>

    /// Shares a value.
    public init(_ value: Value) {
        state = Mutex(value)
    }

    /// A copy of the current value.
    public var value: Value { state.withLock { $0 } }

    /// Changes the value; `body` runs under the lock, so it must be short.
    public func change(_ body: (inout Value) -> Void) {
        state.withLock { body(&$0) }
    }
}
