import DequeModule
import OrderedCollections
import Scoring
import Wire

// Verification: pieces that wait in vain for another worker, and workers that others contradict.

extension CoordinatorState {
    /// How long a piece that is drawn waits for another worker where none is there: a worker that died is noticed in that
    /// time, and its successor can join.
    var verificationWait: Duration { configuration.timing.livenessTime * 2 }

    /// When a piece has waited for long enough, or earlier: no piece has before. Cost: a look at each job.
    var nextVerification: Instant? {
        var from: Instant?
        for place in jobs.values.indices {
            guard let open = jobs.values[place].openFrom else { continue }
            from = min(from ?? open, open)
        }
        return from.map { $0 + verificationWait }
    }

    /// Answers pieces with their only opinion where no other worker is there; stops jobs in which workers differ and
    /// nobody can decide. Where there is another worker, the piece waits for it.
    mutating func settleOverdue(at now: Instant, _ actions: inout [Action]) {
        for id in jobs.keys where jobs[id]?.rechecks.isEmpty == false {
            for key in jobs[id].map({ Array($0.rechecks) }) ?? [] {
                settle(key, of: id, at: now, &actions)
            }
            jobs[id]?.correctBound()
        }
    }

    private mutating func settle(_ key: Job.PieceKey, of id: JobID, at now: Instant, _ actions: inout [Action]) {
        guard let piece = jobs[id]?.piece(at: key), piece.isOpen, now - piece.openSince >= verificationWait else {
            return
        }
        let isFull = piece.opinions.count >= Job.opinionsMax
        guard isFull || !hasWorker(otherThan: piece.identities, for: key, of: jobs[id]) else {
            jobs[id]?.postpone(key, until: now)
            return
        }
        guard piece.opinions.count > 1 else {
            verification.unverified += 1
            jobs[id]?.settle(key)
            logUnverified(key.shard, of: id, by: piece.opinions[0].worker, at: now, &actions)
            return answer(id, shard: key.shard, &actions)
        }
        verification.undecided += 1
        let names = piece.opinions.map { $0.worker.text }.joined(separator: ", ")
        let message =
            "workers answer \(piece.rows.count) rows of shard \(key.shard) differently: \(names); no other worker is there "
            + "to decide, so neither answer was used; start another worker, under a key or name of its own, then run the "
            + "same command again"
        jobs[id]?.dropOpinions(on: key)
        stop(id, .verification, message, &actions)
    }

    /// A job without a second worker may have thousands of such shards: one line a minute counts them.
    private mutating func logUnverified(
        _ shard: UInt32, of id: JobID, by worker: WorkerLabel, at now: Instant, _ actions: inout [Action]
    ) {
        jobs[id]?.unverified.pieces += 1
        guard let unverified = jobs[id]?.unverified, unverified.loggedAt.map({ now - $0 >= .seconds(60) }) ?? true
        else { return }
        jobs[id]?.unverified = (0, now)
        actions.append(.log(.unverified(id, shard: shard, worker: worker.name, pieces: unverified.pieces)))
    }

    /// Ends a client's run of a job, which the same command continues; answers that are durable stay.
    private mutating func stop(
        _ id: JobID, _ reason: JobRefusal, _ message: String, _ actions: inout [Action]
    ) {
        guard let client = jobs[id]?.client else { return }
        clients[client]?.jobs.removeAll { $0 == id }
        jobs[id]?.client = nil
        jobs[id]?.forgetUnleased()
        refuse(id, reason, message, to: client, &actions)
    }

    /// Two workers contradict another one: it gets no more work, and what rests on its word alone is computed again, in
    /// jobs that are verified.
    mutating func quarantine(_ worker: WorkerLabel, of piece: PieceName, _ actions: inout [Action]) {
        let identity = worker.identity
        guard quarantined.append(identity).inserted else { return }
        if quarantined.count > Limits.quarantinedMax { release(quarantined.removeFirst()) }
        let tenant = workers.sessions.values.first { $0.identity == identity }?.peer.tenant
        quarantineTenants[identity] = tenant
        actions.append(.journal(.workerQuarantined(identity, tenant: tenant)))
        for (incarnation, session) in workers.sessions where session.identity == identity {
            workers.change(incarnation) { $0.isQuarantined = true }
            for lent in session.leases.leases.keys.reversed() {
                workers.change(incarnation) { _ = $0.leases.release(lent) }
                takeBack(lent, event: "worker \(session.name) was put in quarantine", &actions)
            }
        }
        var shards = 0
        for id in jobs.keys where jobs[id]?.share ?? 0 > 0 {
            shards += withdrawAll(from: id, &actions)
            if let client = jobs[id]?.client { accept(id, client: client, &actions) }
        }
        actions.append(
            .log(.workerQuarantined(name: worker.name, identity: identity, piece: piece, withdrawn: shards)))
    }

    /// Forgets what of a job rests on the word of workers in quarantine alone, also where one of them has verified another;
    /// returns how many answered shards that are. It is computed again.
    @discardableResult
    mutating func withdrawAll(from id: JobID, _ actions: inout [Action]) -> Int {
        let withdrawn = quarantined.isEmpty ? [] : jobs[id]?.withdraw(Set(quarantined)) ?? []
        if !withdrawn.isEmpty { record(.answersWithdrawn(id, withdrawn), of: jobs[id], &actions) }
        return withdrawn.count
    }

    /// The bound of quarantined workers lets the one go that has been there the longest.
    private mutating func release(_ identity: String) {
        quarantineTenants[identity] = nil
        for (incarnation, session) in workers.sessions where session.identity == identity {
            workers.change(incarnation) { $0.isQuarantined = false }
        }
    }

    /// A start without jobs ends all quarantines: nothing rests on them any more, and their operator may have mended the
    /// machine.
    mutating func liftQuarantine(_ actions: inout [Action]) {
        guard jobs.isEmpty, !quarantined.isEmpty else { return }
        actions.append(.log(.quarantineLifted(Array(quarantined))))
        quarantined = []
        quarantineTenants = [:]
        actions.append(.journal(.quarantineLifted))
    }
}

extension WorkerLabel {
    /// For messages: the name, and the key where there is one.
    var text: String { key.map { "\(name) with the key \"\($0)\"" } ?? name }
}
