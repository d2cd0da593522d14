import Cluster
import Scoring
import Wire

/// Drivers of workers and clients: they send, prepare contexts, compute answers, write parts.
extension Simulator {
    // MARK: Workers

    mutating func startWorker(_ index: Int) {
        guard !workers[index].process.isAlive else { return }
        workers[index].start(name: "w\(index)", seed: random.next())
        workerEvent(index, workers[index].process.life, .started)
    }

    mutating func workerEvent(_ index: Int, _ life: Int, _ event: WorkerState.Event) {
        let actions = workers[index].process.handle(event, life: life, at: now, &report.broken)
        for action in actions { perform(action, worker: index) }
    }

    private mutating func perform(_ action: WorkerState.Action, worker index: Int) {
        let life = workers[index].process.life
        switch action {
        case .send(let envelope):
            guard coordinator.state != nil else { return }
            if let partition = workers[index].partition, partition != .toWorker { return }
            let peer = SimulatedAddress(role: .worker, index: index, life: life, connection: coordinator.connection)
                .peer(faultPlan)
            transmit(envelope) { .toCoordinator($0, from: peer) }
        case .prepare(let block):
            workers[index].contexts.insert(block.digest)
            let failure =
                block.contextSet == nil ? WorkerState.ContextFailure(message: "the context cannot be read") : nil
            schedule(
                .workerEvent(index, life: life, .contextPrepared(block.digest, failure: failure)),
                after: .milliseconds(random.next() % 2000))
        case .forget(let digest):
            workers[index].contexts.remove(digest)
        case .score(let piece, let context, let texts):
            if !workers[index].contexts.contains(context) {
                report.broken.append("worker \(index) scores with a context it has not prepared")
            }
            compute(piece, context, texts, worker: index)
        case .exit:
            workers[index].process.kill()
            schedule(.startWorker(index), after: .milliseconds(500 + random.next() % 5000))
        }
    }

    private mutating func compute(_ piece: PieceName, _ context: Digest, _ content: ShardContent, worker index: Int) {
        let life = workers[index].process.life
        let time = Duration.milliseconds(1 + random.next() % 1500)
        if workers[index].isHanging { return }
        schedule(.workerEvent(index, life: life, .progressed), after: time * 0.5)
        guard case .texts(let block) = content else {
            report.broken.append("worker \(index) is lent row ranges, which it does not read")
            return
        }
        let texts = block.texts.compactMap(\.self)
        if texts.contains(where: SimulatedClient.isPoison) {
            schedule(.fault(.killWorker(index)), after: time)
            return
        }
        let salt: UInt64 = faultPlan.liar == index ? 1 : 0
        let answers = AnswerBlock(texts.map { TableValueModel.expected($0, context: context, salt: salt) })
        schedule(.workerEvent(index, life: life, .computed(piece, answers, [], StageTimes())), after: time)
    }

    // MARK: Clients

    mutating func startClient(_ index: Int) {
        guard !clients[index].process.isAlive, !clients[index].isFinished else { return }
        clients[index].start(seed: random.next())
        clientEvent(index, clients[index].process.life, .started)
    }

    mutating func clientEvent(_ index: Int, _ life: Int, _ event: ClientState.Event) {
        let actions = clients[index].process.handle(event, life: life, at: now, &report.broken)
        for action in actions { perform(action, client: index) }
    }

    private mutating func perform(_ action: ClientState.Action, client index: Int) {
        let life = clients[index].process.life
        switch action {
        case .send(let envelope):
            guard coordinator.state != nil else { return }
            let peer = SimulatedAddress(role: .client, index: index, life: life, connection: coordinator.connection)
                .peer(faultPlan)
            transmit(envelope) { .toCoordinator($0, from: peer) }
        case .produce:
            schedule(.clientEvent(index, life: life, clients[index].produce()), after: .milliseconds(1))
        case .deliver(let answer):
            if let below = clients[index].keep(answer) {
                schedule(.clientEvent(index, life: life, .durable(below: below)), after: .milliseconds(5))
            }
        case .finish: clients[index].finish()
        case .fail(.withdrawn), .fail(.jobRefused(.verification, _)):
            // The same command continues, at once or when somebody has started another worker.
            clients[index].process.kill()
            schedule(.startClient(index), after: .milliseconds(random.next() % 5000))
        case .fail(let failure): report.broken.append("client \(index) failed: \(failure)")
        case .openOutput:
            schedule(.clientEvent(index, life: life, clients[index].ready), after: .milliseconds(20))
        case .showStatus, .quarantined: break
        }
    }
}
