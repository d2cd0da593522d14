import Cluster
import Scoring
import Wire

/// The facts in a journal's entries. A message that depends on a fact may only be sent after its entry.
struct JournalledFacts {
    private var generation: UInt64 = 0
    private var models: Set<Digest> = []
    private var jobs: Set<JobID> = []
    private var answers: Set<ShardAnswer> = []

    mutating func append(_ entry: JournalEntry) {
        switch entry {
        case .generationStarted(let started): generation = started
        case .fingerprintAdopted(let model): models = [model.digest]
        case .jobOpened(let id, _): jobs.insert(id)
        case .shardAnswered(let answer): answers.insert(answer)
        case .answersWithdrawn(let id, let shards):
            answers = answers.filter { $0.job != id || !shards.contains($0.shard) }
        case .confirmed, .jobOwned, .workerQuarantined, .quarantineLifted: break
        case .jobClosed(let id): jobs.remove(id)
        }
    }

    /// Whether everything that a message depends on is durable.
    func support(_ envelope: Envelope, configuredModel: Digest? = nil) -> Bool {
        guard envelope.generation == generation else { return false }
        switch envelope.message {
        case .welcome(let welcome):
            guard let model = welcome.fingerprint?.digest else { return true }
            return model == configuredModel || models.contains(model)
        case .jobAccepted(let accepted): return jobs.contains(accepted.job)
        case .shardAnswer(let answer): return answers.contains(answer)
        case .jobClosed(let id): return !jobs.contains(id)
        default: return true
        }
    }
}
