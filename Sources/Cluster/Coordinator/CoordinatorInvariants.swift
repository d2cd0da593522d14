import DequeModule
import OrderedCollections
import Wire

extension CoordinatorState {
    /// What is always true of a coordinator (Sources/README.md, "What is always true"); each sentence found broken.
    /// Cost: linear in what is in the works; for tests and simulation.
    public var brokenInvariants: [String] {
        var broken: [String] = []
        for (id, job) in jobs { broken += Self.broken(in: job, id: id, workers: workers.map { ($0.key, $0.value) }) }
        for (incarnation, worker) in workers {
            let rows = worker.inHand.keys.reduce(0) { $0 + Int($1.rows) }
            let tokens = worker.inHand.values.reduce(0) { $0 + $1.tokens }
            if rows != worker.rowsInHand || tokens != worker.tokensInHand {
                broken.append("worker \(incarnation): counts in hand differ from the leases")
            }
            if worker.inHand.count > Limits.piecesInHandMax {
                broken.append("worker \(incarnation): \(worker.inHand.count) pieces in hand")
            }
        }
        return broken
    }

    private static func broken(in job: Job, id: JobID, workers: [(UInt64, WorkerSession)]) -> [String] {
        var broken: [String] = []
        var pending: Set<Job.PieceKey> = []
        var rows = job.answers.values.reduce(0) { $0 + $1.answers.count }
        var tokens = 0
        for (index, shard) in job.shards {
            if job.answers[index] != nil { broken.append("shard \(index) is both in the works and answered") }
            if index < job.confirmedBelow { broken.append("shard \(index) is confirmed and still in the works") }
            rows += shard.submitted.texts.count
            tokens += shard.submitted.tokens
            var next = 0
            for piece in shard.pieces {
                if piece.rows.lowerBound != next { broken.append("shard \(index): pieces leave a hole at row \(next)") }
                next = piece.rows.upperBound
                let key = Job.PieceKey(shard: index, firstRow: UInt32(piece.rows.lowerBound))
                switch piece.state {
                case .pending: pending.insert(key)
                case .leased(let incarnation):
                    let holders = workers.filter { $0.0 == incarnation }.flatMap(\.1.inHand.keys)
                        .filter { $0.job == id && $0.shard == index && $0.range == piece.rows }
                    if holders.count != 1 {
                        broken.append(
                            "shard \(index) row \(next): \(holders.count) leases at live worker \(incarnation)")
                    }
                case .done: break
                }
            }
            if next != shard.submitted.texts.count { broken.append("shard \(index): pieces cover \(next) rows") }
        }
        if Set(job.queue) != pending || job.queue.count != pending.count {
            broken.append("the queue has \(job.queue.count) pieces, \(pending.count) are pending")
        }
        if rows != job.rowsUnconfirmed || tokens != job.tokensUnanswered {
            broken.append("the window counts \(job.rowsUnconfirmed) rows, there are \(rows)")
        }
        return broken
    }
}
