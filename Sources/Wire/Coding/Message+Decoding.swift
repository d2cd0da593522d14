import Scoring

/// Reads messages from protobuf bodies and raw frames. Everything is checked here, so that no later code has to.
extension Message {
    /// - Throws: what is wrong with the first field or frame that is not as it should be.
    init(_ body: ProtoEnvelope.OneOf_Body, raw: [RawFrame]) throws(WireError) {
        let expected = body.rawFrameCount
        guard raw.count == expected else { throw .frameCount(found: raw.count + 1, expected: expected + 1) }
        switch body {
        case .hello(let hello): self = .hello(try Hello(hello))
        case .welcome(let welcome):
            self = .welcome(
                Welcome(
                    incarnation: welcome.incarnation,
                    heartbeatInterval: try .milliseconds(welcome.heartbeatMs, field: "heartbeat_ms"),
                    leaseTime: try .milliseconds(welcome.leaseMs, field: "lease_ms"),
                    fingerprint: welcome.hasFingerprint ? try ModelFingerprint(welcome.fingerprint) : nil,
                    readsSide: welcome.sideInformation, readsRanges: welcome.rowRanges,
                    verifies: welcome.verification))
        case .refused(let refused):
            self = .refused(try Refusal(refused.reason), message: refused.message.label)
        case .whoAreYou: self = .whoAreYou
        case .dismissed(let dismissed): self = .dismissed(incarnation: dismissed.incarnation)
        case .heartbeat(let heartbeat):
            guard heartbeat.held.count <= Limits.piecesMax else {
                throw .tooLarge("held", found: heartbeat.held.count, limit: Limits.piecesMax)
            }
            var held: [PieceName] = []
            for piece in heartbeat.held { held.append(try PieceName(piece)) }
            guard heartbeat.assignments.count <= Limits.assignmentsMax else {
                throw .tooLarge("assignments", found: heartbeat.assignments.count, limit: Limits.assignmentsMax)
            }
            var assignments: [AssignmentName] = []
            for name in heartbeat.assignments { assignments.append(try AssignmentName(name)) }
            self = .heartbeat(
                Heartbeat(
                    incarnation: heartbeat.incarnation, credit: Credit(heartbeat.credit), progress: heartbeat.progress,
                    held: held, assignments: assignments))
        case .clusterStatus(let status):
            self = .clusterStatus(
                ClusterStatus(
                    workers: Int(status.workers), shardsPending: Int(status.shardsPending),
                    shardsLeased: Int(status.shardsLeased), rangeWorkers: Int(status.rangeWorkers)))
        case .drain: self = .drain
        case .bye: self = .bye
        case .context(let context):
            self = .context(
                try ContextBlock(
                    digest: context.digest, rows: context.rows, poolRows: context.poolRows,
                    side: context.hasSide ? context.side : nil, raw: raw))
        case .contextWanted(let wanted): self = .contextWanted(try Digest(wanted.digest, field: "digest"))
        case .shard(let shard):
            let piece = try PieceName(shard.piece)
            self = .shard(
                piece, context: try Digest(shard.context, field: "context"),
                try ShardContent(count: piece.rows.count, raw, isRanges: shard.ranges, hasSide: shard.side))
        case .shardResult(let result): self = .shardResult(try ShardResult(result, answers: raw[0]))
        case .shardReturned(let returned):
            self = .shardReturned(try PieceName(returned.piece), try ReturnReason(returned.reason))
        case .submitJob(let job): self = .submitJob(try SubmitJob(job, raw: raw))
        case .jobAccepted(let accepted):
            guard accepted.quarantined.count <= Limits.quarantinedMax else {
                throw .tooLarge("quarantined", found: accepted.quarantined.count, limit: Limits.quarantinedMax)
            }
            self = .jobAccepted(
                JobAccepted(
                    job: try JobID(accepted.job, field: "job"), windowRows: Int(accepted.windowRows),
                    windowTokens: Int(accepted.windowTokens), held: accepted.held,
                    quarantined: accepted.quarantined.map { $0.cut(to: Limits.workerNameBytesMax) }))
        case .jobRefused(let refused):
            self = .jobRefused(
                try JobID(refused.job, field: "job"), try JobRefusal(refused.reason), message: refused.message.label)
        case .submitShard(let shard):
            let rows = try Self.checkedRows(shard.rows)
            self = .submitShard(
                SubmitShard(
                    job: try JobID(shard.job, field: "job"), shard: shard.shard, tokens: Int(shard.tokens),
                    affinity: shard.affinity,
                    content: try ShardContent(count: rows, raw, isRanges: shard.ranges, hasSide: shard.side)))
        case .shardAnswer(let answer):
            let rows = try Self.checkedRows(answer.rows)
            self = .shardAnswer(
                ShardAnswer(
                    job: try JobID(answer.job, field: "job"), shard: answer.shard,
                    answers: try AnswerBlock(count: rows, bytes: raw[0]),
                    faults: try [RowFault](answer.errors, rows: rows),
                    sources: try [AnswerSource](answer.sources, rows: rows)))
        case .confirm(let confirm): self = .confirm(try JobID(confirm.job, field: "job"), below: confirm.below)
        case .closeJob(let close): self = .closeJob(try JobID(close.job, field: "job"))
        case .jobClosed(let closed): self = .jobClosed(try JobID(closed.job, field: "job"))
        case .requestPlan, .requestRefused, .budgets, .planEnd, .followPlan, .groupDone, .assignment, .rewards,
            .rewardsRecorded, .assignmentReturned, .reportOutcomes, .outcomesRecorded, .requestScores, .scores,
            .dropPlans, .plansDropped:
            guard let message = try Message(plan: body, raw: raw) else { throw .undecodable }
            self = message
        }
    }

    static func checkedRows(_ rows: UInt32) throws(WireError) -> Int {
        guard rows >= 1 else { throw .badField("rows", found: "0") }
        guard rows <= Limits.shardRowsMax else {
            throw .tooLarge("rows", found: Int(rows), limit: Limits.shardRowsMax)
        }
        return Int(rows)
    }
}

extension ProtoEnvelope.OneOf_Body {
    /// Raw frames behind the header.
    var rawFrameCount: Int {
        switch self {
        case .context(let context): context.hasSide ? 4 : 3
        case .submitJob(let job): job.hasSide ? 4 : 3
        case .shard(let shard): (shard.ranges ? 1 : 2) + (shard.side ? 1 : 0)
        case .submitShard(let shard): (shard.ranges ? 1 : 2) + (shard.side ? 1 : 0)
        case .requestScores: 3
        case .requestPlan, .reportOutcomes, .assignment: 2
        case .shardResult, .shardAnswer, .scores: 1
        default: 0
        }
    }
}
