import OrderedCollections
import Scoring
import Wire

// Workers' messages: heartbeats, results, returned pieces, and leases that end.

extension CoordinatorState {
    mutating func receive(
        _ message: Message, fromWorker incarnation: UInt64, at now: Instant, _ actions: inout [Action]
    ) {
        guard let peer = workers.sessions[incarnation]?.peer else { return }
        switch message {
        case .heartbeat(let heartbeat):
            guard heartbeat.incarnation == incarnation else {
                return send(.whoAreYou, to: peer, &actions)
            }
            let until = now + configuration.timing.leaseTime
            let credit = lendable(heartbeat.credit)
            concernsOne(incarnation) {
                $0.leases.grant(credit)
                $0.leases.setNamed(heartbeat.held)
                $0.leases.renew(progress: heartbeat.progress, until: until)
            }
            send(.clusterStatus(status(forWorkerAt: peer)), to: peer, &actions)
        case .shardResult(let result):
            complete(result, from: incarnation, at: now, &actions)
        case .shardReturned(let piece, let reason):
            let wasHeld = workers.change(incarnation) { session in
                let wasHeld = session.leases.release(piece)
                // Otherwise it would be lent again and returned again, for as long as the worker is full.
                if wasHeld, reason == .overCredit { session.leases.markFull() }
                return wasHeld
            }
            if wasHeld == true {
                let identity = workers.sessions[incarnation]?.identity
                takeBack(piece, returnedBy: identity, event: "given back: \(reason)", &actions)
            }
        case .contextWanted(let digest):
            guard let context = context(digest, for: incarnation) else {
                // Its job is closed, and pieces that wait for the context would block the worker's queue for ever.
                send(.dismissed(incarnation: incarnation), to: peer, &actions)
                let reason = "it waits for a context of a job that is over"
                return markDead(incarnation, reason: reason, isFailure: false, &actions)
            }
            workers.change(incarnation) { _ = $0.needsContext(digest) }
            send(.context(context), to: peer, &actions)
        case .drain:
            workers.change(incarnation) { $0.leases.isDraining = true }
        case .bye:
            guard let worker = workers.remove(incarnation) else { return }
            actions.append(.log(.workerLeft(name: worker.name, incarnation: incarnation)))
            for piece in worker.leases.leases.keys.reversed() {
                takeBack(piece, event: "worker \(worker.name) left", &actions)
            }
        default:
            break  // A worker sends no other messages; an unknown one is ignored.
        }
    }

    /// The context of a job that a worker may work for.
    private func context(_ digest: Digest, for incarnation: UInt64) -> ContextBlock? {
        guard let worker = workers.sessions[incarnation] else { return nil }
        return jobs.values.lazy.filter { worker.serves($0.tenant) }.compactMap(\.context)
            .first { $0.digest == digest }
    }

    /// Changes what one worker holds, and may be lent. Nothing else may be lent after it, unless it opens or closes: what
    /// others died with may be lent to them while it is closed.
    private mutating func concernsOne(_ incarnation: UInt64, _ change: (inout WorkerSession) -> Void) {
        let wasOpen = workers.sessions[incarnation]?.leases.isOpen
        workers.change(incarnation, change)
        workers.reconsider(incarnation)
        lending = workers.sessions[incarnation]?.leases.isOpen == wasOpen ? .grown : .everyone
    }

    private mutating func complete(
        _ result: ShardResult, from incarnation: UInt64, at now: Instant, _ actions: inout [Action]
    ) {
        let until = now + configuration.timing.leaseTime
        let credit = lendable(result.credit)
        var isReleased = false
        concernsOne(incarnation) {
            $0.leases.grant(credit)
            isReleased = $0.leases.release(result.piece)
            $0.leases.renew(progress: result.progress, until: until)
        }
        let key = Job.PieceKey(result.piece)
        guard let worker = workers.sessions[incarnation], !worker.isQuarantined,
            let place = jobs.index(forKey: result.piece.job), worker.serves(jobs.values[place].tenant)
        else { return }
        let lentTo = jobs.values[place].piece(at: key)?.state
        let completion = jobs.values[place].complete(
            result, by: worker.label, of: worker.peer.tenant, incarnation: incarnation, at: now)
        // The piece may have been lent to another worker, or by another attempt than the result's.
        if case .leased(let holder) = lentTo, holder != incarnation || !isReleased,
            jobs.values[place].piece(at: key)?.state != lentTo
        {
            release(result.piece, at: holder)
        }
        guard case .done(let verified, let contradicted) = completion else {
            // The piece may wait for another worker now.
            lending = .everyone
            if case .open(let isDisputed) = completion { recordOpen(result.piece, isDisputed: isDisputed, &actions) }
            return
        }
        if verified { verification.verified += 1 }
        answer(result.piece.job, shard: result.piece.shard, &actions)
        if !contradicted.isEmpty { lending = .everyone }
        for worker in contradicted { quarantine(worker, of: result.piece, &actions) }
    }

    /// A piece waits for another worker.
    private mutating func recordOpen(_ piece: PieceName, isDisputed: Bool, _ actions: inout [Action]) {
        if isDisputed {
            verification.disagreements += 1
            let opinions = jobs[piece.job]?.piece(at: Job.PieceKey(piece))?.opinions ?? []
            actions.append(.log(.disagreement(piece, workers: opinions.map { $0.worker.text })))
        }
        // No client waits for it; it submits the shard again when it is back.
        if jobs[piece.job]?.client == nil { jobs[piece.job]?.forgetUnleased() }
    }

    /// Ends a worker's lease on a piece, whatever the number of its attempt.
    private mutating func release(_ piece: PieceName, at incarnation: UInt64) {
        let same = workers.sessions[incarnation]?.leases.leases.keys.first {
            $0.job == piece.job && $0.shard == piece.shard && $0.rows.lowerBound == piece.rows.lowerBound
        }
        if let same { workers.change(incarnation) { _ = $0.leases.release(same) } }
    }

    mutating func answer(_ id: JobID, shard: UInt32, _ actions: inout [Action]) {
        guard let place = jobs.index(forKey: id), let answer = jobs.values[place].answerIfWhole(shard, job: id) else {
            return
        }
        tenantRows[jobs.values[place].tenant, default: TenantRows()].add(answer)
        record(.shardAnswered(answer), of: jobs.values[place], &actions)
        if let client = jobs.values[place].client { send(.shardAnswer(answer), to: client, &actions) }
    }

    /// Ends a lease because of `event`: the piece is pending again, or answered with an error when it has killed too
    /// many workers. `killed` is the identity of a worker that died while it ran the piece, `returnedBy` that of one that
    /// has given it back.
    mutating func takeBack(
        _ piece: PieceName, killed: String? = nil, returnedBy: String? = nil, event: String,
        _ actions: inout [Action]
    ) {
        let key = Job.PieceKey(piece)
        guard let found = jobs[piece.job]?.piece(at: key), case .leased = found.state, found.rows == piece.rows else {
            return
        }
        if jobs[piece.job]?.client == nil {
            // No client waits for it; it submits the shard again when it is back.
            jobs[piece.job]?.takeBack(key, reason: event)
            jobs[piece.job]?.forgetUnleased()
        } else if let killed {
            // One that has answered it counts as another: it lives, and may be right.
            let isAlone = !hasWorker(otherThan: found.killed.union([killed]), for: key, of: jobs[piece.job])
            jobs[piece.job]?.recordFailure(key, of: killed, isAlone: isAlone, reason: event)
            if let job = jobs[piece.job], case .done = job.piece(at: key)?.state {
                actions.append(.log(.rowPoisoned(piece)))
                answer(piece.job, shard: piece.shard, &actions)
            }
        } else {
            jobs[piece.job]?.takeBack(key, reason: event, returnedBy: returnedBy)
        }
    }
}
