import CommandSupport
package import Planning
package import Scoring

/// Seconds of planning on synthetic beliefs, on the calling thread.
package struct PlanningBenchmark: Sendable {
    /// The distribution of beliefs.
    package enum Beliefs: String, CaseIterable, Codable, Sendable {
        /// Success probabilities uniform on (0, 1), all different, with one concentration for all.
        case oneKappa = "one_kappa"
        /// A different success probability and concentration for every prompt.
        case ownKappa = "own_kappa"
    }

    /// One large plan; seconds are medians over rounds.
    package struct Result: Sendable, Encodable {
        /// The distribution of beliefs.
        package let beliefs: Beliefs
        /// Prompts planned for.
        package let prompts: Int
        /// Rollouts that budgets summed to in every round.
        package let rollouts: Int
        /// From candidates to a plan with its id, its utility and that of the uniform plan.
        package let planSeconds: Double
        /// Processor time of the same: the figure to compare on a busy machine.
        package let planProcessorSeconds: Double
        /// Of that, the allocation alone: from sorted beliefs to budgets.
        package let allocationProcessorSeconds: Double
        /// (upperBound − utility)/upperBound: an upper limit of the distance to the best plan.
        package let gap: Double
        /// The plan's id, the same in every round and on every machine.
        package let id: String
    }

    /// One streamed step; medians over rounds, without the time of the predictions.
    package struct StreamedResult: Sendable, Encodable {
        /// Prompts of the step.
        package let prompts: Int
        /// From the first candidates to the first budget, without an earlier price.
        package let firstBudgetSeconds: Double
        /// From the first candidates to the end of the plan.
        package let allSeconds: Double
        /// Utility relative to that of a plan made all at once.
        package let utilityShare: Double
    }

    /// Prompts of the large plans.
    package var prompts = 1_000_000
    /// Prompts of the streamed step.
    package var streamedPrompts = 1000
    /// Mean rollouts per prompt.
    package var mean = 16
    /// Range of a budget.
    package var range = 2...128
    /// The objective of the plans.
    package var objective = BudgetObjective.expectedContrast
    /// Measured rounds, after one warm-up round.
    package var rounds = 5

    /// A million prompts and sixteen million rollouts.
    package init() {}

    /// Measures large plans. Precondition: at least one round and one prompt. Throws what planning throws.
    package func run(_ beliefs: Beliefs) throws(PlanningError) -> Result {
        precondition(rounds >= 1 && prompts >= 1, "PlanningBenchmark: \(rounds) rounds, \(prompts) prompts")
        let request = BudgetRequest(
            total: prompts * mean, minimum: range.lowerBound, maximum: range.upperBound, objective: objective)
        let candidates = try candidates(prompts, beliefs)
        let problem = try AllocationProblem(
            beliefs: candidates.map(\.belief), objective: objective, total: request.total, sizes: request.sizes())
        var plan = try request.plan(candidates)
        var (plans, allocations): ([MeasuredTime], [MeasuredTime]) = ([], [])
        for _ in 0..<rounds {
            plans.append(
                try MeasuredTime(of: .thread) { () throws(PlanningError) in plan = try request.plan(candidates) })
            allocations.append(
                try MeasuredTime(of: .thread) { () throws(PlanningError) in
                    _ = try EnvelopeAllocator().allocate(problem)
                })
        }
        return Result(
            beliefs: beliefs, prompts: prompts, rollouts: plan.budgets.reduce(0) { $0 + $1.n },
            planSeconds: plans.medianSeconds,
            planProcessorSeconds: plans.medianProcessorSeconds,
            allocationProcessorSeconds: allocations.medianProcessorSeconds, gap: plan.gap, id: plan.id)
    }

    /// Measures a streamed step whose predictions arrive in shards of 64. Throws what planning throws.
    package func runStreamed() throws(PlanningError) -> StreamedResult {
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
}
