import Foundation
import Scoring
import SwiftProtobuf

// The messages with more than two fields, written and read.

extension ProtoHello {
    init(_ hello: Hello) {
        self.init()
        self.protocol = hello.protocolVersion
        name = hello.name.label
        incarnation = hello.incarnation
        switch hello.role {
        case .client: role = .client
        case .trainer: role = .trainer
        case .rollout(let level):
            role = .rollout
            credit = ProtoCredit(level)
        case .worker(let model, let level):
            role = .worker
            fingerprint = ProtoFingerprint(model)
            credit = ProtoCredit(level)
        }
        sideInformation = hello.readsSide
        rowRanges = hello.readsRanges
    }
}

extension Hello {
    init(_ proto: ProtoHello) throws(WireError) {
        let role: Role
        switch proto.role {
        case .client: role = .client
        case .trainer: role = .trainer
        case .rollout: role = .rollout(Credit(proto.credit))
        case .worker: role = .worker(try ModelFingerprint(proto.fingerprint), Credit(proto.credit))
        default: throw .badField("role", found: "\(proto.role.rawValue)")
        }
        self.init(
            role: role, protocolVersion: proto.protocol, name: proto.name.label, incarnation: proto.incarnation,
            readsSide: proto.sideInformation, readsRanges: proto.rowRanges)
    }
}

extension ProtoShardResult {
    init(_ result: ShardResult) {
        self = .with {
            $0.piece = ProtoPieceName(result.piece)
            $0.errors = result.faults.wireErrors
            $0.credit = ProtoCredit(result.credit)
            $0.progress = result.progress
            $0.times = .with {
                $0.queued = result.times.queued.wireMicroseconds
                $0.embedded = result.times.embedded.wireMicroseconds
                $0.predicted = result.times.predicted.wireMicroseconds
            }
        }
    }
}

extension ShardResult {
    init(_ proto: ProtoShardResult, answers: RawFrame) throws(WireError) {
        let piece = try PieceName(proto.piece)
        self.init(
            piece: piece, answers: try AnswerBlock(count: piece.rows.count, bytes: answers),
            faults: try [RowFault](proto.errors, rows: piece.rows.count), credit: Credit(proto.credit),
            progress: proto.progress,
            times: StageTimes(
                queued: .microseconds(Int64(proto.times.queued)), embedded: .microseconds(Int64(proto.times.embedded)),
                predicted: .microseconds(Int64(proto.times.predicted))))
    }
}

extension ProtoSubmitJob {
    init(_ submit: SubmitJob) {
        self = .with {
            $0.job = submit.job.wireBytes
            $0.policy = submit.policy.id.label
            if let version = submit.policy.version { $0.policyVersion = Int64(version) }
            $0.context = submit.context.digest.wireBytes
            $0.contextRows = UInt32(clamping: submit.context.count)
            $0.fingerprint = submit.fingerprint.wireBytes
            $0.confirmedBelow = submit.confirmedBelow
            $0.rowsTotal = UInt64(clamping: submit.rowsTotal)
            $0.rowsConfirmed = UInt64(clamping: submit.rowsConfirmed)
            $0.verify = submit.verify
            $0.poolRows = UInt32(clamping: submit.context.poolCount)
            if !submit.context.schema.isEmpty { $0.side = ProtoSideSchema(submit.context.schema) }
        }
    }
}

extension SubmitJob {
    init(_ proto: ProtoSubmitJob, raw: [RawFrame]) throws(WireError) {
        self.init(
            job: try JobID(proto.job, field: "job"),
            policy: Policy(id: proto.policy.label, version: proto.hasPolicyVersion ? Int(proto.policyVersion) : nil),
            context: try ContextBlock(
                digest: proto.context, rows: proto.contextRows, poolRows: proto.poolRows,
                side: proto.hasSide ? proto.side : nil, raw: raw),
            fingerprint: try Digest(proto.fingerprint, field: "fingerprint"))
        confirmedBelow = proto.confirmedBelow
        rowsTotal = Int(clamping: proto.rowsTotal)
        rowsConfirmed = Int(clamping: proto.rowsConfirmed)
        guard (0.0...1.0).contains(proto.verify) else { throw .badField("verify", found: "\(proto.verify)") }
        verify = proto.verify
    }
}

extension ContextBlock {
    init(digest: Data, rows: UInt32, poolRows: UInt32, side: ProtoSideSchema?, raw: [RawFrame]) throws(WireError) {
        guard rows <= ContextSet.rowsMax else {
            throw .tooLarge("context rows", found: Int(rows), limit: ContextSet.rowsMax)
        }
        guard poolRows <= ContextSet.poolRowsMax else {
            throw .tooLarge("pool rows", found: Int(poolRows), limit: ContextSet.poolRowsMax)
        }
        var schema = SideSchema.none
        if let side { schema = try SideSchema(side) }
        try self.init(
            digest: try Digest(digest, field: "digest"),
            texts: try TextBlock(
                count: Int(rows + poolRows), lengthsFrame: raw[0], bytes: raw[1], side: side == nil ? nil : raw[3]),
            outcomes: raw[2], schema: schema, poolCount: Int(poolRows))
    }
}
