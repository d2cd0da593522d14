import DequeModule
import OrderedCollections
import Scoring
import Wire

extension CoordinatorState {
    /// Lends pending pieces while somebody has credit. Jobs take turns; a worker gets, among the first few pieces, one
    /// whose texts it has probably seen before, else the first.
    mutating func dispatch(at now: Instant, _ actions: inout [Action]) {
        guard !jobs.isEmpty, !workers.isEmpty else { return }
        var hasLent = true
        while hasLent {
            hasLent = false
            for place in workers.values.indices where workers.values[place].hasRoom {
                if lendOne(to: workers.keys[place], at: now, &actions) { hasLent = true }
            }
        }
    }

    private mutating func lendOne(to incarnation: UInt64, at now: Instant, _ actions: inout [Action]) -> Bool {
        for offset in 0..<jobs.count {
            let place = (turn + offset) % jobs.count
            guard let offer = offer(ofJob: place, to: incarnation) else { continue }
            if workers[incarnation]?.needsContext(offer.context.digest) == true {
                send(.context(offer.context), to: offer.peer, &actions)
            }
            let (name, texts) = jobs.values[place].lend(
                queueIndex: offer.index, to: incarnation, job: jobs.keys[place])
            let lease = WorkerSession.Lease(
                tokens: offer.tokens, expires: now + configuration.timing.leaseTime, isSuspect: offer.isSuspect)
            workers[incarnation]?.lend(name, lease)
            send(.shard(name, context: offer.context.digest, texts: texts), to: offer.peer, &actions)
            turn = (place + 1) % jobs.count
            return true
        }
        return false
    }

    /// A piece that a worker may be lent: where it stands in its job's queue, and what is needed to lend it.
    private struct Offer {
        let index: Int
        let tokens: Int
        let isSuspect: Bool
        let context: ContextBlock
        let peer: Peer
    }

    /// What a job has for a worker now. Looked for here and lent elsewhere: a copy of the job that is still held while
    /// the job changes would copy all of its shards.
    private func offer(ofJob place: Int, to incarnation: UInt64) -> Offer? {
        let job = jobs.values[place]
        guard job.client != nil, !job.queue.isEmpty, let context = job.context, let worker = workers[incarnation],
            let index = suitable(job, for: worker), let piece = job.piece(at: job.queue[index])
        else { return nil }
        let tokens = job.tokens(of: job.queue[index])
        guard worker.takes(rows: piece.rows.count, tokens: tokens, isSuspect: piece.kills > 0) else { return nil }
        return Offer(
            index: index, tokens: tokens, isSuspect: piece.kills > 0, context: context, peer: worker.peer)
    }

    /// The first of the queue's first pieces that rendezvous hashing gives to this worker, else the head. A piece under
    /// suspicion at the head goes first, whoever comes.
    private func suitable(_ job: Job, for worker: WorkerSession) -> Int? {
        guard let head = job.queue.first else { return nil }
        if workers.count == 1 || (job.piece(at: head)?.kills ?? 0) > 0 { return 0 }
        let hashes = workers.values.lazy.filter { !$0.isDraining }.map(\.nameHash)
        for (index, key) in job.queue.prefix(Job.lookAhead).enumerated() {
            guard let texts = job.shards[key.shard]?.submitted.affinity else { continue }
            let own = WorkerSession.affinity(of: worker.nameHash, to: texts)
            if !hashes.contains(where: { WorkerSession.affinity(of: $0, to: texts) > own }) { return index }
        }
        return 0
    }
}
