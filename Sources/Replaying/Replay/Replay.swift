public import Planning
import Scoring

/// Replays one step under several strategies with the same random numbers.
public struct Replay: Sendable {
    /// Total, sizes and objective. The objective measures the utility of every strategy.
    public var request: BudgetRequest
    /// Determines the outcomes of rollouts.
    public var seed: UInt64
    /// Number of groups with a signal at which `dapoFilter` stops; `nil` is one for each prompt of the step.
    public var groupsWanted: Int?

    /// A replay of a step with this request.
    public init(request: BudgetRequest, seed: UInt64 = 0) {
        self.request = request
        self.seed = seed
    }

    /// Replays a strategy and adds up its groups. Throws the errors of `groups`.
    public func run(
        _ policy: AllocationStrategy, on prompts: [ReplayPrompt], pool: [ReplayPrompt] = []
    ) throws(PlanningError) -> ReplayResult {
        ReplayResult(policy, try groups(policy, on: prompts, pool: pool))
    }

    /// Replays a strategy. Returns its groups in the order in which they are drawn, without prompts of no rollout.
    ///
    /// - Parameters:
    ///   - prompts: The prompts of the step.
    ///   - pool: Further prompts, in the order in which `dapoFilter` draws them; other strategies ignore them.
    /// - Throws: The errors of planning; `probabilityOutOfRange` and `recordOutOfRange` naming the prompt.
    ///
    /// Cost: a plan, and every rollout.
    public func groups(
        _ policy: AllocationStrategy, on prompts: [ReplayPrompt], pool: [ReplayPrompt] = []
    ) throws(PlanningError) -> [ReplayGroup] {
        guard policy != .dapoFilter else {
            for prompt in prompts + pool { try prompt.truth.check(promptID: prompt.promptID) }
            return try dynamicSampling(prompts, pool)
        }
        return try groups(budgets: try budgets(policy, prompts), on: prompts)
    }

    /// Draws groups of given sizes, in the order of the prompts. Throws `countMismatch`, and `probabilityOutOfRange` or
    /// `recordOutOfRange` for an invalid truth.
    public func groups(budgets: [Int], on prompts: [ReplayPrompt]) throws(PlanningError) -> [ReplayGroup] {
        guard budgets.count == prompts.count else {
            throw .countMismatch(what: "budgets", expected: prompts.count, found: budgets.count)
        }
        for prompt in prompts { try prompt.truth.check(promptID: prompt.promptID) }
        return zip(prompts, budgets).compactMap { $1 > 0 ? draw($0, $1) : nil }
    }

    /// Replays all strategies.
    public func run(
        on prompts: [ReplayPrompt], pool: [ReplayPrompt] = []
    ) throws(PlanningError) -> [ReplayResult] {
        var results: [ReplayResult] = []
        for policy in AllocationStrategy.allCases { results.append(try run(policy, on: prompts, pool: pool)) }
        return results
    }

    /// Budgets that a strategy plans, in the order of the prompts.
    public func budgets(_ policy: AllocationStrategy, _ prompts: [ReplayPrompt]) throws(PlanningError) -> [Int] {
        var request = request
        var beliefs = prompts.map(\.belief)
        switch policy {
        case .uniform, .dapoFilter:
            return try request.fallback(promptIDs: prompts.map(\.promptID), because: .shadow).map(\.n)
        case .greedy:
            request.solver = .greedy
            beliefs = beliefs.map(\.point)
        case .knapsack: request.objective = .informationGain
        case .meanAlone: beliefs = beliefs.map(\.point)
        case .ours: break
        case .oracle:
            for prompt in prompts { try prompt.truth.check(promptID: prompt.promptID) }
            beliefs = prompts.map(\.truth.known)
        }
        // Only our own plans doubt predictions: the oracle knows, and other strategies plan as published.
        let candidates = zip(prompts, beliefs).map {
            BudgetCandidate(promptID: $0.promptID, belief: $1, source: policy == .ours ? $0.source : .record)
        }
        return try request.plan(candidates).budgets.map(\.n)
    }

    private func dynamicSampling(
        _ prompts: [ReplayPrompt], _ pool: [ReplayPrompt]
    ) throws(PlanningError) -> [ReplayGroup] {
        guard !prompts.isEmpty else { throw .noPrompts }
        let sizes = try request.sizes()
        let size = sizes.values[max(0, sizes.place(atMost: request.total / prompts.count))]
        var groups: [ReplayGroup] = []
        var signals = 0
        for prompt in prompts + pool where size > 0 && signals < groupsWanted ?? prompts.count {
            let group = draw(prompt, size)
            signals += group.hasSignal ? 1 : 0
            groups.append(group)
        }
        return groups
    }

    private func draw(_ prompt: ReplayPrompt, _ budget: Int) -> ReplayGroup {
        let successes = prompt.truth.successes(of: budget, promptID: prompt.promptID, seed: seed)
        return ReplayGroup(
            promptID: prompt.promptID, n: budget, successes: successes,
            realised: prompt.truth.realised(successes: successes, of: budget, request.objective),
            expected: prompt.truth.value(of: budget, request.objective))
    }
}
