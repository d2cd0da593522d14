public import Scoring

/// Everything that is said in the cluster; `proto/PROTOCOL.md` tells who says what when.
public enum Message: Hashable, Sendable {
    case hello(Hello)
    case welcome(Welcome)
    case refused(Refusal, message: String)
    case whoAreYou
    case dismissed(incarnation: UInt64)
    case heartbeat(Heartbeat)
    case clusterStatus(ClusterStatus)
    case drain
    case bye
    case context(ContextBlock)
    case contextWanted(Digest)
    case shard(PieceName, context: Digest, texts: TextBlock)
    case shardResult(ShardResult)
    case shardReturned(PieceName, ReturnReason)
    case submitJob(SubmitJob)
    case jobAccepted(JobAccepted)
    case jobRefused(JobID, JobRefusal, message: String)
    case submitShard(SubmitShard)
    case shardAnswer(ShardAnswer)
    case confirm(JobID, below: UInt32)
    case closeJob(JobID)
    case jobClosed(JobID)
    case requestPlan(RequestPlan)
    case requestRefused(RequestRefused)
    case budgets(PlanName, [PlannedBudget])
    case planEnd(PlanName, PlanEnd)
    case followPlan(PlanName, groupsAfter: Int)
    case groupDone(PlanName, GroupDone)
    case assignment(Assignment)
    case rewards(Rewards)
    case rewardsRecorded(RewardsRecorded)
    case assignmentReturned(AssignmentName, AssignmentReturn)
    case reportOutcomes(ReportOutcomes)
    case outcomesRecorded(OutcomesRecorded)
    case requestScores(RequestScores)
    case scores(Scores)
}

/// A message and the coordinator's generation that its sender knows (0: none yet).
public struct Envelope: Hashable, Sendable {
    /// The coordinator's life.
    public var generation: UInt64
    /// What is said.
    public var message: Message

    /// Puts a message under a generation.
    public init(generation: UInt64, _ message: Message) {
        self.generation = generation
        self.message = message
    }
}

/// The first word of a worker or client.
public struct Hello: Hashable, Sendable {
    /// What the sender is, with what only such a peer has.
    public enum Role: Hashable, Sendable {
        case worker(ModelFingerprint, Credit)
        case client
        /// Asks for plans, reports outcomes.
        case trainer
        /// Takes assignments: rows of its credit are assignments, tokens are rollouts.
        case rollout(Credit)
    }
    /// What the sender is.
    public var role: Role
    /// The protocol version it speaks.
    public var protocolVersion: UInt32
    /// Stable over restarts.
    public var name: String
    /// One life of one process.
    public var incarnation: UInt64

    /// Introduces a peer.
    public init(role: Role, protocolVersion: UInt32 = Limits.protocolVersion, name: String, incarnation: UInt64) {
        self.role = role
        self.protocolVersion = protocolVersion
        self.name = name
        self.incarnation = incarnation
    }
}

/// How much work a worker will have in hand: a level, so a lost message loses no credit.
public struct Credit: Hashable, Sendable {
    /// Prompts.
    public var rows: Int
    /// Estimated tokens.
    public var tokens: Int
    /// Pieces of shards, from `Limits.piecesInHandMin` to `Limits.piecesInHandMax`.
    public var pieces: Int

    /// Grants a level; pieces beyond their bounds are brought to the nearer one.
    public init(rows: Int, tokens: Int, pieces: Int = Limits.piecesInHandMin) {
        self.rows = rows
        self.tokens = tokens
        self.pieces = min(max(pieces, Limits.piecesInHandMin), Limits.piecesInHandMax)
    }

    /// Nothing more.
    public static let none = Credit(rows: 0, tokens: 0)
}

/// The coordinator's answer to a Hello.
public struct Welcome: Hashable, Sendable {
    /// Whose Hello is answered.
    public var incarnation: UInt64
    /// Speak at least this often.
    public var heartbeatInterval: Duration
    /// Work without progress for this long is taken back.
    public var leaseTime: Duration
    /// The model the cluster works with; `nil` until a worker has come.
    public var fingerprint: ModelFingerprint?

    /// Answers a Hello.
    public init(
        incarnation: UInt64, heartbeatInterval: Duration, leaseTime: Duration, fingerprint: ModelFingerprint? = nil
    ) {
        self.fingerprint = fingerprint
        self.incarnation = incarnation
        self.heartbeatInterval = heartbeatInterval
        self.leaseTime = leaseTime
    }
}

/// Why a peer may not take part.
public enum Refusal: Hashable, Sendable {
    case protocolVersion
    case fingerprint
    case capacity
}

/// Why a job is not taken.
public enum JobRefusal: Hashable, Sendable {
    case fingerprint
    case capacity
    case context
}

/// Why a worker gives work back undone.
public enum ReturnReason: Hashable, Sendable {
    case overCredit
    case draining
}

/// A run of rows of one shard in a worker's hands, the `attempt`-th time it was lent.
public struct PieceName: Hashable, Sendable {
    /// The job that the shard belongs to.
    public var job: JobID
    /// The shard's number in its job, from 0.
    public var shard: UInt32
    /// The piece's first row, counted within the shard from 0.
    public var firstRow: UInt32
    /// How many rows the piece has, at least 1.
    public var rows: UInt32
    /// The how-manieth lending this is, from 1.
    public var attempt: UInt32

    /// Names a piece.
    public init(job: JobID, shard: UInt32, firstRow: UInt32, rows: UInt32, attempt: UInt32) {
        self.job = job
        self.shard = shard
        self.firstRow = firstRow
        self.rows = rows
        self.attempt = attempt
    }

    /// The piece's rows within the shard.
    public var range: Range<Int> { Int(firstRow)..<Int(firstRow) + Int(rows) }
}

/// Life and progress of a worker or client.
public struct Heartbeat: Hashable, Sendable {
    /// The sender's life: 64 random bits.
    public var incarnation: UInt64
    /// What a worker will have in hand; none from a client.
    public var credit: Credit
    /// A number that a worker raises as it works; 0 from a client.
    public var progress: UInt64
    /// Pieces lent to this worker and not answered: only these have their leases renewed.
    public var inHand: [PieceName]
    /// Assignments lent to this rollout worker and not recorded: the same holds for them.
    public var assignments: [AssignmentName]

    /// Reports.
    public init(
        incarnation: UInt64, credit: Credit = .none, progress: UInt64 = 0, inHand: [PieceName] = [],
        assignments: [AssignmentName] = []
    ) {
        self.incarnation = incarnation
        self.credit = credit
        self.progress = progress
        self.inHand = inHand
        self.assignments = assignments
    }
}

/// What a progress line shows of the cluster.
public struct ClusterStatus: Hashable, Sendable {
    /// Workers that are alive, whether they have work or not.
    public var workers: Int
    /// Pieces of any job in the queue, to be lent.
    public var shardsPending: Int
    /// Pieces of any job in the hands of workers.
    public var shardsLeased: Int

    /// Counts.
    public init(workers: Int, shardsPending: Int, shardsLeased: Int) {
        self.workers = workers
        self.shardsPending = shardsPending
        self.shardsLeased = shardsLeased
    }
}

/// What went wrong with one row.
public struct RowFault: Hashable, Sendable {
    /// Index within the piece or shard.
    public var row: UInt32
    /// `snake_case`, for programs.
    public var code: String
    /// For people: what, where, what to do.
    public var message: String

    /// Tells of a row.
    public init(row: UInt32, code: String, message: String) {
        self.row = row
        self.code = code
        self.message = message
    }
}

/// Where a shard's time went.
public struct StageTimes: Hashable, Sendable {
    /// In hand before it was begun; zero from a worker that does not measure it, as ours does not.
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

/// A piece done.
public struct ShardResult: Hashable, Sendable {
    /// Which piece, and which lending of it.
    public var piece: PieceName
    /// A record for each of the piece's rows, in order; zeros where there is a fault.
    public var answers: AnswerBlock
    /// Rows without a prediction, counted within the piece.
    public var faults: [RowFault]
    /// What the worker will have in hand from now on.
    public var credit: Credit
    /// The worker's progress, as in a heartbeat.
    public var progress: UInt64
    /// Where the piece's time went at the worker.
    public var times: StageTimes

    /// Reports a piece.
    public init(
        piece: PieceName, answers: AnswerBlock, faults: [RowFault], credit: Credit, progress: UInt64,
        times: StageTimes = StageTimes()
    ) {
        self.piece = piece
        self.answers = answers
        self.faults = faults
        self.credit = credit
        self.progress = progress
        self.times = times
    }
}

/// Opens a job, or takes it up again.
public struct SubmitJob: Hashable, Sendable {
    /// Drawn by the client once, and kept with its output.
    public var job: JobID
    /// Whose rollouts the predictions are about.
    public var policy: Policy
    /// The context set that every row of the job is predicted under.
    public var context: ContextBlock
    /// The model the job is done by.
    public var fingerprint: Digest
    /// Shards below are durable with the client.
    public var confirmedBelow: UInt32

    /// Describes a job.
    public init(job: JobID, policy: Policy, context: ContextBlock, fingerprint: Digest, confirmedBelow: UInt32) {
        self.job = job
        self.policy = policy
        self.context = context
        self.fingerprint = fingerprint
        self.confirmedBelow = confirmedBelow
    }
}

/// The terms on which a job is taken.
public struct JobAccepted: Hashable, Sendable {
    /// The job that is taken.
    public var job: JobID
    /// Rows that may be submitted and not yet confirmed.
    public var windowRows: Int
    /// Tokens that may be submitted and not yet answered.
    public var windowTokens: Int
    /// Shards that need not be submitted again.
    public var held: [UInt32]

    /// States the terms.
    public init(
        job: JobID, windowRows: Int, windowTokens: Int, held: [UInt32] = []
    ) {
        self.held = held
        self.job = job
        self.windowRows = windowRows
        self.windowTokens = windowTokens
    }
}

/// Rows of a job, in corpus order.
public struct SubmitShard: Hashable, Sendable {
    /// The job that the shard belongs to.
    public var job: JobID
    /// The shard's number in its job, from 0.
    public var shard: UInt32
    /// Tokens of its texts, as the client estimates them: some four bytes each.
    public var tokens: Int
    /// Equal for equal texts; decides which worker gets the shard by preference.
    public var affinity: UInt64
    /// The shard's prompts, in corpus order.
    public var texts: TextBlock

    /// Hands in a shard.
    public init(job: JobID, shard: UInt32, tokens: Int, affinity: UInt64, texts: TextBlock) {
        self.job = job
        self.shard = shard
        self.tokens = tokens
        self.affinity = affinity
        self.texts = texts
    }
}

/// A shard answered.
public struct ShardAnswer: Hashable, Sendable {
    /// The job that the shard belongs to.
    public var job: JobID
    /// The shard's number in its job, from 0.
    public var shard: UInt32
    /// A record for each of the shard's rows, in order; zeros where there is a fault.
    public var answers: AnswerBlock
    /// Rows without a prediction, counted within the shard.
    public var faults: [RowFault]

    /// Answers a shard.
    public init(job: JobID, shard: UInt32, answers: AnswerBlock, faults: [RowFault]) {
        self.job = job
        self.shard = shard
        self.answers = answers
        self.faults = faults
    }
}
