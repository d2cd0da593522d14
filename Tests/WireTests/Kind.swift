import Wire

/// The kinds of messages, in the order of the envelope's fields. A new message does not compile until it is here.
enum Kind: Int, CaseIterable {
    case hello, welcome, refused, whoAreYou, dismissed, heartbeat, clusterStatus, drain, bye, context, contextWanted
    case shard, shardResult, shardReturned, submitJob, jobAccepted, jobRefused, submitShard, shardAnswer, confirm
    case closeJob, jobClosed

    init(of message: Message) {
        self =
            switch message {
            case .hello: .hello
            case .welcome: .welcome
            case .refused: .refused
            case .whoAreYou: .whoAreYou
            case .dismissed: .dismissed
            case .heartbeat: .heartbeat
            case .clusterStatus: .clusterStatus
            case .drain: .drain
            case .bye: .bye
            case .context: .context
            case .contextWanted: .contextWanted
            case .shard: .shard
            case .shardResult: .shardResult
            case .shardReturned: .shardReturned
            case .submitJob: .submitJob
            case .jobAccepted: .jobAccepted
            case .jobRefused: .jobRefused
            case .submitShard: .submitShard
            case .shardAnswer: .shardAnswer
            case .confirm: .confirm
            case .closeJob: .closeJob
            case .jobClosed: .jobClosed
            }
    }

    /// Raw frames behind the header, as PROTOCOL.md has them.
    var rawFrames: Int {
        switch self {
        case .context, .submitJob: 3
        case .shard, .submitShard: 2
        case .shardResult, .shardAnswer: 1
        default: 0
        }
    }
}
