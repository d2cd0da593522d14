import Scoring

/// The bounds of messages, which both ends of the wire keep. A message beyond one is refused, counted and dropped.
/// `PlanLimits` has those of plans, outcomes and ids.
public enum Limits {
    /// The protocol's version, named in every Hello.
    public static let protocolVersion: UInt32 = 1
    /// Bytes of one message, all frames together; given to libzmq as well.
    public static let messageBytesMax = 64 << 20
    /// Bytes of the first frame. A few bytes there become a structure in memory, so it is bounded more tightly.
    public static let headerBytesMax = 4 << 20
    /// Header, lengths, texts, outcomes, side information.
    public static let framesMax = 5
    /// Rows of one shard.
    public static let shardRowsMax = 4096
    /// Bytes of one prompt's text.
    public static let textBytesMax = PlanLimits.textBytes.upperBound
    /// Bytes of the row ranges of a shard.
    public static let rangesBytesMax = 1 << 20
    /// Bytes of a name, an id or a message for people.
    public static let labelBytesMax = PlanLimits.idBytes.upperBound
    /// Bytes of a fault's code.
    public static let codeBytesMax = 64
    /// Bytes of all messages of one answer's faults; with codes, numbers and `sourcesBytesMax` they fit into a header.
    public static let faultMessagesBytesMax = 2 << 20
    /// Bytes of what an answer says of who computed its rows: as much as 4,096 rows of as many workers need, without what
    /// their names say beyond their identities.
    public static let sourcesBytesMax = 5 << 18
    /// Workers that an answer names as having computed the same.
    public static let verifiersMax = 8
    /// Bytes of a worker's name, and of its key's, in an answer.
    public static let workerNameBytesMax = 256
    /// Workers in quarantine that a message names.
    public static let quarantinedMax = 256
    /// Pieces that every worker may hold: one running, one waiting, so that it never idles for a round trip.
    public static let heldPiecesMin = 2
    /// Pieces that a worker may hold if it is faster than a message.
    public static let heldPiecesMax = 64
    /// Both bounds.
    package static let heldPieces = heldPiecesMin...heldPiecesMax
    /// Shards that a worker names as held.
    public static let piecesMax = 64
    /// Assignments that a rollout worker names as held.
    public static let assignmentsMax = 1024
    /// Bytes of a rollout's reference: where a rollout worker stored it. A group has some two thousand of them at most,
    /// which return in one header.
    public static let referenceBytesMax = 1024
    /// Bytes of a header's repeated part, about, beyond which budgets and answers to reports continue in another
    /// message.
    public static let partBytesMax = 1 << 20
}
