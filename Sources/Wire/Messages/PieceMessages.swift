// What the coordinator and a worker send about a piece of a shard.

/// A run of rows of one shard that a worker holds, in its `attempt`-th lending.
public struct PieceName: Hashable, Sendable {
    /// The job that the shard belongs to.
    public var job: JobID
    /// The shard's number in its job, from 0.
    public var shard: UInt32
    /// The piece's first row, counted within the shard from 0.
    public var firstRow: UInt32
    /// How many rows the piece has, at least 1.
    public var rows: UInt32
    /// Number of this lending of the rows, from 1.
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

/// A worker's answer to a piece.
public struct ShardResult: Hashable, Sendable {
    /// The piece, with the number of its lending.
    public var piece: PieceName
    /// A record for each of the piece's rows, in order; zeros where there is a fault.
    public var answers: AnswerBlock
    /// Rows without a prediction, counted within the piece.
    public var faults: [RowFault]
    /// How much the worker wants to hold from now on.
    public var credit: Credit
    /// The worker's progress, as in a heartbeat.
    public var progress: UInt64
    /// The piece's time at the worker.
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

/// What went wrong with one row.
public struct RowFault: Hashable, Sendable {
    /// Index within the piece or shard.
    public var row: UInt32
    /// `snake_case`, for programs.
    public var code: String
    /// For people: what, where, what to do.
    public var message: String

    /// Describes a row's fault.
    public init(row: UInt32, code: String, message: String) {
        self.row = row
        self.code = code
        self.message = message
    }
}

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

/// Why a worker returns a piece undone.
public enum ReturnReason: Hashable, Sendable {
    case overCredit
    case draining
}
