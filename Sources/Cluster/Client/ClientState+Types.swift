public import Scoring
public import Wire

// Events and actions of the client's machine, its failures and its configuration.

extension ClientState {
    /// What happened.
    public enum Event: Sendable {
        /// The driver has started: the first event, once.
        case started
        case received(Envelope)
        /// The output folder is open: the job's id, and the first shard that is not durable in it.
        case ready(JobID, firstShard: UInt32)
        /// Rows of the whole input, and those of them that are durable in the output already. Sent before `ready`.
        case surveyed(rows: Int, durable: Int)
        /// The next shard of the corpus, in order: an answer to `produce`.
        case shardReady(SubmitShard)
        /// The corpus has so many shards.
        case inputEnded(shards: UInt32)
        /// Every shard below is in a committed part.
        case durable(below: UInt32)
        /// No answer of the job can be used any more: close it, then finish. The same job may be opened again later.
        case givenUp
        case tick
    }

    /// What the driver must do, in order.
    public enum Action: Sendable {
        case send(Envelope)
        /// Open the output folder for a run by this model; answer with `ready`. Sent once.
        case openOutput(ModelFingerprint)
        /// Make the next shard; answer with `shardReady` or `inputEnded`.
        case produce
        /// Write a shard's answers. Each shard is written once, in any order.
        case deliver(ShardAnswer)
        case showStatus(ClusterStatus)
        /// Others contradict these workers, by their identities.
        case quarantined([String])
        case finish
        case fail(Failure)
    }

    /// Why the job cannot continue.
    public enum Failure: Hashable, Sendable {
        case refused(Refusal, message: String)
        case jobRefused(JobRefusal, message: String)
        /// The coordinator was silent for this long. The job can be resumed.
        case abandoned(after: Duration)
        /// Answers that are not durable rest on the word of a worker that others contradict. The job can be resumed at once.
        case withdrawn(worker: String)
    }

    /// Which job is to be done.
    public struct Configuration: Sendable {
        /// Name and clocks. The client waits for a coordinator for 120 s.
        public var peer: PeerConfiguration
        /// The policy whose rollouts the predictions are about.
        public var policy: Policy
        /// The job's context set, as encoded for the wire.
        public var context: ContextBlock
        /// Whether shards have row ranges, which the coordinator must be able to forward.
        public var sendsRanges = false
        /// Share of the shards that another worker computes again, in [0, 1].
        public var verify = 0.0

        /// Describes a job.
        public init(name: String, policy: Policy, context: ContextBlock) {
            peer = PeerConfiguration(name: name, abandonTime: .seconds(120))
            self.policy = policy
            self.context = context
        }
    }
}
