import Synchronization

/// A flag that any thread raises once and all threads can read: "stop at the next opportunity".
public final class StopFlag: Sendable {
    private let flag = Atomic(false)

    /// A flag that is not raised.
    public init() {}

    /// Whether some thread has raised it. Cost: one atomic load.
    public var isRaised: Bool { flag.load(ordering: .acquiring) }

    /// Raises the flag; it stays raised.
    public func raise() { flag.store(true, ordering: .releasing) }
}
