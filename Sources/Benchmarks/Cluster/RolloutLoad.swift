import Cluster
import Logging
import RolloutNode
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
        let outcome = try LoadTrainer.run(request, at: coordinator, workers: workers, context: context)
        for node in nodes { node.drain() }
        for node in nodes { try node.wait() }
        return Result(
            firstBudget: outcome.firstBudget, planEnd: outcome.planEnd, lastGroup: outcome.lastGroup,
            status: outcome.status, rollouts: outcome.rollouts, shares: nodes.map(\.counts.recorded).sorted())
    }
}
