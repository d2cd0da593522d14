import Cluster
public import Logging
import Threads
import Wire
public import ZeroMQ

/// Many rollout workers in one process, and a trainer that gives them work: it measures the coordinator.
///
/// Each rollout worker has a connection and a thread of its own. Rewards are drawn, each after the same time on average,
/// so all workers are equally fast.
public struct RolloutLoad: Sendable {
    /// Where the coordinator listens.
    public var coordinator: Endpoint
    /// Rollout workers.
    public var workers = 200
    /// Prompts of the step.
    public var prompts = 20_000
    /// Mean rollouts of a prompt.
    public var mean = 8
    /// Assignments that a rollout worker runs at a time.
    public var slots = 4
    /// Mean seconds of a rollout; with 0 it ends at once.
    public var seconds = 0.0

    /// A load for a coordinator.
    public init(coordinator: Endpoint) {
        self.coordinator = coordinator
    }

    /// What was measured.
    public struct Result: Sendable {
        /// Seconds from the request to the first budget.
        public let firstBudget: Double
        /// Seconds from the request to the end of the plan.
        public let planEnd: Double
        /// Seconds from the request to the last group that is done.
        public let lastGroup: Double
        /// How the plan ended.
        public let status: String
        /// Rollouts in all groups.
        public let rollouts: Int
        /// Prompts recorded by each rollout worker, ascending.
        public let shares: [Int]

        /// Prompts of the busiest worker divided by those of the idlest; infinite where one had none.
        public var unfairness: Double {
            guard let least = shares.first, let most = shares.last, least > 0 else { return .infinity }
            return Double(most) / Double(least)
        }
    }

    /// Runs to the end. Throws `RolloutError.load` when no group is done for a minute.
    public func run(logger: Logger) throws(RolloutError) -> Result {
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
        let outcome = try LoadTrainer.run(request, at: coordinator, workers: workers, context: context)
        for node in nodes { node.drain() }
        for node in nodes { try node.wait() }
        return Result(
            firstBudget: outcome.firstBudget, planEnd: outcome.planEnd, lastGroup: outcome.lastGroup,
            status: outcome.status, rollouts: outcome.rollouts, shares: nodes.map(\.counts.recorded).sorted())
    }
}
