import OrderedCollections
import Scoring
import Wire

// Clients' messages: jobs that are opened and closed, shards that are submitted and confirmed.

extension CoordinatorState {
    mutating func receive(
        _ message: Message, fromClient peer: Peer, at now: Instant, _ actions: inout [Action]
    ) {
        switch message {
        case .heartbeat:
            lending = .nobody
            send(.clusterStatus(status(seenBy: peer.tenant)), to: peer, &actions)
        case .submitJob(let submitted):
            open(submitted, client: peer, &actions)
        case .submitShard(let shard):
            submit(shard, from: peer, &actions)
        case .confirm(let id, let below):
            guard let place = jobs.index(forKey: id), jobs.values[place].client == peer else { return }
            let pending = jobs.values[place].pendingCount
            if jobs.values[place].confirm(below: below) {
                record(.confirmed(id, below: below), of: jobs.values[place], &actions)
            }
            // Where it removed no pending shard, nothing can be lent that could not be lent before.
            if jobs.values[place].pendingCount == pending { lending = .nobody }
        case .closeJob(let id):
            // Only its own client may close a job, over this connection or a new one. Closing it twice is answered
            // twice.
            if let job = jobs[id] {
                guard mayUse(job, peer) else { return refuse(id, .context, Self.foreign(id), to: peer, &actions) }
                guard job.client == nil || job.client == peer else { return send(.whoAreYou, to: peer, &actions) }
                close(id, &actions)
            }
            send(.jobClosed(id), to: peer, &actions)
        case .bye:
            detach(peer, &actions)
        default:
            break  // A client sends no other messages; an unknown one is ignored.
        }
    }

    private mutating func submit(_ shard: SubmitShard, from peer: Peer, _ actions: inout [Action]) {
        lending = .nobody
        // The job is unknown to this generation, or another client's: its client must open it again.
        guard let place = jobs.index(forKey: shard.job), jobs.values[place].client == peer else {
            return send(.whoAreYou, to: peer, &actions)
        }
        if let answer = jobs.values[place].answers[shard.shard] {
            return send(.shardAnswer(answer), to: peer, &actions)
        }
        // A worker of version 0.1 may get a piece of a job without a schema, and cannot read a side frame.
        guard shard.content.side == nil || jobs.values[place].context?.schema.isEmpty == false else { return }
        // Beyond the window: the client ignores the window, or its confirmations have not arrived yet.
        guard jobs.values[place].isWithinWindow(shard, configuration), hasMemory(for: shard, of: peer) else { return }
        // Lending looks at the first pieces of the queue only, and this one is behind them.
        lending = jobs.values[place].queue.count >= Job.lookAhead ? .nobody : .everyone
        let isSampled = configuration.sampleKey.draws(shard.shard, of: shard.job, share: jobs.values[place].share)
        _ = jobs.values[place].submit(shard, isSampled: isSampled, isShared: shares > 1)
    }

    /// Whether the shards of all jobs, of all jobs of a tenant, and of all jobs of one key leave memory for another. Where they do not, the shard is
    /// not kept: its client submits it again when nothing was answered for a while. Cost: a look at each job, of which there are at
    /// most `jobsMax`, and a copy of none.
    private func hasMemory(for shard: SubmitShard, of peer: Peer) -> Bool {
        var (total, tenants, own) = (0, 0, 0)
        for place in jobs.values.indices {
            let tokens = jobs.values[place].tokensUnanswered
            guard tokens > 0 else { continue }
            total += tokens
            guard jobs.values[place].tenant == peer.tenant else { continue }
            tenants += tokens
            if peer.owner != nil, jobs.values[place].owner == peer.owner { own += tokens }
        }
        return (total == 0 || total + shard.windowTokens <= configuration.windowTokensTotal)
            && (tenants == 0 || tenants + shard.windowTokens <= share(of: configuration.windowTokensTotal))
            && (own == 0 || own + shard.windowTokens <= configuration.windowTokensPerOwner)
    }

    private mutating func open(_ submitted: SubmitJob, client peer: Peer, _ actions: inout [Action]) {
        let id = submitted.job
        guard submitted.fingerprint == fingerprint?.digest else {
            let message =
                "the job was begun with model \(submitted.fingerprint.hex), this cluster works with "
                + "\(fingerprint.map { "\($0.name) \($0.digest.hex)" } ?? "none yet"); use the same model, "
                + "or a new output folder"
            return refuse(id, .fingerprint, message, to: peer, &actions)
        }
        if let known = jobs[id], !mayUse(known, peer) {
            return refuse(id, .context, Self.foreign(id), to: peer, &actions)
        }
        if let known = jobs[id]?.context, known.digest != submitted.context.digest {
            let message =
                "the job was begun with context \(known.digest.hex), it is now submitted with "
                + "\(submitted.context.digest.hex); use the same context rows, or a new output folder"
            return refuse(id, .context, message, to: peer, &actions)
        }
        if jobs[id] == nil {
            let own = jobs.values.count { peer.owner != nil && $0.owner == peer.owner && $0.tenant == peer.tenant }
            guard own < configuration.jobsPerOwnerMax else {
                let message = "the key \"\(peer.owner ?? "")\" has \(own) jobs already; try again when one is done"
                return refuse(id, .capacity, message, to: peer, &actions)
            }
            guard hasPlaceForJob(of: peer.tenant, &actions) else {
                // Bounds, not the number of jobs: the rest may be other tenants'.
                let most = shares > 1 ? ", or a tenant its \(share(of: configuration.jobsMax))" : ""
                let message =
                    "this coordinator has its \(configuration.jobsMax) jobs\(most); try again when one is done"
                return refuse(id, .capacity, message, to: peer, &actions)
            }
            jobs[id] = Job()
            jobs[id]?.tenant = peer.tenant
            jobs[id]?.isTransient = PlannerState.isClient(peer)
            // Behind those that are there.
            jobs[id]?.lentAt = lends
            record(.jobOpened(id, tenant: peer.tenant), of: jobs[id], &actions)
            if let owner = peer.owner {
                jobs[id]?.owner = owner
                record(.jobOwned(id, owner: owner), of: jobs[id], &actions)
            }
            actions.append(
                .log(.jobOpened(id, policy: submitted.policy, contextRows: submitted.context.count)))
        }
        jobs[id]?.context = submitted.context
        if submitted.verify > 0, jobs[id]?.share == 0 { withdrawAll(from: id, &actions) }
        jobs[id]?.share = submitted.verify
        if let former = jobs[id]?.client, former != peer {
            clients[former]?.jobs.removeAll { $0 == id }
            // The new client may send texts where the former one sent row ranges that no worker reads.
            jobs[id]?.forgetUnleased()
        }
        jobs[id]?.client = peer
        if clients[peer]?.jobs.contains(id) == false { clients[peer]?.jobs.append(id) }
        let isConfirmed = jobs[id]?.confirm(below: submitted.confirmedBelow) == true
        jobs[id]?.describe(rowsTotal: submitted.rowsTotal, rowsConfirmed: submitted.rowsConfirmed)
        if isConfirmed {
            record(.confirmed(id, below: submitted.confirmedBelow), of: jobs[id], &actions)
        }
        accept(id, client: peer, &actions)
    }

    /// A job that was opened with a key is for the holder of that key alone, over any connection.
    private func mayUse(_ job: Job, _ peer: Peer) -> Bool {
        job.tenant == peer.tenant && (job.owner == nil || job.owner == peer.owner)
    }

    /// Whether a tenant may have one more job. Where it has its share, or all places are taken, its oldest job without a
    /// client makes room; a job of another tenant never does.
    private mutating func hasPlaceForJob(of tenant: String?, _ actions: inout [Action]) -> Bool {
        let most = share(of: configuration.jobsMax)
        let isFull = { (jobs: OrderedDictionary<JobID, Job>, whole: Int) in
            jobs.count >= whole || jobs.values.count { $0.tenant == tenant } >= most
        }
        if isFull(jobs, configuration.jobsMax),
            let orphan = jobs.first(where: { $0.value.client == nil && $0.value.tenant == tenant })?.key
        {
            close(orphan, &actions)
        }
        return !isFull(jobs, configuration.jobsMax)
    }

    private static func foreign(_ id: JobID) -> String {
        "the job \(id) was opened with another key; use that key, or a new output folder"
    }

    mutating func accept(_ id: JobID, client: Peer, _ actions: inout [Action]) {
        guard let job = jobs[id] else { return }
        // Answered shards are not among those held: a client submits one again to get an answer that it lost.
        let held = job.shards.keys.sorted()
        send(
            .jobAccepted(
                JobAccepted(
                    job: id, windowRows: configuration.windowRows, windowTokens: configuration.windowTokens,
                    held: held, quarantined: job.share > 0 ? quarantined(seenBy: job.tenant) : [])),
            to: client, &actions)
    }

    mutating func refuse(
        _ id: JobID, _ reason: JobRefusal, _ message: String, to peer: Peer, _ actions: inout [Action]
    ) {
        actions.append(.log(.jobRefused(id, reason: message)))
        send(.jobRefused(id, reason, message: message), to: peer, &actions)
    }

    /// Ends a job for an operator. Its client is answered as if there were no place for the job: the same command continues
    /// later.
    mutating func cancel(_ id: JobID, _ actions: inout [Action]) {
        guard let job = jobs[id] else { return }
        close(id, &actions)
        guard let client = job.client else { return }
        refuse(id, .capacity, "an operator has cancelled the job; the same command continues it", to: client, &actions)
    }

    private mutating func close(_ id: JobID, _ actions: inout [Action]) {
        let former = jobs.removeValue(forKey: id)
        // Workers may also have pieces of shards that the client has confirmed, which the job knows no more.
        for place in workers.levels.leases > 0 ? workers.sessions.values.indices : 0..<0 {
            let (incarnation, held) = (workers.sessions.keys[place], workers.sessions.values[place].leases.leases.keys)
            for piece in held where piece.job == id { workers.change(incarnation) { _ = $0.leases.release(piece) } }
        }
        if let client = former?.client { clients[client]?.jobs.removeAll { $0 == id } }
        record(.jobClosed(id), of: former, &actions)
        actions.append(.log(.jobClosed(id)))
    }
}
