public import Cluster
import Scoring
import Wire

/// The faults of one simulated run, all of them drawn from the seed. Faults end at `faultsEnd`; after that no
/// message is lost and no process is killed, so that every job must finish.
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
    /// Longest delay of a message; a few messages need ten times as long.
    public var delayMax: Duration
    /// Chance of a message to be lost, in [0, 1].
    public var loss: Double
    /// Chance of a message to arrive twice, in [0, 1].
    public var duplication: Double
    /// Faults, in the order of their times.
    public var faults: [(at: Instant, Fault)]
    /// After this, no fault happens and no message is lost.
    public var faultsEnd: Instant
    /// One in so many rows kills the worker that computes it; 0: none.
    public var poisonEvery: Int
    /// Share of the shards that are computed again, in [0, 1].
    public var verify = 0.0
    /// A worker that answers every row falsely, if any.
    public var liar: Int?
    /// Whether every message is encoded to frames and decoded again.
    public var isEncoded: Bool
    /// Whether peers belong to two tenants and to none, whose policies have the same ids.
    public private(set) var hasTenants = false
    /// A fault of the program for tests of the checks: the coordinator takes all peers for its own.
    package var forgetsTenants = false

    /// One fault.
    public enum Fault: Hashable, Sendable {
        /// SIGKILL, and a restart after a pause.
        case killWorker(Int)
        case killCoordinator
        /// Killed after so many more actions: for example between a journal entry and the message that depends on it.
        case killCoordinatorAfterActions(Int)
        /// Killed after so many more parts of requests that are kept in parts; of a disk that is not slow, none is.
        case killCoordinatorAfterParts(Int)
        case killClient(Int)
        /// SIGSTOP for a while: it computes nothing and sends nothing.
        case freezeWorker(Int, Duration)
        /// The running computation never ends; heartbeats continue.
        case hangWorker(Int)
        /// SIGTERM, and another process after a pause.
        case drainWorker(Int)
        /// No message passes between the coordinator and a worker for a while, in both directions or one.
        case partitionWorker(Int, Duration, Direction)
        case killTrainer(Int)
        /// A trainer is killed, and goes back to a checkpoint so many steps before.
        case rewindTrainer(Int, steps: Int)
        case killRollout(Int)
        /// The rollout worker lives on and starts its program again.
        case killProgram(Int)
        case freezeRollout(Int, Duration)
        /// SIGTERM, and another process after a pause.
        case drainRollout(Int)

        /// How many deaths the coordinator may count because of it. A worker that hangs is dismissed, and killed later.
        var deaths: Int {
            switch self {
            case .killWorker, .freezeWorker, .partitionWorker: 1
            case .hangWorker: 2
            case .killCoordinator, .killCoordinatorAfterActions, .killCoordinatorAfterParts, .killClient, .drainWorker,
                .killTrainer,
                .rewindTrainer,
                .killRollout, .killProgram, .freezeRollout, .drainRollout:
                0
            }
        }
    }

    /// In which directions a partition stops messages.
    public enum Direction: Hashable, Sendable { case both, toWorker, fromWorker }

    /// Draws the faults of a run with three clients, trainers and rollout workers or more: of tenants `a` and `b`, and of none.
    /// One worker computes for all.
    public init(withTenantsFrom seed: UInt64) {
        self.init(seed: seed)
        hasTenants = true
        clients = 3
        if trainers > 0 { (trainers, rollouts) = (3, max(3, rollouts)) }
        // A worker may be the only one of its tenant, so that all deaths count: see `deathsLeft`.
        var left = poisonEvery > 0 ? 2 : 3
        faults = faults.filter { fault in
            left -= fault.1.deaths
            return fault.1.deaths == 0 || left >= 0
        }
        // Three jobs have three times the rows. With as many poisoned ones in each, one worker would die for over an hour.
        if poisonEvery > 0 { poisonEvery = max(poisonEvery, 30) }
        // A tenant's own workers alone never put one in quarantine that computes for all, so nobody decides about it.
        liar = nil
    }

    /// Whose a process is.
    func tenant(of role: SimulatedAddress.Role, _ index: Int) -> String? {
        guard hasTenants else { return nil }
        let tenants: [String?] = role == .worker ? [nil, "a", "b"] : ["a", "b", nil]
        return tenants[index % tenants.count]
    }

    /// Draws a run's faults.
    public init(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let hasFaults = random.unit() < 0.7
        workers = Int.random(in: 1...4, using: &random)
        clients = random.unit() < 0.3 ? 2 : 1
        shards = Int.random(in: 0...16, using: &random)
        rowsMax = Int.random(in: 1...8, using: &random)
        delayMax = .milliseconds(Int.random(in: 1...40, using: &random))
        loss = hasFaults && random.unit() < 0.5 ? 0.05 * random.unit() : 0
        duplication = hasFaults && random.unit() < 0.5 ? 0.1 * random.unit() : 0
        faultsEnd = Instant(.seconds(60))
        poisonEvery = random.unit() < 0.2 ? Int.random(in: 10...60, using: &random) : 0
        isEncoded = random.unit() < 0.1
        faults = []
        // From another sequence, so that the faults of jobs do not depend on those of plans.
        var planRandom = SeededGenerator(seed: seed ^ 0x7_0115)
        trainers = planRandom.unit() < 0.7 ? Int.random(in: 1...2, using: &planRandom) : 0
        rollouts = trainers > 0 ? Int.random(in: 1...4, using: &planRandom) : 0
        steps = Int.random(in: 1...4, using: &planRandom)
        promptsMax = Int.random(in: 1...24, using: &planRandom)
        failures = planRandom.unit() < 0.3 ? 0.2 * planRandom.unit() : 0
        // From a sequence of its own as well.
        var lieRandom = SeededGenerator(seed: seed ^ 0x11E5)
        if lieRandom.unit() < 0.3 { verify = lieRandom.unit() < 0.6 ? 1 : lieRandom.unit() }
        // With two workers, nobody could decide which of them lies.
        if verify == 1, workers > 2, lieRandom.unit() < 0.7 { liar = Int.random(in: 0..<workers, using: &lieRandom) }
        guard hasFaults else { return }
        defer {
            for _ in 0..<(trainers > 0 ? Int.random(in: 0...5, using: &planRandom) : 0) {
                faults.append(Self.rolloutFault(trainers: trainers, rollouts: rollouts, &planRandom))
            }
            if trainers > 0 { addReturns(seed) }
            faults.sort { $0.at < $1.at }
        }
        if workers > 1, poisonEvery == 0, planRandom.unit() < 0.2 {
            crash(&planRandom)
            return
        }
        // A row is poisoned at four deaths. So a run may have at most three deaths by chance, or a harmless row could
        // be hit each time; two where a poisoned row beside it can cost it one.
        var deathsLeft = poisonEvery > 0 ? 2 : 3
        for _ in 0..<Int.random(in: 0...5, using: &random) {
            let worker = Int.random(in: 0..<workers, using: &random)
            let pause = Duration.milliseconds(Int.random(in: 100...20_000, using: &random))
            let direction = [Direction.both, .toWorker, .fromWorker].randomElement(using: &random) ?? .both
            let fault: Fault =
                switch Int.random(in: 0..<11, using: &random) {
                case 0, 1: .killWorker(worker)
                case 2, 3: .killCoordinator
                case 4: .killClient(Int.random(in: 0..<clients, using: &random))
                case 5: .freezeWorker(worker, pause)
                case 6: .hangWorker(worker)
                case 7: .drainWorker(worker)
                case 8, 9: .killCoordinatorAfterActions(Int.random(in: 0...60, using: &random))
                default: .partitionWorker(worker, pause, direction)
                }
            let at = Instant(.milliseconds(Int.random(in: 0...30_000, using: &random)))
            guard fault.deaths <= deathsLeft else { continue }
            deathsLeft -= fault.deaths
            faults.append((at, fault))
        }
    }

    /// One worker dies again and again, and the other workers never: no row may be poisoned, however often it dies.
    private mutating func crash(_ random: inout SeededGenerator) {
        let worker = Int.random(in: 0..<workers, using: &random)
        if random.unit() < 0.3 { faults.append((Instant(.milliseconds(random.next() % 30_000)), .killCoordinator)) }
        // Not before the others have joined: alone, its deaths count.
        var at = Duration.seconds(6)
        while at < .seconds(45) {
            faults.append((Instant(at), .killWorker(worker)))
            at += .milliseconds(Int.random(in: 1500...5000, using: &random))
        }
    }

    /// Trainers go back, from a sequence of its own.
    private mutating func addReturns(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed ^ 0xBAC4)
        guard random.unit() < 0.4 else { return }
        for _ in 0..<Int.random(in: 1...3, using: &random) {
            let trainer = Int.random(in: 0..<trainers, using: &random)
            let steps = Int.random(in: 0...2, using: &random)
            let at = Instant(.milliseconds(Int.random(in: 0...50_000, using: &random)))
            faults.append((at, .rewindTrainer(trainer, steps: steps)))
            // Often in the middle of keeping what the return drops, which comes once the trainer has started again.
            guard random.unit() < 0.7 else { continue }
            let pause = Duration.milliseconds(Int.random(in: 0...8000, using: &random))
            faults.append((at + pause, .killCoordinatorAfterParts(Int.random(in: 1...12, using: &random))))
        }
    }

    private static func rolloutFault(
        trainers: Int, rollouts: Int, _ planRandom: inout SeededGenerator
    ) -> (at: Instant, Fault) {
        let rollout = Int.random(in: 0..<rollouts, using: &planRandom)
        let pause = Duration.milliseconds(Int.random(in: 100...20_000, using: &planRandom))
        let fault: Fault =
            switch Int.random(in: 0..<8, using: &planRandom) {
            case 0, 1: .killTrainer(Int.random(in: 0..<trainers, using: &planRandom))
            case 2, 3, 4: .killRollout(rollout)
            case 5: .killProgram(rollout)
            case 6: .freezeRollout(rollout, pause)
            default: .drainRollout(rollout)
            }
        return (Instant(.milliseconds(Int.random(in: 0...30_000, using: &planRandom))), fault)
    }
}
