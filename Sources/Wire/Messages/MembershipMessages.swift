public import Scoring

// How peers join the cluster, stay in it and leave it.

/// Introduces a peer to the coordinator.
public struct Hello: Hashable, Sendable {
    /// What the sender is, with what only such a peer has.
    public enum Role: Hashable, Sendable {
        case worker(ModelFingerprint, Credit)
        case client
        /// Asks for plans, reports outcomes.
        case trainer
        /// Rolls out assignments: rows of its credit are assignments, tokens are rollouts.
        case rollout(Credit)
    }
    /// What the sender is.
    public var role: Role
    /// The protocol version it speaks.
    public var protocolVersion: UInt32
    /// Stable over restarts.
    public var name: String
    /// Drawn anew when a process starts.
    public var incarnation: UInt64
    /// Whether a worker reads side information; one of an older version does not, and is lent none.
    public var readsSide: Bool

    /// Introduces a peer.
    public init(
        role: Role, protocolVersion: UInt32 = Limits.protocolVersion, name: String, incarnation: UInt64,
        readsSide: Bool = false
    ) {
        self.readsSide = readsSide
        self.role = role
        self.protocolVersion = protocolVersion
        self.name = name
        self.incarnation = incarnation
    }
}

/// How much work a worker wants to hold: a level, so that a lost message loses no credit.
public struct Credit: Hashable, Sendable {
    /// Prompts.
    public var rows: Int
    /// Estimated tokens.
    public var tokens: Int
    /// Pieces of shards, from `Limits.heldPiecesMin` to `Limits.heldPiecesMax`.
    public var pieces: Int

    /// Grants a level; pieces beyond their bounds are brought to the nearer one.
    public init(rows: Int, tokens: Int, pieces: Int = Limits.heldPiecesMin) {
        self.rows = rows
        self.tokens = tokens
        self.pieces = min(max(pieces, Limits.heldPiecesMin), Limits.heldPiecesMax)
    }

    /// Nothing more.
    public static let none = Credit(rows: 0, tokens: 0)
}

/// The coordinator's answer to a Hello.
public struct Welcome: Hashable, Sendable {
    /// Incarnation of the peer whose Hello this answers.
    public var incarnation: UInt64
    /// A peer must send something at least this often.
    public var heartbeatInterval: Duration
    /// Work without progress for this long is given to another worker.
    public var leaseTime: Duration
    /// The model the cluster works with; `nil` until a worker has come.
    public var fingerprint: ModelFingerprint?
    /// Whether the coordinator reads side information; one of an older version does not, and must be sent none.
    public var readsSide: Bool

    /// Answers a Hello.
    public init(
        incarnation: UInt64, heartbeatInterval: Duration, leaseTime: Duration, fingerprint: ModelFingerprint? = nil,
        readsSide: Bool = false
    ) {
        self.readsSide = readsSide
        self.fingerprint = fingerprint
        self.incarnation = incarnation
        self.heartbeatInterval = heartbeatInterval
        self.leaseTime = leaseTime
    }
}

/// Why a peer may not join.
public enum Refusal: Hashable, Sendable {
    case protocolVersion
    case fingerprint
    case capacity
}

/// Shows that a worker or client is alive, and how much it has done.
public struct Heartbeat: Hashable, Sendable {
    /// The sender's incarnation: 64 random bits, drawn when it starts.
    public var incarnation: UInt64
    /// How much a worker wants to hold; none from a client.
    public var credit: Credit
    /// A number that a worker raises as it works; 0 from a client.
    public var progress: UInt64
    /// Pieces lent to this worker and not answered: only these have their leases renewed.
    public var held: [PieceName]
    /// Assignments lent to this rollout worker and not recorded: the same holds for them.
    public var assignments: [AssignmentName]

    /// Reports.
    public init(
        incarnation: UInt64, credit: Credit = .none, progress: UInt64 = 0, held: [PieceName] = [],
        assignments: [AssignmentName] = []
    ) {
        self.incarnation = incarnation
        self.credit = credit
        self.progress = progress
        self.held = held
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
