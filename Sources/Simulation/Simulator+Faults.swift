import Cluster
import Scoring

/// Faults: processes are killed, frozen, drained or cut off from the network, and return later.
extension Simulator {
    /// Lets a fault happen.
    mutating func apply(_ fault: FaultPlan.Fault) {
        let pause = Duration.milliseconds(200 + random.next() % 8000)
        switch fault {
        case .killWorker(let index):
            guard workers[index].process.isAlive else { return }
            workers[index].process.kill()
            schedule(.startWorker(index), after: pause)
        case .drainWorker(let index):
            workerEvent(index, workers[index].process.life, .drainRequested)
        case .freezeWorker(let index, let time):
            workers[index].process.freeze()
            schedule(.resumeWorker(index), after: time)
        case .hangWorker(let index):
            workers[index].isHanging = true
            // An operator notices in the end.
            schedule(.fault(.killWorker(index)), after: .seconds(50))
        case .partitionWorker(let index, let time, let direction):
            workers[index].partition = direction
            schedule(.healPartition(index), after: time)
        case .killCoordinator:
            guard coordinator.state != nil else { return }
            // It dies between two events: all that it has decided is on the disk, unless that is slow.
            if !coordinator.isDiskSlow { coordinator.checkDurability() }
            killCoordinator()
        case .killCoordinatorAfterActions(let actions):
            coordinator.actionsToLive = actions
        case .killCoordinatorAfterParts(let parts):
            coordinator.partsToLive = parts
        case .killClient(let index):
            guard clients[index].process.isAlive else { return }
            clients[index].process.kill()
            schedule(.startClient(index), after: pause)
        case .killTrainer, .rewindTrainer, .killRollout, .killProgram, .freezeRollout, .drainRollout:
            applyToRollouts(fault)
        }
    }

    /// Kills the coordinator, which starts again after a pause.
    mutating func killCoordinator() {
        coordinator.kill()
        schedule(.startCoordinator, after: .milliseconds(200 + random.next() % 8000))
    }

    mutating func resumeWorker(_ index: Int) {
        for event in workers[index].process.resume() { workerEvent(index, workers[index].process.life, event) }
    }

    /// Lets a fault of trainers and rollout workers happen.
    private mutating func applyToRollouts(_ fault: FaultPlan.Fault) {
        let pause = Duration.milliseconds(200 + random.next() % 8000)
        switch fault {
        case .killTrainer(let index):
            guard trainers[index].isAlive else { return }
            trainers[index].kill()
            schedule(.startTrainer(index), after: pause)
        case .rewindTrainer(let index, let steps):
            guard trainers[index].isAlive else { return }
            trainers[index].kill(goingBack: steps)
            schedule(.startTrainer(index), after: pause)
        case .killRollout(let index):
            guard rollouts[index].process.isAlive else { return }
            rollouts[index].kill()
            schedule(.startRollout(index), after: pause)
        case .killProgram(let index):
            rollouts[index].programLife += 1
            rolloutEvent(index, rollouts[index].process.life, .programDied("killed by a signal"))
        case .freezeRollout(let index, let time):
            rollouts[index].process.freeze()
            schedule(.resumeRollout(index), after: time)
        case .drainRollout(let index): rolloutEvent(index, rollouts[index].process.life, .drainRequested)
        default: break
        }
    }

    mutating func resumeRollout(_ index: Int) {
        for event in rollouts[index].process.resume() { rolloutEvent(index, rollouts[index].process.life, event) }
    }
}
