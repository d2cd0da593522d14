public import Cluster
import Scoring
import Wire

/// What goes wrong in one simulated run, all of it drawn from the seed. Faults end at `calmAfter`; from then on the
/// network is whole and nobody is killed, so that every job must finish.
public struct FaultPlan: Sendable {
    /// Workers of the run.
    public var workers: Int
    /// Clients of the run, a job each.
    public var clients: Int
    /// Shards of each client's corpus.
    public var shards: Int
    /// Rows of a shard at most.
    public var rowsMax: Int
    /// Trainers of the run.
    public var trainers: Int
    /// Rollout workers of the run; at least one where there is a trainer.
    public var rollouts: Int
    /// Steps of each trainer.
    public var steps: Int
    /// Prompts of a step at most.
    public var promptsMax: Int
    /// Chance of a rollout to end without a reward, in [0, 1].
    public var failures: Double
    /// A message takes up to this long; now and then ten times as long.
    public var delayMax: Duration
    /// Chance of a message to be lost, in [0, 1].
    public var loss: Double
    /// Chance of a message to come twice, in [0, 1].
    public var duplication: Double
    /// Faults to come, by time.
    public var faults: [(at: Instant, Fault)]
    /// No fault comes, and no message is lost, after this.
    public var calmAfter: Instant
    /// One in so many rows kills the worker that computes it; 0: none.
    public var poisonEvery: Int
    /// Whether every message goes through its frames.
    public var isEncoded: Bool

    /// One thing going wrong.
    public enum Fault: Hashable, Sendable {
        /// SIGKILL, and another life after a pause.
        case killWorker(Int)
        case killCoordinator
        /// Killed after so many more actions: between a journal entry and the message that tells of it, say.
        case cutOffCoordinator(Int)
        case killClient(Int)
        /// SIGSTOP for a while: nothing is done, nothing is said.
        case freezeWorker(Int, Duration)
        /// The computation under way never ends; heartbeats go on.
        case wedgeWorker(Int)
        /// SIGTERM, and another process after a pause.
        case drainWorker(Int)
        /// Nothing passes between the coordinator and a worker for a while, or in one direction only.
        case cutWorker(Int, Duration, Direction)
        case killTrainer(Int)
        case killRollout(Int)
        /// The rollout worker lives on and starts it again.
        case killProgram(Int)
        case freezeRollout(Int, Duration)
        /// SIGTERM, and another process after a pause.
        case drainRollout(Int)

        /// How many deaths the coordinator may see in it. A wedged worker is dismissed, and killed later on.
        var deaths: Int {
            switch self {
            case .killWorker, .freezeWorker, .cutWorker: 1
            case .wedgeWorker: 2
            case .killCoordinator, .cutOffCoordinator, .killClient, .drainWorker, .killTrainer, .killRollout,
                .killProgram, .freezeRollout, .drainRollout:
                0
            }
        }
    }

    /// Which way a cut works.
    public enum Direction: Hashable, Sendable { case both, toWorker, fromWorker }

    /// Draws a run's weather.
    public init(seed: UInt64) {
        var chance = SeededGenerator(seed: seed)
        let isStormy = chance.unit() < 0.7
        workers = Int.random(in: 1...4, using: &chance)
        clients = chance.unit() < 0.3 ? 2 : 1
        shards = Int.random(in: 0...16, using: &chance)
        rowsMax = Int.random(in: 1...8, using: &chance)
        delayMax = .milliseconds(Int.random(in: 1...40, using: &chance))
        loss = isStormy && chance.unit() < 0.5 ? 0.05 * chance.unit() : 0
        duplication = isStormy && chance.unit() < 0.5 ? 0.1 * chance.unit() : 0
        calmAfter = Instant(.seconds(60))
        poisonEvery = chance.unit() < 0.2 ? Int.random(in: 10...60, using: &chance) : 0
        isEncoded = chance.unit() < 0.1
        faults = []
        // Drawn apart, so that what happens to jobs does not depend on what happens to plans.
        var fortune = SeededGenerator(seed: seed ^ 0x7_0115)
        trainers = fortune.unit() < 0.7 ? Int.random(in: 1...2, using: &fortune) : 0
        rollouts = trainers > 0 ? Int.random(in: 1...4, using: &fortune) : 0
        steps = Int.random(in: 1...4, using: &fortune)
        promptsMax = Int.random(in: 1...24, using: &fortune)
        failures = fortune.unit() < 0.3 ? 0.2 * fortune.unit() : 0
        guard isStormy else { return }
        defer {
            for _ in 0..<(trainers > 0 ? Int.random(in: 0...5, using: &fortune) : 0) {
                faults.append(Self.rolloutFault(trainers: trainers, rollouts: rollouts, &fortune))
            }
            faults.sort { $0.at < $1.at }
        }
        // A row is condemned when four workers died with it running, so a run may see three deaths by chance and no
        // more, or an innocent row could be hit each time; two where a poisoned neighbour may cost it one.
        var deathsLeft = poisonEvery > 0 ? 2 : 3
        for _ in 0..<Int.random(in: 0...5, using: &chance) {
            let worker = Int.random(in: 0..<workers, using: &chance)
            let pause = Duration.milliseconds(Int.random(in: 100...20_000, using: &chance))
            let direction = [Direction.both, .toWorker, .fromWorker].randomElement(using: &chance) ?? .both
            let fault: Fault =
                switch Int.random(in: 0..<11, using: &chance) {
                case 0, 1: .killWorker(worker)
                case 2, 3: .killCoordinator
                case 4: .killClient(Int.random(in: 0..<clients, using: &chance))
                case 5: .freezeWorker(worker, pause)
                case 6: .wedgeWorker(worker)
                case 7: .drainWorker(worker)
                case 8, 9: .cutOffCoordinator(Int.random(in: 0...60, using: &chance))
                default: .cutWorker(worker, pause, direction)
                }
            let at = Instant(.milliseconds(Int.random(in: 0...30_000, using: &chance)))
            guard fault.deaths <= deathsLeft else { continue }
            deathsLeft -= fault.deaths
            faults.append((at, fault))
        }
    }

    private static func rolloutFault(
        trainers: Int, rollouts: Int, _ fortune: inout SeededGenerator
    ) -> (at: Instant, Fault) {
        let rollout = Int.random(in: 0..<rollouts, using: &fortune)
        let pause = Duration.milliseconds(Int.random(in: 100...20_000, using: &fortune))
        let fault: Fault =
            switch Int.random(in: 0..<8, using: &fortune) {
            case 0, 1: .killTrainer(Int.random(in: 0..<trainers, using: &fortune))
            case 2, 3, 4: .killRollout(rollout)
            case 5: .killProgram(rollout)
            case 6: .freezeRollout(rollout, pause)
            default: .drainRollout(rollout)
            }
        return (Instant(.milliseconds(Int.random(in: 0...30_000, using: &fortune))), fault)
    }
}
