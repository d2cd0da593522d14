import Wire

/// The kinds of messages, in the order of the envelope's fields. A new message does not compile until it is here.
enum Kind: Int, CaseIterable {
    case hello, welcome, refused, whoAreYou, dismissed, heartbeat, clusterStatus, drain, bye, context, contextWanted
    case shard, shardResult, shardReturned, submitJob, jobAccepted, jobRefused, submitShard, shardAnswer, confirm
    case closeJob, jobClosed
    case requestPlan, requestRefused, budgets, planEnd, followPlan, groupDone, assignment, rewards, rewardsRecorded
    case assignmentReturned, reportOutcomes, outcomesRecorded, requestScores, scores, dropPlans, plansDropped

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
            case .requestPlan: .requestPlan
            case .requestRefused: .requestRefused
            case .budgets: .budgets
            case .planEnd: .planEnd
            case .followPlan: .followPlan
            case .groupDone: .groupDone
            case .assignment: .assignment
            case .rewards: .rewards
            case .rewardsRecorded: .rewardsRecorded
            case .assignmentReturned: .assignmentReturned
            case .reportOutcomes: .reportOutcomes
            case .outcomesRecorded: .outcomesRecorded
            case .requestScores: .requestScores
            case .scores: .scores
            case .dropPlans: .dropPlans
            case .plansDropped: .plansDropped
            }
    }

    /// Raw frames behind the header, as PROTOCOL.md has them; a shard of row ranges has one.
    var rawFrames: Int {
        switch self {
        case .context, .submitJob, .requestScores: 3
        case .shard, .submitShard, .requestPlan, .assignment, .reportOutcomes: 2
        case .shardResult, .shardAnswer, .scores: 1
        default: 0
        }
    }
}

extension Message {
    /// Whether it is a shard of row ranges.
    var hasRanges: Bool {
        switch self {
        case .shard(_, _, let content): content.isRanges
        case .submitShard(let shard): shard.content.isRanges
        default: false
        }
    }
}
