import SwiftProtobuf

// Who computed the rows of an answer, written and read.

extension ProtoAnswerSource {
    init(_ source: AnswerSource) {
        self = .with {
            $0.rows = UInt32(clamping: source.rows)
            if let worker = source.worker { $0.worker = Worker(worker) }
            $0.verifiedBy = source.verifiedBy.prefix(Limits.verifiersMax).map(Worker.init)
            $0.unverified = source.isUnverified
        }
    }
}

extension ProtoAnswerSource.Worker {
    fileprivate init(_ worker: WorkerLabel) {
        self = .with {
            $0.name = worker.name.cut(to: Limits.workerNameBytesMax)
            $0.key = (worker.key ?? "").cut(to: Limits.workerNameBytesMax)
        }
    }
}

extension WorkerLabel {
    fileprivate init(_ proto: ProtoAnswerSource.Worker) {
        self.init(name: proto.name, key: proto.key.isEmpty ? nil : proto.key)
    }
}

extension [AnswerSource] {
    /// Either none, or the rows of all add up to those of the shard.
    init(_ protos: [ProtoAnswerSource], rows: Int) throws(WireError) {
        self = []
        var found = 0
        for proto in protos {
            let more = try Message.checkedRows(proto.rows)
            guard proto.verifiedBy.count <= Limits.verifiersMax else {
                throw .tooLarge("verified_by", found: proto.verifiedBy.count, limit: Limits.verifiersMax)
            }
            found += more
            guard found <= rows else { break }
            append(
                AnswerSource(
                    rows: more, worker: proto.hasWorker ? WorkerLabel(proto.worker) : nil,
                    verifiedBy: proto.verifiedBy.map { WorkerLabel($0) }, isUnverified: proto.unverified))
        }
        guard protos.isEmpty || found == rows else { throw .badField("sources.rows", found: "\(found)") }
    }
}
