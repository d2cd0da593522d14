import DequeModule
import OrderedCollections
import Wire

// Invariants of the coordinator's machine, checked by tests and simulation after every event.

extension CoordinatorState {
    /// Invariants of a coordinator (Sources/README.md, "Invariants") that do not hold, a sentence each; empty
    /// when all do. Cost: linear in shards and leases; for tests and simulation.
    public var brokenInvariants: [String] {
        var broken: [String] = []
        for (id, job) in jobs { broken += Self.broken(in: job, id: id, workers: workers.sessions) }
        broken += workers.brokenInvariants + turns.brokenInvariants
        if let heard = clients.values.map(\.lastReceived).min(), clientsHeardFrom.map({ $0 > heard }) ?? true {
            broken.append("a client was heard at \(heard), the bound is later")
        }
        for (incarnation, worker) in workers.sessions {
            let rows = worker.leases.leases.keys.reduce(0) { $0 + $1.rows.count }
            let tokens = worker.leases.leases.values.reduce(0) { $0 + $1.tokens }
            if rows != worker.leases.rows || tokens != worker.leases.tokens {
                broken.append("worker \(incarnation): counts differ from its leases")
            }
            if worker.isQuarantined != quarantined.contains(worker.identity) || worker.isQuarantined && rows > 0 {
                broken.append("worker \(incarnation): in quarantine or not, with \(rows) rows")
            }
            for piece in worker.leases.leases.keys where !worker.serves(jobs[piece.job]?.tenant) {
                broken.append("worker \(incarnation): holds a piece of another tenant's job \(piece.job)")
            }
            if worker.leases.count > Limits.heldPiecesMax {
                broken.append("worker \(incarnation): holds \(worker.leases.count) pieces")
            }
        }
        return broken
    }

    private static func broken(
        in job: Job, id: JobID, workers: OrderedDictionary<UInt64, WorkerSession>
    ) -> [String] {
        var broken: [String] = []
        var pending: Set<Job.PieceKey> = []
        var rows = job.answers.values.reduce(0) { $0 + $1.answers.count }
        var tokens = 0
        for (index, shard) in job.shards {
            if job.answers[index] != nil { broken.append("shard \(index) is both unanswered and answered") }
            if index < job.confirmedBelow { broken.append("shard \(index) is confirmed and still unanswered") }
            rows += shard.submitted.content.count
            tokens += shard.submitted.windowTokens
            var next = 0
            for piece in shard.pieces {
                if piece.rows.lowerBound != next { broken.append("shard \(index): pieces leave a gap at row \(next)") }
                next = piece.rows.upperBound
                let key = Job.PieceKey(shard: index, firstRow: piece.rows.lowerBound)
                switch piece.state {
                case .pending: pending.insert(key)
                case .leased(let incarnation):
                    let leases = workers[incarnation]?.leases.leases.keys.count {
                        $0.job == id && $0.shard == index && $0.rows == piece.rows
                    }
                    if leases != 1 {
                        broken.append("shard \(index) row \(next): \(leases ?? 0) leases at worker \(incarnation)")
                    }
                case .done: break
                }
                let answered = piece.opinions.map { $0.worker.identity }
                if Set(answered).count != answered.count || !shard.isSampled && !answered.isEmpty {
                    broken.append("shard \(index) row \(next): opinions of \(answered)")
                }
            }
            if next != shard.submitted.content.count { broken.append("shard \(index): pieces cover \(next) rows") }
        }
        if Set(job.queue).union(job.rechecks) != pending || job.pendingCount != pending.count {
            broken.append("the queues have \(job.pendingCount) pieces, \(pending.count) are pending")
        }
        for key in job.rechecks where job.piece(at: key)?.isOpen != true {
            broken.append("shard \(key.shard) row \(key.firstRow) waits for another worker, and nobody has answered it")
        }
        for key in job.queue where job.piece(at: key)?.isOpen == true {
            broken.append("shard \(key.shard) row \(key.firstRow) is answered, and waits for a first answer")
        }
        if let open = job.rechecks.compactMap({ job.piece(at: $0)?.openSince }).min(),
            job.openFrom.map({ $0 > open }) ?? true
        {
            broken.append("a piece waits for another worker since \(open), the bound is later")
        }
        let leased = job.shards.values.reduce(0) { $0 + $1.pieces.count(where: \.isLeased) }
        if leased != job.leasedCount {
            broken.append("\(job.leasedCount) pieces are counted as lent, there are \(leased)")
        }
        if rows != job.rowsUnconfirmed || tokens != job.tokensUnanswered {
            broken.append("the window counts \(job.rowsUnconfirmed) rows, there are \(rows)")
        }
        return broken
    }
}
