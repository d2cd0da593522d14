import Cluster
import Keys
import Logging
import Transport
import Wire

// What reaches the coordinator: messages of peers, requests of this process, and what the work thread has done.
extension CoordinatorDriver {
    mutating func handle(_ arrival: MessageChannel.Arrival) -> [CoordinatorMachines.Action] {
        switch arrival {
        case .dropped: return []
        case .refused(let refusal):
            refuse(refusal)
            return []
        case .message(let envelope, let bytes, let sender):
            guard let peer = peer(sender) else { return [] }
            guard decoding.contains(peer) else { return handle(envelope, bytes: bytes, from: sender, arrived: now) }
            decode(envelope.rawFrames, from: sender)
            return []
        case .undecoded(let frames, let sender):
            guard let peer = peer(sender) else { return [] }
            let tenant = tenant(of: sender)
            guard held.contains(peer) || isBehind(tenant) else {
                decode(frames, from: sender)
                return []
            }
            hold(.undecoded(frames, from: sender), bytes: frames.reduce(0) { $0 + $1.count }, of: tenant)
            return []
        }
    }

    private func tenant(of sender: MessageChannel.Sender) -> String? { gate.grant(of: sender.key)?.terms.tenant }

    private mutating func hold(_ message: HeldMessages.Content, bytes: Int, of tenant: String?) {
        guard machines.shares == 1 || held.bytes(of: tenant) < Self.heldBytesMax / machines.shares else {
            counts.countRefused(of: tenant)
            return gate.logDropped(of: tenant, at: now, logger)
        }
        held.append(message, bytes: bytes, of: tenant)
    }

    /// Handles what waits for no disk any more.
    mutating func release(
        until end: ContinuousClock.Instant, _ actions: inout [CoordinatorMachines.Action]
    ) {
        while clock.now < end, let tenant = held.next(unless: { isBehind($0) }),
            let message = held.popFirst(of: tenant)
        {
            switch message {
            case .undecoded(let frames, let sender): decode(frames, from: sender)
            case .decoded(let envelope, let peer, let sender, _) where decoding.contains(peer):
                // One before it is not decoded yet.
                decode(envelope.rawFrames, from: sender)
            case .decoded(let envelope, let peer, _, let arrived):
                actions += machines.handle(.receivedEarlier(envelope, from: peer, arrived: arrived), at: now)
            }
        }
    }

    /// Handles a message that is decoded. Its sender's key is checked here, also where another thread has decoded it.
    ///
    /// - Parameter bytes: Its length, where it may have to wait; `nil` where others wait for it.
    private mutating func handle(
        _ envelope: Envelope, bytes: Int?, from sender: MessageChannel.Sender, arrived: Instant
    ) -> [CoordinatorMachines.Action] {
        let grant = gate.grant(of: sender.key)
        let peer = Peer(sender.routingID, owner: grant?.name, tenant: grant?.terms.tenant)
        counts.countReceived(of: peer.tenant)
        if let refusal = gate.refusal(of: envelope.message, by: grant) {
            counts.countRefused(of: peer.tenant)
            return refuse(refusal, envelope.message, from: peer)
        }
        guard !gate.dropsExcess(envelope.message, by: grant, at: arrived, logger) else {
            counts.countRefused(of: peer.tenant)
            return []
        }
        audit.record(envelope.message, from: peer)
        traces?.received(envelope.message, envelope.trace, from: peer)
        if let bytes, mustWait(envelope.message, from: peer) {
            hold(.decoded(envelope, from: peer, sender, arrived: arrived), bytes: bytes, of: peer.tenant)
            return []
        }
        return machines.handle(.receivedEarlier(envelope, from: peer, arrived: arrived), at: now)
    }

    private func mustWait(_ message: Wire.Message, from peer: Peer) -> Bool {
        // Its sender lives, whatever waits.
        if case .heartbeat = message { return false }
        return held.contains(peer) || message.bringsWork && isBehind(peer.tenant)
    }

    /// A refused Hello is answered, because its sender may then say why; other messages are logged alone.
    private func refuse(
        _ refusal: PeerGate.Refusal, _ message: Wire.Message, from peer: Peer
    ) -> [CoordinatorMachines.Action] {
        logger.warning(
            "message refused", metadata: ["reason": "\(refusal)", "key": "\(refusal.name)", "kind": "\(refusal.kind)"])
        guard case .hello = message else { return [] }
        let answer = Wire.Message.refused(.permission, message: "\(refusal)")
        return [.send(Envelope(generation: machines.coordinator.generation, answer), to: peer)]
    }

    private mutating func refuse(_ refusal: MessageRefusal) {
        if case .malformed = refusal { counts.all.received += 1 }
        counts.all.refused += 1
        logger.log(refusal)
    }

    /// The sender of a message; `nil` where its routing id is one of this process, which a peer may not choose.
    private mutating func peer(_ sender: MessageChannel.Sender) -> Peer? {
        counts.all.received += 1
        let peer = Peer(sender.routingID)
        guard !PlannerState.isClient(peer), !LocalPeers.contains(peer) else {
            counts.all.refused += 1
            logger.warning("message refused", metadata: ["reason": "its routing id is the coordinator's own"])
            return nil
        }
        return peer
    }

    private mutating func decode(_ frames: [RawFrame], from sender: MessageChannel.Sender) {
        let tenant = tenant(of: sender)
        decoding.append(bytes: frames.reduce(0) { $0 + $1.count }, from: Peer(sender.routingID), of: tenant)
        worker.send(.decode(frames, from: sender, arrived: now), of: tenant)
    }

    /// Handles a request of this process.
    mutating func handle(_ request: LocalPeers.Request, _ actions: inout [CoordinatorMachines.Action]) {
        switch request {
        case .message(let message, let trace, let peer, let sent):
            guard machines.knows(tenant: peer.tenant) else {
                _ = local.answer(.requestRefused(.unknownTenant(peer.tenant)), to: peer)
                return
            }
            traces?.received(message, trace, from: peer)
            let envelope = Envelope(generation: machines.coordinator.generation, message)
            let arrived = max(.zero, Instant(sent - start))
            actions += machines.handle(.joinedLocally(peer), at: now)
            actions += machines.handle(.receivedEarlier(envelope, from: peer, arrived: arrived), at: now)
        case .left(let peer):
            traces?.left(peer)
            actions += machines.handle(.leftLocally(peer), at: now)
        case .report(let scope, let continuation): continuation.resume(returning: report(of: scope))
        case .query(let query, let scope, let continuation):
            let answer = machines.answer(query, in: scope)
            if case .forget(let policyID) = query {
                actions += machines.handle(.forgetPolicy(policyID, of: scope.tenant), at: now)
            }
            reply(.answer(answer, continuation), in: scope, &actions)
        case .operate(let request, let scope, let continuation):
            let (answer, more) = machines.handle(request, in: scope, at: now)
            guard !more.isEmpty else { return continuation.resume(returning: answer) }
            actions += more
            reply(.operated(answer, continuation), in: scope, &actions)
        case .mark(let tenant, let continuation): reply(.mark(continuation), in: .tenant(tenant), &actions)
        }
    }

    /// Handles what the work thread has done for a tenant.
    mutating func handle(
        _ done: WorkThread.Done, of tenant: String?, _ actions: inout [CoordinatorMachines.Action]
    ) {
        switch done {
        case .planner(let result): actions += machines.handle(.worked(result), at: now)
        case .decoded(let result, let sender, let arrived):
            decoding.removeFirst(from: Peer(sender.routingID), of: tenant)
            switch result {
            case .success(let envelope): actions += handle(envelope, bytes: nil, from: sender, arrived: arrived)
            case .failure(let error):
                counts.all.refused += 1
                logger.log(MessageRefusal.malformed(error))
            }
        }
    }
}
