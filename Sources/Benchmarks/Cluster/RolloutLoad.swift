import Cluster
import Logging
import RolloutNode
import Threads
import Wire
import ZeroMQ

/// Many rollout workers in one process, and a trainer that requests a plan: a load on the coordinator.
///
/// Each rollout worker has its own connection and thread. Rewards are drawn, each after the same mean time, so all
/// workers are equally fast.
struct RolloutLoad: Sendable {
    /// Endpoint of the coordinator.
    var coordinator: Endpoint
    /// Number of rollout workers.
    var workers = 200
    /// Prompts of the step.
    var prompts = 20_000
    /// Mean rollouts per prompt.
    var mean = 8
    /// Assignments of a rollout worker at a time.
    var slots = 4
    /// Mean seconds of a rollout; 0 answers at once.
    var seconds = 0.0

    /// The result of a load; times in seconds from the request.
    struct Result: Sendable {
        let firstBudget: Double
        let planEnd: Double
        let lastGroup: Double
        /// Status of the plan.
        let status: String
        /// Rollouts in all groups.
        let rollouts: Int
        /// Prompts recorded by each rollout worker, sorted.
        let shares: [Int]

        /// Prompts of the busiest worker divided by those of the least busy; infinite where one had none.
        var unfairness: Double {
            guard let least = shares.first, let most = shares.last, least > 0 else { return .infinity }
            return Double(most) / Double(least)
        }
    }

    /// Runs to the end. Throws `RolloutError.load` when no group is done for a minute.
    func run(logger: Logger) throws(RolloutError) -> Result {
        let ids = (0..<prompts).map { "prompt-\($0)" }
        let rates = SimulatedRates(Dictionary(uniqueKeysWithValues: ids.map { ($0, Double($0.utf8.count % 4) / 4) }))
        let context: Context
        do {
            context = try Context(ioThreads: 1, socketsMax: workers + 8)
        } catch {
            throw .socket(error)
        }
        var nodes: [RolloutNode] = []
        for number in 0..<workers {
            let configuration = RolloutNode.Configuration(
                coordinator: coordinator, machine: RolloutState.Configuration(name: "load-\(number)", slots: slots),
                work: .simulated(rates, seconds: seconds, seed: UInt64(number)))
            nodes.append(try RolloutNode(configuration, logger: logger, context: context))
        }
        let candidates = ids.enumerated().map { number, id in
            PlanCandidate(promptID: id, text: "What is \(number) plus \(number % 97)?")
        }
        var request = RequestPlan(
            plan: PlanName(policyID: "load", step: 0), total: mean * prompts, candidates: candidates)
        request.delivery = .workers
        request.deadline = .seconds(60)
        let outcome: LoadTrainer.Outcome
        do {
            var trainer = LoadTrainer(
                try LoadTrainer.connect(to: coordinator, context), Poller(wakeup: try Wakeup()), workers: workers)
            outcome = try trainer.run(request)
        } catch let error as RolloutError {
            throw error
        } catch let error as ZeroMQError {
            throw .socket(error)
        } catch {
            throw .load("\(error)")
        }
        for node in nodes { node.drain() }
        for node in nodes { try node.wait() }
        return Result(
            firstBudget: outcome.firstBudget, planEnd: outcome.planEnd, lastGroup: outcome.lastGroup,
            status: outcome.status, rollouts: outcome.rollouts, shares: nodes.map(\.counts.recorded).sorted())
    }
}

/// The trainer of a load: requests one plan when all rollout workers have joined, and counts its groups.
private struct LoadTrainer: ~Copyable {
    struct Outcome {
        var firstBudget = 0.0
        var planEnd = 0.0
        var lastGroup = 0.0
        var status = ""
        var rollouts = 0
    }

    private let socket: Socket
    private let poller: Poller
    private let workers: Int
    private let clock = ContinuousClock()

    init(_ socket: consuming Socket, _ poller: Poller, workers: Int) {
        self.socket = socket
        self.poller = poller
        self.workers = workers
    }

    static func connect(to endpoint: Endpoint, _ context: Context) throws(ZeroMQError) -> Socket {
        var options = SocketOptions()
        options.frameBytesMax = Limits.messageBytesMax
        options.framesMax = Limits.framesMax
        options.receiveHighWater = 100_000
        let socket = try Socket(.dealer, in: context, options: options)
        try socket.connect(endpoint)
        return socket
    }

    mutating func run(_ request: RequestPlan) throws -> Outcome {
        try send(.hello(Hello(role: .trainer, name: "load", incarnation: 1)))
        try waitForWorkers()
        let start = clock.now
        func elapsed() -> Double { (clock.now - start) / .seconds(1) }
        try send(.requestPlan(request))
        var outcome = Outcome()
        var done: Set<Int> = []
        var (lastGroupDone, lastBeat) = (clock.now, clock.now)
        while done.count < request.candidates.count {
            if clock.now - lastBeat >= .seconds(1) {
                try send(.heartbeat(Heartbeat(incarnation: 1)))
                lastBeat = clock.now
            }
            guard clock.now - lastGroupDone < .seconds(60) else {
                throw RolloutError.load(
                    "\(done.count) of \(request.candidates.count) groups are done, and none in the last minute")
            }
            for message in try receive() {
                switch message {
                case .budgets: if outcome.firstBudget == 0 { outcome.firstBudget = elapsed() }
                case .planEnd(_, let end): (outcome.planEnd, outcome.status) = (elapsed(), end.status.rawValue)
                case .groupDone(_, let group):
                    guard done.insert(group.index).inserted else {
                        throw RolloutError.load("the group of \(group.promptID) is done twice")
                    }
                    outcome.rollouts += group.rewards.count + group.failed
                    lastGroupDone = clock.now
                case .requestRefused(let refused): throw RolloutError.load(refused.message)
                default: break
                }
            }
        }
        outcome.lastGroup = elapsed()
        guard outcome.rollouts == request.total else {
            throw RolloutError.load("\(outcome.rollouts) rollouts in groups, \(request.total) were planned")
        }
        try send(.bye)
        return outcome
    }

    /// Waits until all rollout workers have joined the coordinator.
    private func waitForWorkers() throws {
        let deadline = clock.now + .seconds(60)
        while clock.now < deadline {
            try send(.heartbeat(Heartbeat(incarnation: 1)))
            for message in try receive(for: .milliseconds(200)) {
                if case .clusterStatus(let status) = message, status.workers >= workers { return }
            }
        }
        throw RolloutError.load("not all \(workers) rollout workers have joined within a minute")
    }

    private func receive(for timeout: Duration = .milliseconds(500)) throws -> [Wire.Message] {
        _ = try poller.wait(socket, timeout: timeout)
        var messages: [Wire.Message] = []
        while case .message(let message) = try socket.receive() {
            messages.append(try Envelope(frames: message.frames.map { $0.copyBytes() }).message)
        }
        return messages
    }

    private func send(_ message: Wire.Message) throws {
        let frames = Envelope(generation: 0, message).frames.map { Frame($0) }
        while try socket.send(ZeroMQ.Message(frames)) != .sent {
            _ = try poller.wait(socket, for: .writable, timeout: .milliseconds(100))
        }
    }
}
