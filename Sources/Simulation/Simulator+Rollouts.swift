import Cluster
import Scoring
import Wire

/// Trainers and the drivers of rollout workers.
extension Simulator {
    // MARK: Trainers

    mutating func startTrainer(_ index: Int) {
        guard !trainers[index].isAlive, !trainers[index].isFinished else { return }
        trainers[index].start(at: now)
        send(trainers[index].tick(at: now), fromTrainer: index)
    }

    mutating func trainerReceives(_ index: Int, _ life: Int, _ envelope: Envelope) {
        guard trainers[index].life == life else { return }
        send(trainers[index].receive(envelope.message, at: now), fromTrainer: index)
        report.broken += trainers[index].broken
    }

    mutating func send(_ messages: [Message], fromTrainer index: Int) {
        guard let machines = coordinator.state else { return }
        let peer = SimulatedAddress(
            role: .trainer, index: index, life: trainers[index].life, connection: coordinator.connection
        ).peer(faultPlan)
        for message in messages {
            transmit(Envelope(generation: machines.planner.generation, message)) { .toCoordinator($0, from: peer) }
        }
    }

    // MARK: Rollout workers

    mutating func rolloutEvent(_ index: Int, _ life: Int, _ event: RolloutState.Event) {
        let actions = rollouts[index].process.handle(event, life: life, at: now, &report.broken)
        for action in actions { perform(action, rollout: index) }
    }

    private mutating func perform(_ action: RolloutState.Action, rollout index: Int) {
        let life = rollouts[index].process.life
        switch action {
        case .send(let envelope):
            guard coordinator.state != nil else { return }
            let peer = SimulatedAddress(role: .rollout, index: index, life: life, connection: coordinator.connection)
                .peer(faultPlan)
            transmit(envelope) { .toCoordinator($0, from: peer) }
        case .launch: rollouts[index].programLife += 1
        case .run(let assignment): runProgram(assignment, rollout: index)
        case .kill:
            rollouts[index].programLife += 1
            schedule(.rolloutEvent(index, life: life, .programDied("killed")), after: .milliseconds(10))
        case .fault: break
        case .settled(let recorded): rollouts[index].acknowledge(recorded)
        case .exit(let exit):
            if case .refused = exit { report.broken.append("rollout worker \(index) was refused: \(exit)") }
            rollouts[index].kill()
            schedule(.startRollout(index), after: .milliseconds(500 + random.next() % 5000))
        }
    }

    /// The program: rollouts end one by one or all at once, a few without a reward. Every reward is a number that no
    /// other rollout has, so that a lost or doubled one is found.
    private mutating func runProgram(_ assignment: Assignment, rollout index: Int) {
        let life = rollouts[index].process.life
        let program = rollouts[index].programLife
        let parts = random.unit() < 0.5 ? assignment.n : 1
        var time = Duration.zero
        var left = assignment.n
        for part in 0..<parts {
            time += .milliseconds(1 + random.next() % 3000)
            let count = part == parts - 1 ? left : 1
            left -= count
            var rewards: [Double] = []
            for _ in 0..<count where random.unit() > faultPlan.failures { rewards.append(nextReward()) }
            let report = RolloutReport(
                assignment: assignment.name.description, rewards: rewards, failed: count - rewards.count)
            schedule(.programReport(index, life: life, program: program, report), after: time)
        }
    }

    private mutating func nextReward() -> Double {
        rewardNumber += 1
        return Double(rewardNumber) * 0x1p-40
    }

    mutating func startRollout(_ index: Int) {
        guard !rollouts[index].process.isAlive else { return }
        rollouts[index].start(name: "r\(index)", seed: random.next())
        rolloutEvent(index, rollouts[index].process.life, .started)
    }
}
