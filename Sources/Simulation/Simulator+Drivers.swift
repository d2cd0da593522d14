import Cluster
import Scoring
import Wire

/// What the real drivers do, played: deliver, compute, make durable.
extension Simulator {
    // MARK: Coordinator

    mutating func startCoordinator() {
        drive(coordinator.start(at: now))
    }

    mutating func drive(_ actions: [CoordinatorMachines.Action]) {
        // Before the transaction of the journal, after it, or between two messages: but never in the middle of it.
        if coordinator.actionsToLive == 0 {
            coordinator.actionsToLive = nil
            return strike(.killCoordinator)
        }
        for action in actions {
            switch action {
            case .journal(let entry): coordinator.disk.append(entry)
            case .journalPlan(let entry): coordinator.planDisk.append(entry)
            case .note, .notePlan, .send: break
            }
        }
        for action in actions {
            if let left = coordinator.actionsToLive {
                coordinator.actionsToLive = left > 0 ? left - 1 : nil
                if left == 0 { return strike(.killCoordinator) }
            }
            switch action {
            case .journal, .journalPlan, .note, .notePlan: break
            case .send(let envelope, let peer):
                coordinator.speak(as: envelope.generation)
                send(envelope, to: peer)
            }
        }
    }

    /// The coordinator speaks to a peer of this life of its, or learns that it is gone.
    private mutating func send(_ envelope: Envelope, to peer: Peer) {
        let address = Address(peer)
        let isThere =
            switch address.role {
            case .worker: workers[address.index].life == address.life && workers[address.index].state != nil
            case .client: clients[address.index].life == address.life && clients[address.index].state != nil
            case .trainer: trainers[address.index].life == address.life && trainers[address.index].isAlive
            case .rollout: rollouts[address.index].life == address.life && rollouts[address.index].state != nil
            }
        guard isThere, coordinator.connection == address.connection else {
            // libzmq often knows, but not always in time.
            if chance.unit() < 0.5 { schedule(.unroutable(peer), after: .milliseconds(1)) }
            return
        }
        if address.role == .worker, let cut = workers[address.index].cut, cut != .fromWorker { return }
        transmit(envelope) { envelope in
            switch address.role {
            case .worker: .toWorker(address.index, life: address.life, envelope)
            case .client: .toClient(address.index, life: address.life, envelope)
            case .trainer: .toTrainer(address.index, life: address.life, envelope)
            case .rollout: .rolloutEvent(address.index, life: address.life, .received(envelope))
            }
        }
    }

    /// Delay, loss and duplication.
    mutating func transmit(_ envelope: Envelope, _ what: (Envelope) -> What) {
        report.messages += 1
        var envelope = envelope
        if weather.isEncoded {
            do {
                let decoded = try Envelope(frames: envelope.frames)
                if decoded.frames != envelope.frames { report.broken.append("\(envelope.message) changed on the wire") }
                envelope = decoded
            } catch {
                report.broken.append("\(envelope.message) was refused: \(error)")
            }
        }
        let isCalm = now >= weather.calmAfter
        if !isCalm, chance.unit() < weather.loss { return }
        let copies = !isCalm && chance.unit() < weather.duplication ? 2 : 1
        for _ in 0..<copies {
            let isLate = chance.unit() < 0.02
            let delay = weather.delayMax * chance.unit() * (isLate ? 10 : 1)
            schedule(what(envelope), after: delay)
        }
    }

    // MARK: Workers

    mutating func startWorker(_ index: Int) {
        guard workers[index].state == nil else { return }
        workers[index].start(name: "w\(index)", seed: chance.next())
        workerEvent(index, workers[index].life, .started)
    }

    mutating func workerEvent(_ index: Int, _ life: Int, _ event: WorkerState.Event) {
        guard workers[index].life == life, workers[index].state != nil else { return }
        if workers[index].isFrozen {
            workers[index].missed.append(event)
            return
        }
        let actions = workers[index].state?.handle(event, at: now) ?? []
        report.broken += workers[index].state?.brokenInvariants ?? []
        for action in actions { perform(action, worker: index) }
    }

    private mutating func perform(_ action: WorkerState.Action, worker index: Int) {
        let life = workers[index].life
        switch action {
        case .send(let envelope):
            guard coordinator.state != nil else { return }
            if let cut = workers[index].cut, cut != .toWorker { return }
            let peer = Address(role: .worker, index: index, life: life, connection: coordinator.connection).peer
            transmit(envelope) { .toCoordinator($0, from: peer) }
        case .prepare(let block):
            workers[index].contexts.insert(block.digest)
            let failure = block.contextSet == nil ? "the context cannot be read" : nil
            schedule(
                .workerEvent(index, life: life, .contextPrepared(block.digest, failure: failure)),
                after: .milliseconds(chance.next() % 2000))
        case .forget(let digest):
            workers[index].contexts.remove(digest)
        case .score(let piece, let context, let texts):
            if !workers[index].contexts.contains(context) {
                report.broken.append("worker \(index) scores with a context it has not prepared")
            }
            compute(piece, context, texts, worker: index)
        case .exit:
            workers[index].kill()
            schedule(.startWorker(index), after: .milliseconds(500 + chance.next() % 5000))
        }
    }

    private mutating func compute(_ piece: PieceName, _ context: Digest, _ texts: TextBlock, worker index: Int) {
        let life = workers[index].life
        let time = Duration.milliseconds(1 + chance.next() % 1500)
        if workers[index].isWedged { return }
        schedule(.workerEvent(index, life: life, .progressed), after: time * 0.5)
        let texts = texts.texts.compactMap(\.self)
        if texts.contains(where: SimulatedClient.isPoison) {
            schedule(.fault(.killWorker(index)), after: time)
            return
        }
        let answers = AnswerBlock(texts.map { TableValueModel.expected($0, context: context) })
        schedule(.workerEvent(index, life: life, .computed(piece, answers, [], StageTimes())), after: time)
    }

    // MARK: Clients

    mutating func startClient(_ index: Int) {
        guard clients[index].state == nil, !clients[index].isFinished else { return }
        clients[index].start(seed: chance.next())
        clientEvent(index, clients[index].life, .started)
    }

    mutating func clientEvent(_ index: Int, _ life: Int, _ event: ClientState.Event) {
        guard clients[index].life == life, clients[index].state != nil else { return }
        let actions = clients[index].state?.handle(event, at: now) ?? []
        report.broken += clients[index].state?.brokenInvariants ?? []
        for action in actions { perform(action, client: index) }
    }

    private mutating func perform(_ action: ClientState.Action, client index: Int) {
        let life = clients[index].life
        switch action {
        case .send(let envelope):
            guard coordinator.state != nil else { return }
            let peer = Address(role: .client, index: index, life: life, connection: coordinator.connection).peer
            transmit(envelope) { .toCoordinator($0, from: peer) }
        case .produce:
            schedule(.clientEvent(index, life: life, clients[index].produce()), after: .milliseconds(1))
        case .deliver(let answer):
            if let below = clients[index].take(answer) {
                schedule(.clientEvent(index, life: life, .durable(below: below)), after: .milliseconds(5))
            }
        case .finish: clients[index].finish()
        case .fail(let failure): report.broken.append("client \(index) failed: \(failure)")
        case .openOutput:
            schedule(.clientEvent(index, life: life, clients[index].ready), after: .milliseconds(20))
        case .showStatus: break
        }
    }

    // MARK: Faults

    mutating func strike(_ fault: FaultPlan.Fault) {
        let pause = Duration.milliseconds(200 + chance.next() % 8000)
        switch fault {
        case .killWorker(let index):
            guard workers[index].state != nil else { return }
            workers[index].kill()
            schedule(.startWorker(index), after: pause)
        case .drainWorker(let index):
            workerEvent(index, workers[index].life, .drainRequested)
        case .freezeWorker(let index, let time):
            workers[index].isFrozen = true
            schedule(.thaw(index), after: time)
        case .wedgeWorker(let index):
            workers[index].isWedged = true
            // Somebody notices in the end.
            schedule(.fault(.killWorker(index)), after: .seconds(50))
        case .cutWorker(let index, let time, let direction):
            workers[index].cut = direction
            schedule(.mend(index), after: time)
        case .killCoordinator:
            guard coordinator.state != nil else { return }
            coordinator.kill()
            schedule(.startCoordinator, after: pause)
        case .cutOffCoordinator(let actions):
            coordinator.actionsToLive = actions
        case .killClient(let index):
            guard clients[index].state != nil else { return }
            clients[index].kill()
            schedule(.startClient(index), after: pause)
        case .killTrainer, .killRollout, .killProgram, .freezeRollout, .drainRollout: strike(rollout: fault)
        }
    }

    mutating func thaw(_ index: Int) {
        workers[index].isFrozen = false
        let missed = workers[index].missed
        workers[index].missed = []
        for event in missed { workerEvent(index, workers[index].life, event) }
    }
}
