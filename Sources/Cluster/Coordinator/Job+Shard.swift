import Wire

// Shards of a job that are not answered yet, and the pieces that they are lent in.

extension Job {
    /// Where a piece begins: shard and first row.
    struct PieceKey: Hashable {
        var shard: UInt32
        var firstRow: Int

        init(shard: UInt32, firstRow: Int) {
            self.shard = shard
            self.firstRow = firstRow
        }

        init(_ name: PieceName) { self.init(shard: name.shard, firstRow: name.rows.lowerBound) }
    }

    /// A shard that is not answered yet.
    ///
    /// What the client has sent is behind one reference: looking at a shard copies it, and lending looks at many.
    struct Shard {
        private let sent: Sent
        /// Whether it is drawn to be computed by two workers.
        let isSampled: Bool
        /// In the order of their rows.
        var pieces: [Piece]

        private final class Sent: Sendable {
            let shard: SubmitShard

            init(_ shard: SubmitShard) { self.shard = shard }
        }

        init(_ submitted: SubmitShard, isSampled: Bool, pieces: [Piece]) {
            (sent, self.isSampled, self.pieces) = (Sent(submitted), isSampled, pieces)
        }

        /// What the client has sent.
        var submitted: SubmitShard { sent.shard }
        /// Decides which worker gets its pieces by preference.
        var affinity: UInt64 { sent.shard.affinity }
        /// Whether its rows are in files that a worker reads.
        var isRanges: Bool { sent.shard.content.isRanges }

        /// Where the piece is that begins with a row. Cost: a binary search.
        func place(ofRow row: Int) -> Int? {
            let place = pieces.firstIndex(whereNot: { $0.rows.lowerBound < row })
            return place < pieces.count && pieces[place].rows.lowerBound == row ? place : nil
        }
    }

    /// A run of rows of a shard.
    struct Piece {
        let rows: Range<Int>
        var state: PieceState
        var attempts: UInt32 = 0
        /// Deaths that count against this piece.
        var kills = 0
        /// The identities of workers that died while they ran it, or what it was halved from.
        var killed: Set<String> = []
        /// The latest events, for the message of a poisoned row.
        var trace: [String] = []
        /// Answers that do not decide yet, of different workers each.
        var opinions: [Opinion] = []
        /// How often workers have given it back, by identity.
        var returns: [String: Int] = [:]
        /// Since when it waits for another opinion.
        var openSince: Instant = .zero

        /// Whether no worker has answered it or died with it.
        var isUntouched: Bool { opinions.isEmpty && killed.isEmpty }
        var isDone: Bool { if case .done = state { true } else { false } }
        var isLeased: Bool { if case .leased = state { true } else { false } }
        /// Whether it was answered, and waits for another worker.
        var isOpen: Bool { state == .pending && !opinions.isEmpty }
        /// Workers that may not have it: those that have answered it, those that died with it, and, where it waits for a
        /// second opinion, those that give it back again and again.
        var identities: Set<String> {
            let others = killed.union(opinions.map { $0.worker.identity })
            return opinions.isEmpty ? others : others.union(returns.filter { $0.value >= Job.returnsMax }.keys)
        }

        /// Whether a worker gives it back again and again, although another one has answered it.
        func isRefused(by identity: String) -> Bool {
            !opinions.isEmpty && returns[identity, default: 0] >= Job.returnsMax
        }
    }

    enum PieceState: Equatable {
        case pending
        case leased(incarnation: UInt64)
        case done(AnswerBlock, [RowFault], AnswerSource)
    }
}

extension Job.Piece {
    /// Records an event of the piece; the latest eight are kept.
    mutating func appendToTrace(_ event: String) {
        trace.append(event)
        if trace.count > 8 { trace.removeFirst() }
    }
}
