/// Time of a piece at a worker, by stage.
public struct StageTimes: Hashable, Sendable {
    /// Held before it was begun; zero from a worker that does not measure it. This package's worker does not.
    public var queued: Duration
    /// Embedding its texts, and finding those already embedded; to the microsecond on the wire.
    public var embedded: Duration
    /// Predicting from features and context; to the microsecond on the wire.
    public var predicted: Duration

    /// Times by stage.
    public init(queued: Duration = .zero, embedded: Duration = .zero, predicted: Duration = .zero) {
        self.queued = queued
        self.embedded = embedded
        self.predicted = predicted
    }
}
