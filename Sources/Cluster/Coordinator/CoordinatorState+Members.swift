import OrderedCollections
import Scoring
import Wire

// Workers and clients: who joins, with which model, and who is dead or away.

extension CoordinatorState {
    mutating func welcome(_ hello: Hello, from peer: Peer, at now: Instant, _ actions: inout [Action]) {
        if let refusal = workers.refusal(of: hello) { return send(refusal, to: peer, &actions) }
        switch hello.role {
        case .trainer, .rollout:
            return  // These belong to the planner; the driver sends them there.
        case .client:
            if clients[peer] == nil { actions.append(.log(.clientJoined(name: hello.name))) }
            clients[peer] = ClientSession(
                incarnation: hello.incarnation, lastReceived: now, jobs: clients[peer]?.jobs ?? [])
            clientsHeardFrom = min(clientsHeardFrom ?? now, now)
        case .worker(let model, let granted):
            let credit = lendable(granted)
            if let refusal = workers.refusal(ofIncarnation: hello.incarnation, from: peer) {
                return send(refusal, to: peer, &actions)
            }
            guard admit(hello, model: model, to: peer, &actions) else { return }
            if let former = workers.incarnation(at: peer), former != hello.incarnation {
                markDead(former, reason: "another incarnation uses its connection", &actions)
            }
            if workers.reconnect(hello.incarnation, at: peer, now: now) {
                // Not `grant`: it may still be full; its next heartbeat grants again.
                workers.change(hello.incarnation) { $0.leases.credit = credit }
            } else {
                var session = WorkerSession(
                    peer: peer, name: hello.name, incarnation: hello.incarnation, credit: credit,
                    readsSide: hello.readsSide, readsRanges: hello.readsRanges, now: now)
                session.isQuarantined = quarantined.contains(session.identity)
                workers.add(session)
                actions.append(.log(.workerJoined(name: hello.name, incarnation: hello.incarnation)))
            }
        }
        welcome(peer, incarnation: hello.incarnation, &actions)
    }

    private func welcome(_ peer: Peer, incarnation: UInt64, _ actions: inout [Action]) {
        let timing = configuration.timing
        let welcome = Welcome(
            incarnation: incarnation, heartbeatInterval: timing.heartbeatInterval, leaseTime: timing.leaseTime,
            fingerprint: fingerprint, readsSide: true, readsRanges: true, verifies: true)
        send(.welcome(welcome), to: peer, &actions)
    }

    /// Whether a worker's model may work here. It is adopted when no model is set and no other worker or job is there.
    private mutating func admit(
        _ hello: Hello, model: ModelFingerprint, to peer: Peer, _ actions: inout [Action]
    ) -> Bool {
        if workers.sessions[hello.incarnation] == nil, let message = fullness(for: peer) {
            actions.append(.log(.workerRefused(name: hello.name, reason: message)))
            send(.refused(.capacity, message: message), to: peer, &actions)
            return false
        }
        let isBound = configuration.fingerprint != nil || workers.count > 0 || !jobs.isEmpty
        guard let current = fingerprint, current.digest != model.digest else {
            if fingerprint == nil { adopt(model, &actions) }
            return true
        }
        guard isBound else {
            adopt(model, &actions)
            return true
        }
        let message =
            "worker \(hello.name) has model \(model.name) \(model.digest.hex), this cluster works with "
            + "\(current.name) \(current.digest.hex); give both the same model folder and options, the same version of "
            + "StateZero and processors with the same instructions; to change all, stop every worker when no job runs"
        actions.append(.log(.workerRefused(name: hello.name, reason: message)))
        send(.refused(.fingerprint, message: message), to: peer, &actions)
        return false
    }

    private mutating func adopt(_ model: ModelFingerprint, _ actions: inout [Action]) {
        fingerprint = model
        actions.append(.journal(.fingerprintAdopted(model)))
        // Clients wait for a model before they begin. Without this they would learn of it up to two heartbeats later.
        for (peer, client) in clients { welcome(peer, incarnation: client.incarnation, &actions) }
    }

    /// A peer's connection has ended.
    mutating func disconnect(_ peer: Peer, _ actions: inout [Action]) {
        if let incarnation = workers.incarnation(at: peer) {
            markDead(incarnation, reason: "its connection has ended", &actions)
        } else if clients[peer] != nil {
            detach(peer, &actions)
        }
    }

    /// Declares an incarnation dead: its pieces return to the queue, and the death counts against the one it was
    /// running unless `isFailure` is false.
    mutating func markDead(_ incarnation: UInt64, reason: String, isFailure: Bool = true, _ actions: inout [Action]) {
        guard let worker = workers.remove(incarnation) else { return }
        actions.append(
            .log(
                .workerLost(
                    name: worker.name, incarnation: incarnation, reason: reason, pieces: worker.leases.count)))
        // Backwards, so that what was lent first is first in the queue again.
        for (place, piece) in worker.leases.leases.keys.enumerated().reversed() {
            let event = "worker \(worker.name) was lost at attempt \(piece.attempt): \(reason)"
            takeBack(piece, killed: isFailure && place == 0 ? worker.identity : nil, event: event, &actions)
        }
    }

    /// A client is away: what no worker has is forgotten, what is answered is kept until it returns.
    mutating func detach(_ peer: Peer, _ actions: inout [Action]) {
        guard let client = clients.removeValue(forKey: peer) else { return }
        if clients.isEmpty { clientsHeardFrom = nil }
        for id in client.jobs where jobs[id]?.client == peer {
            jobs[id]?.client = nil
            jobs[id]?.forgetUnleased()
            actions.append(.log(.clientLost(id)))
        }
    }
}
