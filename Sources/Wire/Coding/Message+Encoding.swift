import Scoring
import SwiftProtobuf

/// Writes messages as protobuf bodies and raw frames; the only place that decides how.
extension Message {
    /// The envelope's body and the raw frames behind it.
    var encoded: (ProtoEnvelope.OneOf_Body, [RawFrame]) {
        switch self {
        case .hello(let hello): (.hello(ProtoHello(hello)), [])
        case .welcome(let welcome):
            (
                .welcome(
                    .with {
                        $0.incarnation = welcome.incarnation
                        $0.heartbeatMs = welcome.heartbeatInterval.wireMilliseconds
                        $0.leaseMs = welcome.leaseTime.wireMilliseconds
                        if let model = welcome.fingerprint { $0.fingerprint = ProtoFingerprint(model) }
                        $0.sideInformation = welcome.readsSide
                        $0.rowRanges = welcome.readsRanges
                        $0.verification = welcome.verifies
                    }), []
            )
        case .refused(let reason, let message):
            (
                .refused(
                    .with {
                        $0.reason = reason.proto
                        $0.message = message.label
                    }), []
            )
        case .whoAreYou: (.whoAreYou(ProtoWhoAreYou()), [])
        case .dismissed(let incarnation): (.dismissed(.with { $0.incarnation = incarnation }), [])
        case .heartbeat(let heartbeat):
            (
                .heartbeat(
                    .with {
                        $0.incarnation = heartbeat.incarnation
                        $0.credit = ProtoCredit(heartbeat.credit)
                        $0.progress = heartbeat.progress
                        $0.held = heartbeat.held.prefix(Limits.piecesMax).map(ProtoPieceName.init)
                        $0.assignments = heartbeat.assignments.prefix(Limits.assignmentsMax)
                            .map(ProtoAssignmentName.init)
                    }), []
            )
        case .clusterStatus(let status):
            (
                .clusterStatus(
                    .with {
                        $0.workers = UInt32(clamping: status.workers)
                        $0.shardsPending = UInt32(clamping: status.shardsPending)
                        $0.shardsLeased = UInt32(clamping: status.shardsLeased)
                        $0.rangeWorkers = UInt32(clamping: status.rangeWorkers)
                    }), []
            )
        case .drain: (.drain(ProtoDrain()), [])
        case .bye: (.bye(ProtoBye()), [])
        case .context(let context):
            (
                .context(
                    .with {
                        $0.digest = context.digest.wireBytes
                        $0.rows = UInt32(clamping: context.count)
                        $0.poolRows = UInt32(clamping: context.poolCount)
                        if !context.schema.isEmpty { $0.side = ProtoSideSchema(context.schema) }
                    }), context.frames
            )
        case .contextWanted(let digest): (.contextWanted(.with { $0.digest = digest.wireBytes }), [])
        case .shard(let piece, let context, let content):
            (
                .shard(
                    .with {
                        $0.piece = ProtoPieceName(piece)
                        $0.context = context.wireBytes
                        $0.side = content.side != nil
                        $0.ranges = content.isRanges
                    }), content.frames
            )
        case .shardResult(let result): (.shardResult(ProtoShardResult(result)), [result.answers.bytes])
        case .shardReturned(let piece, let reason):
            (
                .shardReturned(
                    .with {
                        $0.piece = ProtoPieceName(piece)
                        $0.reason = reason.proto
                    }), []
            )
        case .submitJob(let job): (.submitJob(ProtoSubmitJob(job)), job.context.frames)
        case .jobAccepted(let accepted):
            (
                .jobAccepted(
                    .with {
                        $0.job = accepted.job.wireBytes
                        $0.windowRows = UInt32(clamping: accepted.windowRows)
                        $0.windowTokens = UInt32(clamping: accepted.windowTokens)
                        $0.held = accepted.held
                        $0.quarantined = accepted.quarantined.prefix(Limits.quarantinedMax)
                            .map { $0.cut(to: Limits.workerNameBytesMax) }
                    }), []
            )
        case .jobRefused(let job, let reason, let message):
            (
                .jobRefused(
                    .with {
                        $0.job = job.wireBytes
                        $0.reason = reason.proto
                        $0.message = message.label
                    }), []
            )
        case .submitShard(let shard):
            (
                .submitShard(
                    .with {
                        $0.job = shard.job.wireBytes
                        $0.shard = shard.shard
                        $0.rows = UInt32(clamping: shard.content.count)
                        $0.tokens = UInt32(clamping: shard.tokens)
                        $0.affinity = shard.affinity
                        $0.side = shard.content.side != nil
                        $0.ranges = shard.content.isRanges
                    }), shard.content.frames
            )
        case .shardAnswer(let answer):
            (
                .shardAnswer(
                    .with {
                        $0.job = answer.job.wireBytes
                        $0.shard = answer.shard
                        $0.rows = UInt32(clamping: answer.answers.count)
                        $0.errors = answer.faults.wireErrors
                        $0.sources = answer.sources.map(ProtoAnswerSource.init)
                    }), [answer.answers.bytes]
            )
        case .confirm(let job, let below):
            (
                .confirm(
                    .with {
                        $0.job = job.wireBytes
                        $0.below = below
                    }), []
            )
        case .closeJob(let job): (.closeJob(.with { $0.job = job.wireBytes }), [])
        case .jobClosed(let job): (.jobClosed(.with { $0.job = job.wireBytes }), [])
        case .requestPlan, .requestRefused, .budgets, .planEnd, .followPlan, .groupDone, .assignment, .rewards,
            .rewardsRecorded, .assignmentReturned, .reportOutcomes, .outcomesRecorded, .requestScores, .scores,
            .dropPlans, .plansDropped:
            planEncoded
        }
    }
}
