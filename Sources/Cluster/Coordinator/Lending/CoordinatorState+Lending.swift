import DequeModule
import OrderedCollections
import Scoring
import Wire

// Lending: which worker gets which piece next.

extension CoordinatorState {
    /// To whom something can be lent after an event that could not be lent before it.
    enum LendingScope {
        case everyone
        /// To workers to which more may be lent than before, alone: no piece is pending that was not, and each of the others
        /// was offered those that were.
        case grown
        case nobody
    }

    /// Lends pending pieces while a worker has credit. Tenants take turns, and so do the jobs of each. Among the first few pieces
    /// of a job, a worker gets one whose texts it has probably seen before, else the first. Cost: nothing that grows with the workers, while
    /// nothing is pending, or all have what they granted; else a look at each, where the event concerns everyone.
    mutating func dispatch(at now: Instant, _ actions: inout [Action]) {
        let grown = workers.takeGrown()
        guard lending != .nobody, canLend else { return }
        if lending == .grown {
            var hasLent = false
            for incarnation in grown {
                while canLend, lendOne(to: incarnation, at: now, &actions) { hasLent = true }
            }
            // Others may have waited for what is among the first pieces of a queue only now. Those that hold something are
            // considered at their next message.
            guard hasLent, workers.levels.idle > 0 else { return }
        }
        var hasLent = true
        while hasLent {
            hasLent = false
            for place in workers.sessions.values.indices where !workers.sessions.values[place].room.isEmpty {
                guard lendOne(to: workers.sessions.keys[place], at: now, &actions) else { continue }
                guard canLend else { return }
                hasLent = true
            }
        }
    }

    /// Whether a piece is pending, and a worker has room for another one. Cost: a look at each job.
    private var canLend: Bool {
        workers.levels.ready > 0
            && jobs.values.indices.contains { jobs.values[$0].client != nil && jobs.values[$0].pendingCount > 0 }
    }

    private mutating func lendOne(to incarnation: UInt64, at now: Instant, _ actions: inout [Action]) -> Bool {
        guard let (place, offer) = next(for: incarnation) else { return false }
        lend(offer, ofJob: place, to: incarnation, at: now, &actions)
        if offer.peer.tenant == nil { turns.record(offer.cost, of: jobs.values[place].tenant) }
        return true
    }

    /// What a worker is lent next, and of which job; `nil` where nothing fits.
    private mutating func next(for incarnation: UInt64) -> (place: Int, Offer)? {
        guard let worker = workers.sessions[incarnation], !worker.room.isEmpty else { return nil }
        let servesAll = worker.peer.tenant == nil
        // Tenants whose turn it is, but whose piece does not fit beside what the worker holds.
        var heldUp: [String?] = []
        for place in placesInTurn() {
            let tenant = jobs.values[place].tenant
            if servesAll, heldUp.contains(where: { turns.mustWait(tenant, for: $0) }) { continue }
            switch offer(ofJob: place, to: worker) {
            case .none: continue
            case .tooLarge: heldUp.append(tenant)
            case .piece(let offer): return (place, offer)
            }
        }
        return nil
    }

    /// Jobs that have something to lend, in the order of their turns: the tenant that was lent least is first, and of its jobs
    /// the one that was not lent from for the longest. Cost: a look at each job.
    private mutating func placesInTurn() -> [Int] {
        let places = jobs.values.indices.filter { jobs.values[$0].client != nil && jobs.values[$0].pendingCount > 0 }
        turns.setWaiting(Set(places.map { jobs.values[$0].tenant }))
        guard places.count > 1 else { return places }
        return places.map { place in
            let (tenant, lentAt) = (jobs.values[place].tenant, jobs.values[place].lentAt)
            return (account: turns.account(of: tenant), lentAt: lentAt, place: place)
        }
        .sorted { ($0.account, $0.lentAt, $0.place) < ($1.account, $1.lentAt, $1.place) }
        .map(\.place)
    }

    private mutating func lend(
        _ offer: Offer, ofJob place: Int, to incarnation: UInt64, at now: Instant, _ actions: inout [Action]
    ) {
        if workers.change(incarnation, { $0.needsContext(offer.context.digest) }) == true {
            send(.context(offer.context), to: offer.peer, &actions)
        }
        let (name, content) = jobs.values[place].lend(offer.key, to: incarnation, job: jobs.keys[place])
        let lease = LeaseTable<PieceName>.Lease(
            rows: name.rows.count, tokens: offer.tokens, lentAt: now,
            expires: now + configuration.timing.leaseTime, isSuspect: offer.isSuspect)
        workers.change(incarnation) { $0.leases.lend(name, lease) }
        send(.shard(name, context: offer.context.digest, content), to: offer.peer, &actions)
        lends += 1
        jobs.values[place].lentAt = lends
    }

    /// A piece that may be lent to a worker, and what is needed to lend it.
    private struct Offer {
        let key: Job.PieceKey
        let tokens: Int
        /// What it counts in its tenant's account.
        let cost: Int
        let isSuspect: Bool
        let context: ContextBlock
        let peer: Peer
    }

    /// What a job has for a worker now.
    private enum Choice {
        case none
        /// A piece that the worker may be lent when it holds less.
        case tooLarge
        case piece(Offer)
    }

    /// It is found here and lent in the caller: a copy of the job that exists while the job changes would make Swift copy
    /// all of its shards.
    private func offer(ofJob place: Int, to worker: WorkerSession) -> Choice {
        let job = jobs.values[place]
        guard let context = job.context, worker.serves(job.tenant),
            worker.readsSide || context.schema.isEmpty, let key = suitable(job, for: worker),
            let shard = job.shards[key.shard], let rows = shard.rows(of: key)
        else { return .none }
        let (tokens, isSuspect) = (shard.tokens(ofRows: rows.count), shard.kills(of: key) > 0)
        guard worker.canAccept(rows: rows.count, tokens: tokens, isSuspect: isSuspect) else { return .tooLarge }
        return .piece(
            Offer(
                key: key, tokens: tokens, cost: shard.cost(ofRows: rows.count), isSuspect: isSuspect, context: context,
                peer: worker.peer))
    }

    /// A piece that another worker has answered and this one may check; else the first of the queue's first pieces that
    /// rendezvous hashing gives to this worker; else the first that it may run. A suspect piece at the head is lent first,
    /// to any worker that may run it.
    private func suitable(_ job: Job, for worker: WorkerSession) -> Job.PieceKey? {
        if let recheck = job.rechecks.prefix(Job.lookAhead).first(where: {
            mayRun($0, in: job.shards[$0.shard], of: job, worker)
        }) {
            return recheck
        }
        var first: Job.PieceKey?
        for key in job.queue.prefix(Job.lookAhead) {
            let shard = job.shards[key.shard]
            guard mayRun(key, in: shard, of: job, worker) else { continue }
            if first == nil {
                first = key
                if workers.count == 1 || shard.map({ $0.kills(of: key) > 0 }) ?? false { break }
            }
            if let shard, !hasBetter(than: worker, for: shard, of: job) { return key }
        }
        return first
    }

    /// Whether another worker that may be lent a shard's pieces suits them better. Cost: a number for each worker.
    private func hasBetter(than worker: WorkerSession, for shard: Job.Shard, of job: Job) -> Bool {
        let own = WorkerSession.affinity(of: worker.nameHash, to: shard.affinity)
        let needsSide = job.context?.schema.isEmpty == false
        // An array, whose elements are looked at where they are.
        let others = workers.sessions.values.elements
        return others.indices.contains { place in
            // The number first: few workers have a higher one, and only they are looked at.
            guard WorkerSession.affinity(of: others[place].nameHash, to: shard.affinity) > own else { return false }
            return !others[place].leases.isDraining && !others[place].isQuarantined
                && (others[place].readsSide || !needsSide) && others[place].serves(job.tenant)
                && others[place].reads(shard)
        }
    }

    /// Whether a piece may be lent to a worker: it reads the piece's rows. What a worker died with is for the others, so
    /// that a worker that dies again and again cannot have a row poisoned; but where there is no other, it gets it again.
    /// What it has answered is for the others in any case.
    private func mayRun(_ key: Job.PieceKey, in shard: Job.Shard?, of job: Job, _ worker: WorkerSession) -> Bool {
        guard worker.reads(shard) else { return false }
        guard let shard, let place = shard.place(ofRow: key.firstRow), !shard.pieces[place].isUntouched else {
            return true
        }
        let piece = shard.pieces[place]
        guard !piece.opinions.contains(where: { $0.worker.identity == worker.identity }),
            piece.opinions.count < Job.opinionsMax, !piece.isRefused(by: worker.identity)
        else { return false }
        return !piece.killed.contains(worker.identity) || !hasWorker(otherThan: piece.identities, for: key, of: job)
    }

    /// Whether a worker that could run a piece of the job has none of the identities.
    func hasWorker(otherThan identities: Set<String>, for key: Job.PieceKey, of job: Job?) -> Bool {
        let needsSide = job?.context?.schema.isEmpty == false
        let shard = job?.shards[key.shard]
        return workers.sessions.values.contains {
            $0.leases.isOpen && !$0.isQuarantined && ($0.readsSide || !needsSide) && $0.reads(shard)
                && $0.serves(job?.tenant) && !identities.contains($0.identity)
        }
    }
}
