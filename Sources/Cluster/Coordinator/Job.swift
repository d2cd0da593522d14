import DequeModule
import Scoring
import Wire

/// One job as the coordinator sees it: a window of shards, from submission to the client's confirmation.
///
/// A shard is a list of pieces: one at first, more when a shard that kills workers is halved. Each piece is in exactly
/// one of three states, and the shard is answered when all its pieces are done.
struct Job {
    /// Who gets the answers; `nil` while the client is away.
    var client: Peer?
    /// The name of the key that opened it: no other key may open or close it. `nil` without keys.
    var owner: String?
    /// The tenant whose key opened it: only workers of this tenant, and those of none, get its pieces. `nil` is the cluster.
    var tenant: String?
    /// Whether it is the planner's, and ends with this process: the planner of the next generation begins jobs of its own.
    var isTransient = false
    /// The number of the last piece that was lent of it; of the last piece of all when it was opened.
    var lentAt = 0
    /// The context set; `nil` after a restart, until the client is back.
    var context: ContextBlock?
    // Thousands of shards may be in the window, added and removed in any order. So these dictionaries keep no order,
    // and are sorted where the order is visible.

    /// Shards that are not answered yet.
    private(set) var shards: [UInt32: Shard] = [:]
    /// Answers that are durable here and not yet confirmed by the client.
    private(set) var answers: [UInt32: ShardAnswer] = [:]
    /// Pending pieces that nobody has answered, in the order in which they are to be lent.
    private(set) var queue: Deque<PieceKey> = []
    /// Pending pieces that wait for another worker's answer, in order. They are lent before the others.
    private(set) var rechecks: Deque<PieceKey> = []
    /// None of `rechecks` has waited since before: a lower bound; `nil` where none waits.
    private(set) var openFrom: Instant?
    /// Share of the shards that are computed again.
    var share = 0.0
    /// Pieces that nobody else could verify since the last line about it, and when that line was.
    var unverified = (pieces: 0, loggedAt: Instant?.none)
    /// The client has confirmed the shards below.
    private(set) var confirmedBelow: UInt32 = 0
    /// Rows in `shards` and `answers`.
    private(set) var rowsUnconfirmed = 0
    /// Rows of the client's whole input, and those that it has confirmed; 0 where it has not said. For people only.
    private(set) var rowsTotal = 0
    private(set) var rowsConfirmed = 0
    /// Pieces that are lent.
    private(set) var leasedCount = 0
    /// What `shards` count in the window: their tokens, with side information.
    private(set) var tokensUnanswered = 0

    // MARK: Changes

    /// Whether a shard fits in the window. An empty window fits any shard.
    func isWithinWindow(_ shard: SubmitShard, _ bounds: CoordinatorState.Configuration) -> Bool {
        (rowsUnconfirmed + shard.content.count <= bounds.windowRows || rowsUnconfirmed == 0)
            && (tokensUnanswered < bounds.windowTokens || tokensUnanswered == 0)
    }

    /// Adds a shard; `false` when it was added, answered or confirmed before.
    mutating func submit(_ shard: SubmitShard, isSampled: Bool = false, isShared: Bool = false) -> Bool {
        guard shard.shard >= confirmedBelow, shards[shard.shard] == nil, answers[shard.shard] == nil else {
            return false
        }
        let pieces = Self.cut(shard, isShared: isShared).map { Piece(rows: $0, state: .pending) }
        shards[shard.shard] = Shard(shard, isSampled: isSampled, pieces: pieces)
        queue += pieces.map { PieceKey(shard: shard.shard, firstRow: $0.rows.lowerBound) }
        rowsUnconfirmed += shard.content.count
        tokensUnanswered += shard.windowTokens
        return true
    }

    /// The piece at a key, if its shard is not answered yet.
    func piece(at key: PieceKey) -> Piece? {
        guard let shard = shards[key.shard] else { return nil }
        return shard.place(ofRow: key.firstRow).map { shard.pieces[$0] }
    }

    /// Lends a pending piece. Returns the name of this attempt and its rows.
    mutating func lend(_ key: PieceKey, to incarnation: UInt64, job: JobID) -> (PieceName, ShardContent) {
        dequeue(key)
        guard let content = shards[key.shard]?.submitted.content else {
            preconditionFailure("queue names shard \(key.shard), which is not here")
        }
        let piece = update(key) {
            precondition($0.state == .pending, "lending a piece that is \($0.state)")
            $0.state = .leased(incarnation: incarnation)
            $0.attempts += 1
        }
        let name = PieceName(job: job, shard: key.shard, rows: piece.rows, attempt: piece.attempts)
        return (name, content.slice(piece.rows))
    }

    /// Puts a lent piece back at the head of the queue, because `reason`; `identity` is that of a worker that has given it
    /// back.
    mutating func takeBack(_ key: PieceKey, reason: String, returnedBy identity: String? = nil) {
        update(key) {
            $0.state = .pending
            $0.appendToTrace(reason)
            if let identity { $0.returns[identity, default: 0] += 1 }
        }
        enqueue(key)
    }

    /// Records that a worker died while it ran this piece. At the second death the piece is halved; a single row is
    /// poisoned at the fourth, and answered with an error. A second death of the same worker counts only if `isAlone`: no
    /// other worker is there that could run the piece.
    mutating func recordFailure(_ key: PieceKey, of identity: String, isAlone: Bool, reason: String) {
        let piece = update(key) {
            if $0.killed.insert(identity).inserted || isAlone { $0.kills += 1 }
            $0.appendToTrace(reason)
        }
        if piece.rows.count == 1, piece.kills >= Self.killsToPoison, piece.opinions.count == 1 {
            // It did not end every worker, so it has an answer, which nobody can verify.
            settle(key)
        } else if piece.rows.count == 1, piece.kills >= Self.killsToPoison {
            let deaths =
                piece.killed.count == 1
                ? "one worker died \(piece.kills) times, and no other was there," : "\(piece.kills) workers died"
            let message =
                "\(deaths) while scoring this row: \(piece.trace.joined(separator: "; ")); "
                + "look at the worker's log, then remove the row or report it"
            let fault = RowFault(row: 0, code: "worker_died", message: message)
            finish(key, AnswerBlock([nil]), [fault], AnswerSource(rows: 1, worker: nil))
        } else if piece.rows.count > 1, piece.kills >= Self.killsToHalve {
            halve(key)
        } else {
            update(key) { $0.state = .pending }
            enqueue(key)
        }
    }

    /// The shard's answer when its last piece is done. The answer then waits for confirmation.
    mutating func answerIfWhole(_ index: UInt32, job: JobID) -> ShardAnswer? {
        // The last one first: pieces are lent in order, so it is seldom done before the others.
        guard let shard = shards[index], shard.pieces.indices.reversed().allSatisfy({ shard.pieces[$0].isDone }) else {
            return nil
        }
        var blocks: [AnswerBlock] = []
        var faults: [RowFault] = []
        var sources: [AnswerSource] = []
        for piece in shard.pieces {
            guard case .done(let block, let pieceFaults, let source) = piece.state else { return nil }
            blocks.append(block)
            sources.append(source)
            for fault in pieceFaults {
                faults.append(
                    RowFault(row: fault.row + UInt32(piece.rows.lowerBound), code: fault.code, message: fault.message))
            }
        }
        let answer = ShardAnswer(
            job: job, shard: index, answers: AnswerBlock(joining: blocks), faults: faults,
            sources: sources.bounded)
        drop(index)
        keep(answer)
        return answer
    }

    /// Keeps an answer until it is confirmed. A replay of the journal calls it too.
    mutating func keep(_ answer: ShardAnswer) {
        guard answer.shard >= confirmedBelow, answers[answer.shard] == nil else { return }
        answers[answer.shard] = answer
        rowsUnconfirmed += answer.answers.count
    }

    /// Forgets answers, which are computed again. A replay of the journal calls it too.
    mutating func forgetAnswers(_ indices: [UInt32]) {
        for index in indices { rowsUnconfirmed -= answers.removeValue(forKey: index)?.answers.count ?? 0 }
    }

    /// Forgets everything below, which the client has confirmed; `false` when it was confirmed before.
    mutating func confirm(below: UInt32) -> Bool {
        guard below > confirmedBelow else { return false }
        for index in indices(answers, confirmedBelow..<below) {
            let rows = answers.removeValue(forKey: index)?.answers.count ?? 0
            rowsUnconfirmed -= rows
            rowsConfirmed += rows
        }
        drop(indices(shards, confirmedBelow..<below))
        confirmedBelow = below
        return true
    }

    /// Which of some shards are here. Nothing is here below what was confirmed before, so a client that confirms one shard after
    /// the other costs one look for each, not one at the whole window.
    private func indices<Value>(_ here: [UInt32: Value], _ range: Range<UInt32>) -> [UInt32] {
        range.count < here.count ? range.filter { here[$0] != nil } : here.keys.filter(range.contains)
    }

    /// Keeps what the client says of its input. Bounded, so that a sum of it never overflows.
    mutating func describe(rowsTotal: Int, rowsConfirmed: Int) {
        self.rowsTotal = rowsTotal.clamped(to: Self.describedRows)
        self.rowsConfirmed = rowsConfirmed.clamped(to: Self.describedRows)
    }

    /// Rows with a durable answer, in this run of the client or an earlier one. Cost: a sum over the window's shards.
    var rowsAnswered: Int { rowsConfirmed + answers.values.reduce(0) { $0 + $1.answers.count } }

    private static let describedRows = 0...(1 << 52)

    /// Pieces that wait for a worker.
    var pendingCount: Int { queue.count + rechecks.count }

    /// Forgets the shards without a lease, because the client is away.
    mutating func forgetUnleased() {
        drop(
            shards.compactMap { index, shard in
                shard.pieces.contains(where: \.isLeased) ? nil : index
            })
    }

    /// How many of the queue's first pieces are searched for one that suits a worker.
    static let lookAhead = 16
    /// One death may be chance. At the second the shard is halved, and each half needs one more death.
    static let killsToHalve = 2
    /// A single row must see four deaths: chance, a bad machine and a restart can explain three.
    static let killsToPoison = 4
    /// A worker without space gives a piece back once or twice. One that does it so often is no second opinion.
    static let returnsMax = 8

    // MARK: Helpers

    /// Answers a piece, whether it is lent or waits.
    mutating func finish(_ key: PieceKey, _ answers: AnswerBlock, _ faults: [RowFault], _ source: AnswerSource) {
        if piece(at: key)?.state == .pending { dequeue(key) }
        update(key) {
            $0.state = .done(answers, faults, source)
            $0.opinions = []
        }
    }

    /// Puts a pending piece at the head of its queue: what was returned is lent first.
    mutating func enqueue(_ key: PieceKey) {
        if piece(at: key)?.isOpen == true { wait(key, first: true) } else { queue.prepend(key) }
    }

    /// Puts a piece among those that wait for another worker.
    mutating func wait(_ key: PieceKey, first: Bool) {
        if first { rechecks.prepend(key) } else { rechecks.append(key) }
        guard let since = piece(at: key)?.openSince else { return }
        openFrom = min(openFrom ?? since, since)
    }

    /// Makes the lower bound of `rechecks` exact. Cost: a look at each.
    mutating func correctBound() { openFrom = rechecks.compactMap { piece(at: $0)?.openSince }.min() }

    /// Removes a pending piece from its queue. Cost: little for the first pieces of a queue.
    mutating func dequeue(_ key: PieceKey) {
        if piece(at: key)?.isOpen == true {
            if let place = rechecks.firstIndex(of: key) { rechecks.remove(at: place) }
            if rechecks.isEmpty { openFrom = nil }
        } else if let place = queue.firstIndex(of: key) {
            queue.remove(at: place)
        }
    }

    /// Lets a piece that waits for another worker wait on, behind the others.
    mutating func postpone(_ key: PieceKey, until now: Instant) {
        dequeue(key)
        update(key) { $0.openSince = now }
        wait(key, first: false)
    }

    private mutating func halve(_ key: PieceKey) {
        guard var shard = shards[key.shard],
            let place = shard.place(ofRow: key.firstRow)
        else { preconditionFailure("halving a piece that is not here: \(key)") }
        let whole = shard.pieces[place]
        leasedCount -= whole.isLeased ? 1 : 0
        let middle = whole.rows.lowerBound + whole.rows.count / 2
        let halves = [whole.rows.lowerBound..<middle, middle..<whole.rows.upperBound].map {
            Piece(
                rows: $0, state: .pending, attempts: whole.attempts, kills: Self.killsToHalve - 1,
                killed: whole.killed, trace: whole.trace)
        }
        shard.pieces.replaceSubrange(place...place, with: halves)
        shards[key.shard] = shard
        for half in halves.reversed() {
            queue.prepend(PieceKey(shard: key.shard, firstRow: half.rows.lowerBound))
        }
    }

    private mutating func drop(_ index: UInt32) { drop([index]) }

    /// Forgets shards. Cost: the queue is searched once for all of them, if any waits in it.
    private mutating func drop(_ indices: [UInt32]) {
        var waiting: Set<UInt32> = []
        for index in indices {
            guard let shard = shards.removeValue(forKey: index) else { continue }
            if shard.pieces.contains(where: { $0.state == .pending }) { waiting.insert(index) }
            leasedCount -= shard.pieces.count(where: \.isLeased)
            rowsUnconfirmed -= shard.submitted.content.count
            tokensUnanswered -= shard.submitted.windowTokens
        }
        guard !waiting.isEmpty else { return }
        queue.removeAll { waiting.contains($0.shard) }
        rechecks.removeAll { waiting.contains($0.shard) }
        if rechecks.isEmpty { openFrom = nil }
    }

    @discardableResult
    mutating func update(_ key: PieceKey, _ change: (inout Piece) -> Void) -> Piece {
        guard let place = shards[key.shard]?.place(ofRow: key.firstRow),
            var piece = shards[key.shard]?.pieces[place]
        else { preconditionFailure("no piece at \(key)") }
        leasedCount -= piece.isLeased ? 1 : 0
        change(&piece)
        leasedCount += piece.isLeased ? 1 : 0
        shards[key.shard]?.pieces[place] = piece
        return piece
    }
}
