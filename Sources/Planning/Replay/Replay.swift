import Scoring

/// A way to give rollouts to prompts, for comparison.
public enum AllocationStrategy: String, CaseIterable, Codable, Sendable {
    /// As many for each.
    case uniform
    /// DAPO's dynamic sampling (arXiv 2503.14476): equal groups; silent ones are thrown away, and paid for; further
    /// prompts are drawn until as many groups have a signal as were wanted.
    case dapoFilter
    /// V0's own: one rollout after the other by the predicted mean (arXiv 2602.03584).
    case greedy
    /// Knapsack RL's objective (arXiv 2509.25849) on the belief.
    case knapsack
    /// The request's objective on the predicted mean, as if it were certain.
    case meanAlone
    /// The request's objective on the belief.
    case ours
    /// The request's objective on the true rates: what a perfect prediction would be worth.
    case oracle
}

/// A prompt of a replayed step.
public struct ReplayPrompt: Hashable, Sendable {
    /// The prompt; unique in a step and its pool.
    public let promptID: String
    /// What was believed of it before the step.
    public let belief: Belief
    /// What its rollouts come to.
    public let truth: ReplayTruth

    /// A prompt, what is believed of it and what is true.
    public init(promptID: String, belief: Belief, truth: ReplayTruth) {
        self.promptID = promptID
        self.belief = belief
        self.truth = truth
    }
}

/// A group that was drawn in a replay.
public struct ReplayGroup: Hashable, Sendable {
    /// The prompt.
    public let promptID: String
    /// Rollouts drawn, at least 1.
    public let n: Int
    /// How many of them succeeded.
    public let successes: Int
    /// What the rollouts were worth, by the request's objective.
    public let realised: Double
    /// The expectation of that at the true rate, over all luck.
    public let expected: Double

    /// A group that was drawn.
    package init(promptID: String, n: Int, successes: Int, realised: Double, expected: Double) {
        self.promptID = promptID
        self.n = n
        self.successes = successes
        self.realised = realised
        self.expected = expected
    }

    /// Whether both outcomes are in it.
    public var hasSignal: Bool { successes > 0 && successes < n }
}

/// What a policy made of a step.
public struct ReplayResult: Hashable, Codable, Sendable {
    /// The policy.
    public let policy: AllocationStrategy
    /// Prompts that rollouts were drawn for.
    public let groups: Int
    /// Rollouts drawn, thrown away or not.
    public let spent: Int
    /// Groups with both outcomes.
    public let signalGroups: Int
    /// Groups of failures or of successes only.
    public let silentGroups: Int
    /// Utility of the rollouts that were drawn, by the request's objective.
    public let realised: Double
    /// Its expectation at the true rates, over all luck. For `dapoFilter`: over that of the prompts that were drawn.
    public let expected: Double

    /// Adds up groups.
    init(_ policy: AllocationStrategy, _ drawn: [ReplayGroup]) {
        self.policy = policy
        groups = drawn.count
        spent = drawn.reduce(0) { $0 + $1.n }
        signalGroups = drawn.count { $0.hasSignal }
        silentGroups = groups - signalGroups
        realised = drawn.reduce(0) { $0 + $1.realised }
        expected = drawn.reduce(0) { $0 + $1.expected }
    }

    enum CodingKeys: String, CodingKey {
        case policy, groups, spent
        case signalGroups = "signal_groups"
        case silentGroups = "silent_groups"
        case realised = "realised_utility"
        case expected = "expected_utility"
    }
}

/// One step, played again under several policies on the same luck.
public struct Replay: Sendable {
    /// Total, sizes, objective: what utility is measured by, for every policy.
    public var request: BudgetRequest
    /// Decides the rollouts' luck.
    public var seed: UInt64
    /// Groups with a signal that `dapoFilter` draws for; `nil` is one for each prompt of the step.
    public var groupsWanted: Int?

    /// A step's request.
    public init(request: BudgetRequest, seed: UInt64 = 0) {
        self.request = request
        self.seed = seed
    }

    /// Plays a policy and adds its groups up. Throws as `groups`.
    public func run(
        _ policy: AllocationStrategy, on prompts: [ReplayPrompt], pool: [ReplayPrompt] = []
    ) throws(PlanningError) -> ReplayResult {
        ReplayResult(policy, try groups(policy, on: prompts, pool: pool))
    }

    /// Plays a policy: its groups in the order in which they are drawn, without the prompts that get no rollout.
    ///
    /// - Parameters:
    ///   - prompts: The step's.
    ///   - pool: Further prompts, in the order in which `dapoFilter` draws them; others do not.
    /// - Throws: What planning throws, `probabilityOutOfRange` and `recordOutOfRange` naming the prompt.
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

    /// Draws groups of given sizes, in the order of the prompts. Throws `countMismatch`, and what is said of a truth
    /// that is none.
    public func groups(budgets: [Int], on prompts: [ReplayPrompt]) throws(PlanningError) -> [ReplayGroup] {
        guard budgets.count == prompts.count else {
            throw .countMismatch(what: "budgets", expected: prompts.count, found: budgets.count)
        }
        for prompt in prompts { try prompt.truth.check(promptID: prompt.promptID) }
        return zip(prompts, budgets).compactMap { $1 > 0 ? draw($0, $1) : nil }
    }

    /// Plays all policies.
    public func run(
        on prompts: [ReplayPrompt], pool: [ReplayPrompt] = []
    ) throws(PlanningError) -> [ReplayResult] {
        var results: [ReplayResult] = []
        for policy in AllocationStrategy.allCases { results.append(try run(policy, on: prompts, pool: pool)) }
        return results
    }

    /// Budgets of a policy that plans them, in the order of the prompts.
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
        let candidates = zip(prompts, beliefs).map { BudgetCandidate(promptID: $0.promptID, belief: $1) }
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
