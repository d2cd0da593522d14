import Wire

/// What one worker answered for a piece that several compute.
struct Opinion: Equatable {
    let worker: WorkerLabel
    /// The tenant that the worker works for; `nil` for one that works for all.
    let tenant: String?
    let answers: AnswerBlock
    let faults: [RowFault]

    init(_ result: ShardResult, by worker: WorkerLabel, of tenant: String? = nil) {
        self.worker = worker
        self.tenant = tenant
        answers = result.answers
        faults = result.faults
    }

    /// Whether both say the same, bit for bit. Codes and messages of faults may differ: they describe a worker's machine.
    func agrees(with other: Opinion) -> Bool {
        answers == other.answers && faults.map(\.row) == other.faults.map(\.row)
    }

    /// Whether both predict a row, and not the same. A fault contradicts nothing: an encoder that does not answer, or a
    /// full memory, gives faults to an honest worker.
    func contradicts(_ other: Opinion) -> Bool {
        let failed = Set(faults.map(\.row)).union(other.faults.map(\.row))
        let size = AnswerBlock.recordBytes
        return answers.bytes.withBytes { own in
            other.answers.bytes.withBytes { others in
                guard own.count == others.count else { return true }
                for row in 0..<own.count / size where !failed.contains(UInt32(row)) {
                    for byte in row * size..<(row + 1) * size where own[byte] != others[byte] { return true }
                }
                return false
            }
        }
    }

    /// What follows from several opinions, of different workers each.
    enum Verdict: Equatable {
        /// Two agree: theirs is the answer. `contradicted` are the workers that predict something else.
        case agreed(Opinion, verifiedBy: [WorkerLabel], contradicted: [WorkerLabel])
        /// There is one opinion alone, or no two agree.
        case open
    }

    /// The first opinion that another one agrees with.
    ///
    /// A worker that works for all loses all its work by a contradiction, so only two others that work for all can contradict
    /// it: a tenant's own workers are of the tenant's making, and could agree on anything.
    static func verdict(of opinions: [Opinion]) -> Verdict {
        for (place, opinion) in opinions.enumerated() {
            let verifiers = opinions.indices.filter { $0 != place && opinions[$0].agrees(with: opinion) }
            guard !verifiers.isEmpty else { continue }
            let shared = ([place] + verifiers).count { opinions[$0].tenant == nil }
            return .agreed(
                opinion, verifiedBy: verifiers.map { opinions[$0].worker },
                contradicted: opinions.filter { ($0.tenant != nil || shared >= 2) && $0.contradicts(opinion) }
                    .map(\.worker))
        }
        return .open
    }
}
