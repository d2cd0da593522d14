public import Scoring
public import Wire

/// What the coordinator makes durable. Replaying the entries gives back the state that wrote them, less what is in
/// flight: workers say Hello again and clients submit again what was not answered.
public enum JournalEntry: Hashable, Sendable {
    /// A new life of the coordinator.
    case generationStarted(UInt64)
    /// All work is done by this model from now on.
    case fingerprintAdopted(ModelFingerprint)
    /// A client opened a job.
    case jobOpened(JobID)
    /// A shard has its answers; it will not be computed again.
    case shardAnswered(ShardAnswer)
    /// The client holds the shards below.
    case confirmed(JobID, below: UInt32)
    /// The job is over; its entries may be forgotten.
    case jobClosed(JobID)
}
