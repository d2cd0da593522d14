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
