import Cluster
import Scoring
import Wire

/// Trainers and rollout workers of a simulated cluster, and the books that are kept on every reward.
extension Simulator {
    // MARK: Trainers

    mutating func startTrainer(_ index: Int) {
        guard !trainers[index].isAlive, !trainers[index].isFinished else { return }
        trainers[index].start(at: now)
        say(trainers[index].tick(at: now), trainer: index)
    }

    mutating func trainerHears(_ index: Int, _ life: Int, _ envelope: Envelope) {
        guard trainers[index].life == life else { return }
        say(trainers[index].hear(envelope.message, at: now), trainer: index)
        report.broken += trainers[index].broken
    }

    mutating func say(_ messages: [Message], trainer index: Int) {
        guard let machines = coordinator.state else { return }
        let peer = Address(
            role: .trainer, index: index, life: trainers[index].life, connection: coordinator.connection
        ).peer
        for message in messages {
            transmit(Envelope(generation: machines.planner.generation, message)) { .toCoordinator($0, from: peer) }
        }
    }

    // MARK: Rollout workers

    mutating func startRollout(_ index: Int) {
        guard rollouts[index].state == nil else { return }
        rollouts[index].start(name: "r\(index)", seed: chance.next())
        rolloutEvent(index, rollouts[index].life, .started)
    }

    mutating func rolloutEvent(_ index: Int, _ life: Int, _ event: RolloutState.Event) {
        guard rollouts[index].life == life, rollouts[index].state != nil else { return }
        if rollouts[index].isFrozen {
            rollouts[index].missed.append(event)
            return
        }
        let actions = rollouts[index].state?.handle(event, at: now) ?? []
        report.broken += rollouts[index].state?.brokenInvariants ?? []
        for action in actions { perform(action, rollout: index) }
    }

    private mutating func perform(_ action: RolloutState.Action, rollout index: Int) {
        let life = rollouts[index].life
        switch action {
        case .send(let envelope):
            guard coordinator.state != nil else { return }
            let peer = Address(role: .rollout, index: index, life: life, connection: coordinator.connection).peer
            transmit(envelope) { .toCoordinator($0, from: peer) }
        case .launch: rollouts[index].programLife += 1
        case .run(let assignment): roll(assignment, rollout: index)
        case .kill:
            rollouts[index].programLife += 1
            schedule(.rolloutEvent(index, life: life, .programDied("killed")), after: .milliseconds(10))
        case .fault: break
        case .settled(let recorded): rollouts[index].note(recorded)
        case .exit(let exit):
            if case .refused = exit { report.broken.append("rollout worker \(index) was refused: \(exit)") }
            rollouts[index].kill()
            schedule(.startRollout(index), after: .milliseconds(500 + chance.next() % 5000))
        }
    }

    /// The program: rollouts end one by one or all at once, now and then without a reward. Every reward is a number that
    /// no other rollout has, so that a lost or doubled one is seen.
    private mutating func roll(_ assignment: Assignment, rollout index: Int) {
        let life = rollouts[index].life
        let program = rollouts[index].programLife
        let parts = chance.unit() < 0.5 ? assignment.n : 1
        var time = Duration.zero
        var left = assignment.n
        for part in 0..<parts {
            time += .milliseconds(1 + chance.next() % 3000)
            let count = part == parts - 1 ? left : 1
            left -= count
            var rewards: [Double] = []
            for _ in 0..<count where chance.unit() > weather.failures { rewards.append(nextReward()) }
            let told = RolloutReport(
                assignment: assignment.name.description, rewards: rewards, failed: count - rewards.count)
            schedule(.programSays(index, life: life, program: program, told), after: time)
        }
    }

    private mutating func nextReward() -> Double {
        rewardNumber += 1
        return Double(rewardNumber) * 0x1p-40
    }

    // MARK: Faults

    mutating func strike(rollout fault: FaultPlan.Fault) {
        let pause = Duration.milliseconds(200 + chance.next() % 8000)
        switch fault {
        case .killTrainer(let index):
            guard trainers[index].isAlive else { return }
            trainers[index].kill()
            schedule(.startTrainer(index), after: pause)
        case .killRollout(let index):
            guard rollouts[index].state != nil else { return }
            rollouts[index].kill()
            schedule(.startRollout(index), after: pause)
        case .killProgram(let index):
            rollouts[index].programLife += 1
            rolloutEvent(index, rollouts[index].life, .programDied("shot"))
        case .freezeRollout(let index, let time):
            rollouts[index].isFrozen = true
            schedule(.thawRollout(index), after: time)
        case .drainRollout(let index): rolloutEvent(index, rollouts[index].life, .drainRequested)
        default: break
        }
    }

    mutating func thawRollout(_ index: Int) {
        rollouts[index].isFrozen = false
        let missed = rollouts[index].missed
        rollouts[index].missed = []
        for event in missed { rolloutEvent(index, rollouts[index].life, event) }
    }

    // MARK: Books

    /// At the end: every reward that was acknowledged was trained on, none twice, and the journal knows the same ones.
    mutating func closeBooks() {
        var seen: Set<Double> = []
        var trained = 0
        for trainer in trainers {
            report.fallbacks += trainer.fallbacks
            report.rolloutsDrawn += trainer.drawn
            for groups in trainer.trained.values {
                for group in groups {
                    trained += 1
                    for reward in group.rewards where !seen.insert(reward).inserted {
                        report.broken.append("reward \(reward) of \(group.promptID) was counted twice")
                    }
                }
            }
        }
        report.groups = trained
        report.rewards = seen.count
        var recorded: [String: Set<Double>] = [:]
        for entry in coordinator.planDisk {
            guard case .groupReported(let plan, let group) = entry else { continue }
            for reward in group.rewards {
                if !seen.contains(reward) { report.broken.append("reward \(reward) of \(plan) was recorded and lost") }
            }
            if recorded.updateValue(Set(group.rewards), forKey: group.eventID) != nil {
                report.broken.append("\(group.eventID) was recorded twice")
            }
        }
        for (index, rollout) in rollouts.enumerated() {
            for name in rollout.acknowledged.keys where recorded["\(name)"] == nil {
                report.broken.append("rollout worker \(index) was told that \(name) is recorded, and it is not")
            }
        }
        var outcomes: Set<String> = []
        for entry in coordinator.planDisk {
            guard case .outcomesRecorded(_, let told) = entry else { continue }
            for outcome in told where !outcomes.insert(outcome.eventID).inserted {
                report.broken.append("\(outcome.eventID) is in the history twice")
            }
        }
        if outcomes != Set(recorded.keys) { report.broken.append("history and groups tell of different rollouts") }
    }
}
