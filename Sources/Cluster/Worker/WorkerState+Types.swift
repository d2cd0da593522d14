public import Scoring
public import Wire

// Events and actions of the worker's machine, its exits and its configuration.

extension WorkerState {
    /// What happened.
    public enum Event: Sendable {
        /// The driver has started: the first event, once.
        case started
        case received(Envelope)
        /// The inference thread has done a few prompts more.
        case progressed
        /// The context is prepared, or cannot be: then every row of its shards gets this error.
        case contextPrepared(Digest, failure: ContextFailure?)
        case computed(PieceName, AnswerBlock, [RowFault], StageTimes)
        /// The model cannot answer and gave up; all pieces go to others.
        case modelUnavailable(String)
        /// SIGTERM: finish the pieces held, accept no more, leave.
        case drainRequested
        case tick
    }

    /// Why a context cannot be prepared.
    public struct ContextFailure: Hashable, Sendable {
        /// Code of the faults that the rows of its shards get; `snake_case`.
        public let code: String
        /// For people.
        public let message: String

        /// States a failure.
        public init(code: String = "context_failed", message: String) {
            self.code = code
            self.message = message
        }
    }

    /// What the driver must do, in order.
    public enum Action: Sendable {
        case send(Envelope)
        /// Fit a context; answer with `contextPrepared`.
        case prepare(ContextBlock)
        /// Free a prepared context.
        case forget(Digest)
        /// Score rows; answer with `computed`.
        case score(PieceName, context: Digest, ShardContent)
        /// Leave; the process ends.
        case exit(Exit)
    }

    /// Why the worker leaves.
    public enum Exit: Hashable, Sendable {
        case drained
        /// What the model needs does not answer; why.
        case modelUnavailable(String)
        case refused(Refusal, message: String)
        /// The coordinator was silent for the time allowed.
        case abandoned(after: Duration)
    }

    /// Who the worker is and what it accepts.
    public struct Configuration: Sendable {
        /// Name and clocks. It waits for a coordinator for 600 s.
        public var peer: PeerConfiguration
        /// What it predicts with.
        public var fingerprint: ModelFingerprint
        /// How much it holds at a time.
        public var credit: Credit
        /// Whether it reads row ranges.
        public var readsRanges = false

        /// Describes a worker.
        public init(name: String, fingerprint: ModelFingerprint, credit: Credit) {
            peer = PeerConfiguration(name: name, abandonTime: .seconds(600))
            self.fingerprint = fingerprint
            self.credit = credit
        }
    }
}
