import Synchronization

/// Counts that the socket's thread writes and others read.
final class RolloutTally: Sendable {
    private let counts = Mutex(RolloutNode.Counts())

    /// As they stand now.
    var value: RolloutNode.Counts { counts.withLock { $0 } }

    /// Counts something.
    func change(_ change: (inout RolloutNode.Counts) -> Void) {
        counts.withLock { change(&$0) }
    }
}
