import Cluster
import Scoring
import Wire

/// The coordinator's driver and the network: journal first, then messages with delay, loss and duplication.
extension Simulator {
    mutating func startCoordinator() {
        drive(coordinator.start(at: now), isStart: true)
    }

    mutating func drive(_ actions: [CoordinatorMachines.Action], isStart: Bool = false) {
        // It may die before the journal's transaction, after it, or between two messages, but not in the transaction.
        if coordinator.actionsToLive == 0 {
            coordinator.actionsToLive = nil
            return killCoordinator()
        }
        for case .work(let work) in actions {
            let delay = Duration.milliseconds(random.next() % 2000)
            schedule(.worked(work.run(), connection: coordinator.connection), after: delay)
        }
        let isFirst = coordinator.decide(actions)
        if !coordinator.isDiskSlow {
            _ = coordinator.commit(nil)
            coordinator.reach(coordinator.commitCount)
        } else if isFirst {
            scheduleCommit(isStart: isStart)
        }
        carryOut()
    }

    /// Some milliseconds, and at times seconds: much is decided meanwhile, and a kill takes it. Half of the starts wait so long:
    /// what is sent before a generation is durable may be sent again in it.
    private mutating func scheduleCommit(isStart: Bool = false) {
        let most: UInt64 = random.next() % (isStart ? 2 : 16) == 0 ? 3000 : 40
        schedule(.commit(connection: coordinator.connection), after: .milliseconds(random.next() % most))
    }

    /// The disk has kept some requests.
    mutating func commit() {
        let (more, mustReach) = coordinator.commit(1 + Int(random.next() % 3))
        if coordinator.partsToLive == 0 {
            coordinator.partsToLive = nil
            return apply(.killCoordinator)
        }
        if more { scheduleCommit() }
        if mustReach {
            let kind = ScheduledEvent.Kind.reach(coordinator.commitCount, connection: coordinator.connection)
            schedule(kind, after: .milliseconds(random.next() % (random.next() % 16 == 0 ? 3000 : 40)))
        }
        carryOut()
    }

    /// The disk itself has what was kept.
    mutating func reach(_ commits: Int) {
        coordinator.reach(commits)
        carryOut()
    }

    private mutating func carryOut() {
        while let actions = coordinator.popDurable() {
            for action in actions {
                if let left = coordinator.actionsToLive {
                    coordinator.actionsToLive = left > 0 ? left - 1 : nil
                    if left == 0 { return apply(.killCoordinator) }
                }
                carryOut(action)
            }
        }
    }

    private mutating func carryOut(_ action: CoordinatorMachines.Action) {
        switch action {
        case .log(.workerQuarantined(let name, _, _, _)):
            report.quarantined += 1
            if faultPlan.liar.map({ "w\($0)" }) != name {
                report.broken.append("\(name) is honest, and quarantined")
            }
        case .journal, .journalPlan, .log, .logPlan, .work: break
        case .send(let envelope, let peer):
            coordinator.recordSend(envelope, to: peer)
            send(envelope, to: peer)
        }
    }

    /// The coordinator sends to a peer that is connected to this life, or learns that it has left.
    private mutating func send(_ envelope: Envelope, to peer: Peer) {
        let address = SimulatedAddress(peer)
        let isThere =
            switch address.role {
            case .worker: workers[address.index].process.isAlive(address.life)
            case .client: clients[address.index].process.isAlive(address.life)
            case .trainer: trainers[address.index].life == address.life && trainers[address.index].isAlive
            case .rollout: rollouts[address.index].process.isAlive(address.life)
            }
        guard isThere, coordinator.connection == address.connection else {
            // libzmq often reports it, but not always in time.
            if random.unit() < 0.5 { schedule(.unroutable(peer), after: .milliseconds(1)) }
            return
        }
        if address.role == .worker, let partition = workers[address.index].partition, partition != .fromWorker {
            return
        }
        transmit(envelope) { envelope in
            switch address.role {
            case .worker: .workerEvent(address.index, life: address.life, .received(envelope))
            case .client: .clientEvent(address.index, life: address.life, .received(envelope))
            case .trainer: .toTrainer(address.index, life: address.life, envelope)
            case .rollout: .rolloutEvent(address.index, life: address.life, .received(envelope))
            }
        }
    }

    /// Sends a message with delay, loss and duplication.
    mutating func transmit(_ envelope: Envelope, _ arrival: (Envelope) -> ScheduledEvent.Kind) {
        report.messages += 1
        var envelope = envelope
        if faultPlan.isEncoded {
            do {
                let decoded = try Envelope(frames: envelope.frames)
                if decoded.frames != envelope.frames { report.broken.append("\(envelope.message) changed on the wire") }
                envelope = decoded
            } catch {
                report.broken.append("\(envelope.message) was refused: \(error)")
            }
        }
        let isFaultless = now >= faultPlan.faultsEnd
        if !isFaultless, random.unit() < faultPlan.loss { return }
        let copies = !isFaultless && random.unit() < faultPlan.duplication ? 2 : 1
        for _ in 0..<copies {
            let isLate = random.unit() < 0.02
            let delay = faultPlan.delayMax * random.unit() * (isLate ? 10 : 1)
            schedule(arrival(envelope), after: delay)
        }
    }
}
