public import Scoring
public import Wire

/// What the coordinator makes durable. Replaying the entries gives the state that wrote them, without connections and
/// leases: workers send Hello again, and clients submit again what was not answered. Indirect, as messages are.
public indirect enum JournalEntry: Hashable, Sendable {
    /// A new generation of the coordinator.
    case generationStarted(UInt64)
    /// All work is done by this model from now on.
    case fingerprintAdopted(ModelFingerprint)
    /// A client opened a job of a tenant; `nil` for the cluster's own. Keys of other tenants know nothing of it.
    case jobOpened(JobID, tenant: String? = nil)
    /// The job belongs to the holder of a key: nobody else may open or close it.
    case jobOwned(JobID, owner: String)
    /// A shard is answered; it is not computed again.
    case shardAnswered(ShardAnswer)
    /// These shards are computed again: their answers rest on a worker that others contradict.
    case answersWithdrawn(JobID, [UInt32])
    /// The client has the shards below.
    case confirmed(JobID, below: UInt32)
    /// The job is closed; its entries may be deleted.
    case jobClosed(JobID)
    /// A worker, by its identity, gets no more work; with the tenant that it works for, unless it works for all.
    case workerQuarantined(String, tenant: String? = nil)
    /// All workers may get work again.
    case quarantineLifted
}

extension JournalEntry {
    /// Whether what is decided behind it may be carried out before it is durable. A confirmation that is lost is as one that has not
    /// arrived: the client has the answers, and says so again when it opens the job again. It is durable before what its tenant
    /// decides behind it all the same.
    public var delaysNothing: Bool { if case .confirmed = self { true } else { false } }

    /// Whether all work rests on it: it is durable after all that was decided before, and before all that is decided after.
    public var concernsAll: Bool {
        switch self {
        case .generationStarted, .fingerprintAdopted, .workerQuarantined, .quarantineLifted: true
        case .jobOpened, .jobOwned, .shardAnswered, .answersWithdrawn, .confirmed, .jobClosed: false
        }
    }
}
