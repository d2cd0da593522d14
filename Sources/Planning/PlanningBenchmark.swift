import Foundation
public import Scoring

/// Seconds of planning on made-up beliefs, on the thread that calls; `statezero bench planning` prints them.
public struct PlanningBenchmark: Sendable {
    /// What beliefs are like.
    public enum Beliefs: String, CaseIterable, Codable, Sendable {
        /// Success probabilities uniform on (0, 1), all different, and one concentration for all.
        case oneKappa = "one_kappa"
        /// Success probability and concentration both different for every prompt.
        case ownKappa = "own_kappa"
    }

    /// What a measurement gave; seconds are medians over rounds.
    public struct Result: Sendable, Encodable {
        /// What beliefs were like.
        public let beliefs: Beliefs
        /// Prompts planned for.
        public let prompts: Int
        /// Rollouts that budgets summed to in every round.
        public let rollouts: Int
        /// From candidates to a plan with its id, its utility and that of the uniform plan.
        public let planSeconds: Double
        /// The same as the processor has it: what is left to compare on a machine with other work.
        public let planProcessorSeconds: Double
        /// Of that, budgets alone: from beliefs in order to rollouts.
        public let allocationProcessorSeconds: Double
        /// (upperBound − utility)/upperBound: the plan is at most this far from the best there is.
        public let gap: Double
        /// The plan's id, the same in every round and on every machine.
        public let id: String
    }

    /// What a streamed step gave; medians over rounds, without the predictions themselves.
    public struct StreamedResult: Sendable, Encodable {
        /// Prompts of the step.
        public let prompts: Int
        /// From the first candidates to the first budget, without an earlier price.
        public let firstBudgetSeconds: Double
        /// From the first candidates to the end of the plan.
        public let allSeconds: Double
        /// Utility beside that of a plan made all at once.
        public let utilityShare: Double
    }

    /// Prompts of the large plans.
    public var prompts = 1_000_000
    /// Prompts of the streamed step.
    public var streamedPrompts = 1000
    /// Rollouts a prompt, on average.
    public var mean = 16
    /// Range of a budget.
    public var range = 2...128
    /// What a budget is worth.
    public var objective = BudgetObjective.expectedContrast
    /// How often everything is measured, after one round that is not.
    public var rounds = 5

    /// A million prompts and sixteen million rollouts.
    public init() {}

    /// Measures large plans. Precondition: at least one round and one prompt. Throws what planning throws.
    public func run(_ beliefs: Beliefs) throws(PlanningError) -> Result {
        precondition(rounds >= 1 && prompts >= 1, "PlanningBenchmark: \(rounds) rounds, \(prompts) prompts")
        let request = BudgetRequest(
            total: prompts * mean, minimum: range.lowerBound, maximum: range.upperBound, objective: objective)
        let candidates = try candidates(prompts, beliefs)
        let problem = try AllocationProblem(
            beliefs: candidates.map(\.belief), objective: objective, total: request.total, sizes: request.sizes())
        var plan = try request.plan(candidates)
        var (plans, allocations): ([Time], [Time]) = ([], [])
        for _ in 0..<rounds {
            plans.append(try Time { () throws(PlanningError) in plan = try request.plan(candidates) })
            allocations.append(
                try Time { () throws(PlanningError) in _ = try EnvelopeAllocator().allocate(problem) })
        }
        return Result(
            beliefs: beliefs, prompts: prompts, rollouts: plan.budgets.reduce(0) { $0 + $1.n },
            planSeconds: Median.of(plans.map(\.seconds)),
            planProcessorSeconds: Median.of(plans.map(\.processorSeconds)),
            allocationProcessorSeconds: Median.of(allocations.map(\.processorSeconds)), gap: plan.gap, id: plan.id)
    }

    /// Measures a streamed step that arrives in shards of 64. Throws what planning throws.
    public func runStreamed() throws(PlanningError) -> StreamedResult {
        let request = BudgetRequest(
            total: streamedPrompts * mean, minimum: range.lowerBound, maximum: range.upperBound, objective: objective)
        let candidates = try candidates(streamedPrompts, .ownKappa)
        let whole = try request.plan(candidates)
        var (firsts, alls): ([Double], [Double]) = ([], [])
        var share = 0.0
        for _ in 0...rounds {
            var stream = try StreamingPlan(request: request, prompts: streamedPrompts)
            let start = ContinuousClock.now
            var first: Double?
            for begin in stride(from: 0, to: candidates.count, by: 64) {
                let budgets = try stream.receive(Array(candidates[begin..<min(begin + 64, candidates.count)]))
                if first == nil, !budgets.isEmpty { first = (ContinuousClock.now - start) / .seconds(1) }
            }
            let plan = try stream.finish().plan
            alls.append((ContinuousClock.now - start) / .seconds(1))
            firsts.append(first ?? alls[alls.count - 1])
            share = plan.utility / whole.utility
        }
        return StreamedResult(
            prompts: streamedPrompts, firstBudgetSeconds: Median.of(Array(firsts.dropFirst())),
            allSeconds: Median.of(Array(alls.dropFirst())), utilityShare: share)
    }

    private func candidates(_ count: Int, _ beliefs: Beliefs) throws(PlanningError) -> [BudgetCandidate] {
        var generator = SeededGenerator(seed: 1)
        var candidates: [BudgetCandidate] = []
        candidates.reserveCapacity(count)
        for index in 0..<count {
            let id = "train/\(index)"
            let mean = generator.unit()
            let kappa = beliefs == .oneKappa ? 6 : 1 + 30 * generator.unit()
            candidates.append(
                BudgetCandidate(promptID: id, belief: try Belief(mean: mean, kappa: kappa, promptID: id)))
        }
        return candidates
    }

    private struct Time {
        let seconds: Double
        let processorSeconds: Double

        init(_ work: () throws(PlanningError) -> Void) throws(PlanningError) {
            let (start, processorStart) = (ContinuousClock.now, Self.processor)
            try work()
            seconds = (ContinuousClock.now - start) / .seconds(1)
            processorSeconds = Self.processor - processorStart
        }

        /// Seconds that the processor has given this thread.
        private static var processor: Double {
            var time = timespec()
            clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
            return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
        }
    }
}
