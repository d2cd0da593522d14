import DequeModule
import Scoring
import Wire

// Pieces that several workers compute: opinions are collected until two agree.

extension Job {
    /// What a result does to its piece.
    enum Completion {
        /// The piece is done, or another one by now, or this worker has answered it before.
        case ignored
        /// It waits for another worker; `isDisputed` when workers differ.
        case open(isDisputed: Bool)
        /// It is done. `contradicted` are workers that two others contradict.
        case done(verified: Bool, contradicted: [WorkerLabel])
    }

    /// No piece has more opinions: so many workers that all differ are not decided by another one.
    static let opinionsMax = 5

    /// Adds the answers that an incarnation of a worker gives for a piece, whether it was lent the piece last or before.
    mutating func complete(
        _ result: ShardResult, by worker: WorkerLabel, of tenant: String? = nil, incarnation: UInt64, at now: Instant
    ) -> Completion {
        let key = PieceKey(result.piece)
        guard let piece = piece(at: key), piece.rows == result.piece.rows else { return .ignored }
        if case .done = piece.state { return .ignored }
        let opinion = Opinion(result, by: worker, of: tenant)
        let source = AnswerSource(rows: piece.rows.count, worker: worker)
        guard shards[key.shard]?.isSampled == true, !isAboutPlaces(result) else {
            finish(key, opinion.answers, opinion.faults, source)
            return .done(verified: false, contradicted: [])
        }
        let isHolder = piece.state == .leased(incarnation: incarnation)
        // The same worker again is no second opinion.
        guard !piece.opinions.contains(where: { $0.worker.identity == worker.identity }) else {
            if isHolder { takeBack(key, reason: "\(worker.name) has answered it before") }
            return .ignored
        }
        let opinions = piece.opinions + [opinion]
        guard case .agreed(let agreed, let verifiers, let contradicted) = Opinion.verdict(of: opinions) else {
            if piece.state == .pending { dequeue(key) }
            let open = update(key) {
                $0.opinions = opinions
                $0.openSince = now
                if isHolder { $0.state = .pending }
            }
            // One that workers differ on is first: the sooner another decides, the less the wrong one answers.
            if open.isOpen { wait(key, first: open.opinions.count > 1) }
            return .open(isDisputed: opinions.count > 1)
        }
        var verified = source
        verified.worker = agreed.worker
        verified.verifiedBy = verifiers
        finish(key, agreed.answers, agreed.faults, verified)
        return .done(verified: true, contradicted: contradicted)
    }

    /// Answers a piece with its only opinion, because no other worker is there.
    mutating func settle(_ key: PieceKey) {
        guard let piece = piece(at: key), let only = piece.opinions.first else { return }
        let source = AnswerSource(rows: piece.rows.count, worker: only.worker, isUnverified: true)
        finish(key, only.answers, only.faults, source)
    }

    /// Forgets the opinions on a piece that is not lent: it is computed anew.
    mutating func dropOpinions(on key: PieceKey) {
        guard let piece = piece(at: key), piece.state == .pending else { return }
        dequeue(key)
        update(key) { $0.opinions = [] }
        enqueue(key)
    }

    /// Forgets what rests on the word of some workers alone: opinions, pieces that are done, answers. Returns the shards
    /// whose answers are withdrawn, in order; their client submits them again.
    mutating func withdraw(_ identities: Set<String>) -> [UInt32] {
        // Backwards, because each is put at the head of its queue.
        for (index, shard) in shards.sorted(by: { $0.key > $1.key }) {
            for piece in shard.pieces.reversed() {
                withdraw(identities, from: piece, PieceKey(shard: index, firstRow: piece.rows.lowerBound))
            }
        }
        let withdrawn = answers.filter { $0.value.sources.contains { $0.rests(on: identities) } }.keys.sorted()
        forgetAnswers(withdrawn)
        return withdrawn
    }

    private mutating func withdraw(_ identities: Set<String>, from piece: Piece, _ key: PieceKey) {
        switch piece.state {
        case .done(_, _, let source):
            guard source.rests(on: identities) else { return }
            update(key) { $0.state = .pending }
            enqueue(key)
        case .pending, .leased:
            guard piece.opinions.contains(where: { identities.contains($0.worker.identity) }) else { return }
            if piece.state == .pending { dequeue(key) }
            let piece = update(key) { $0.opinions.removeAll { identities.contains($0.worker.identity) } }
            if piece.state == .pending { enqueue(key) }
        }
    }

    /// Whether a worker could read no row of a piece of row ranges where it is: that says something of its machine, not
    /// of the rows. With a prediction in it, or about texts, a result is compared as any other.
    private func isAboutPlaces(_ result: ShardResult) -> Bool {
        shards[result.piece.shard]?.submitted.content.isRanges == true && result.faults.count == result.answers.count
            && result.faults.allSatisfy { $0.code.hasPrefix("range_") }
    }
}
