/// The end of a streamed plan: budgets for the prompts that were held back, and top-ups for the others.
///
/// First only the prompts held back are settled. If all prompts together, none below what it was handed out, would be
/// worth clearly more, or the total or the exploration share cannot be met otherwise, budgets are topped up.
struct StreamSettlement {
    /// The plan for all prompts, in the order they are given in.
    let plan: BudgetPlan

    /// Prompts by row: candidate, places in the sizes, and what it was handed out, if anything.
    init(
        request: BudgetRequest, sizes: GroupSizes, total: Int, candidates: [BudgetCandidate],
        places: [ClosedRange<Int>], handedOut: [Int?], reasons: [BudgetReason], topUpGainMin: Double
    ) throws(PlanningError) {
        let order = try PromptOrder(candidates.map(\.promptID))
        let settling = Settling(
            request: request, sizes: sizes, beliefs: order.rows.map { candidates[$0].belief },
            ids: order.rows.map { candidates[$0].promptID })
        let given = order.rows.map { places[$0] }
        let handed = order.rows.map { handedOut[$0].map(sizes.place(atLeast:)) }
        var open = zip(given, handed).map { given, handed in
            handed.map { $0...max($0, given.upperBound) } ?? given
        }
        // Own floors of those that came last may be more than is left; what every prompt may have is not.
        if AllocationProblem.bounds(sizes, open, count: open.count).lowerBound > total {
            for rank in open.indices where handed[rank] == nil { open[rank] = 0...open[rank].upperBound }
        }
        let (problem, explored) = try settling.problem(open, total: total)
        var found = Found(problem: problem, explored: explored, allocation: try settling.solve(problem))
        let fixed = zip(open, handed).map { open, handed in handed.map { $0...$0 } ?? open }
        if let (still, turns) = try settling.exactly(fixed, total: problem.total) {
            let quiet = Found(problem: still, explored: turns, allocation: try settling.solve(still))
            let isEnough = found.utility <= quiet.utility * (1 + topUpGainMin)
            if isEnough, settling.isExplored(quiet.budgets, total: problem.total) { found = quiet }
        }
        let free = try settling.exactly(given, total: problem.total, explores: false)?.problem ?? problem
        let uniformUtility = problem.utility(of: free.uniformBudgets)
        let bound = try settling.solve(free).upperBound
        var outcome = BudgetPlan.Outcome(
            budgets: found.budgets, explored: found.explored, uniformReason: nil, utility: found.utility,
            uniformUtility: uniformUtility, upperBound: bound, price: found.allocation.price)
        let canBeUniform = zip(free.uniformBudgets, handed).allSatisfy { $0 >= ($1.map { sizes.values[$0] } ?? 0) }
        if found.utility <= uniformUtility * (1 + request.gainMin), canBeUniform {
            outcome.budgets = free.uniformBudgets
            outcome.uniformReason = .noExpectedGain
            outcome.utility = uniformUtility
        } else {
            for (rank, row) in order.rows.enumerated() {
                guard let place = handed[rank] else { continue }
                let isSame = found.budgets[rank] == sizes.values[place]
                let isExploring = reasons[row] == .exploreHopeless || reasons[row] == .exploreSolved
                if isSame, isExploring { outcome.explored.append(rank) }
                outcome.reasons[rank] = isSame ? reasons[row] : .toppedUp
            }
        }
        plan = BudgetPlan(
            request: request, candidates: candidates, order: order, problem: found.problem, outcome: outcome)
    }

    /// A solved problem.
    private struct Found {
        let problem: AllocationProblem
        let explored: [Int]
        let allocation: Allocation
        let utility: Double
        var budgets: [Int] { allocation.budgets }

        init(problem: AllocationProblem, explored: [Int], allocation: Allocation) {
            self.problem = problem
            self.explored = explored
            self.allocation = allocation
            utility = problem.utility(of: allocation.budgets)
        }
    }
}

/// What is the same in all attempts of a settlement; prompts by rank.
private struct Settling {
    let request: BudgetRequest
    let sizes: GroupSizes
    let beliefs: [Belief]
    let ids: [String]

    func solve(_ problem: AllocationProblem) throws(PlanningError) -> Allocation {
        try request.solver.allocator.allocate(problem)
    }

    /// The problem for the total or, if no budgets add up to it, for the nearest below it that some do.
    func problem(
        _ places: [ClosedRange<Int>], total: Int
    ) throws(PlanningError) -> (problem: AllocationProblem, explored: [Int]) {
        let bounds = AllocationProblem.bounds(sizes, places, count: places.count)
        var total = min(total, bounds.upperBound)
        while true {
            do {
                return try make(places, total: total, explores: true)
            } catch .totalUnreachable(_, let below, _) {
                // The floors alone can always be met.
                total = below ?? bounds.lowerBound
            }
        }
    }

    /// The problem for exactly this total; `nil` where no budgets add up to it.
    func exactly(
        _ places: [ClosedRange<Int>], total: Int, explores: Bool = true
    ) throws(PlanningError) -> (problem: AllocationProblem, explored: [Int])? {
        let bounds = AllocationProblem.bounds(sizes, places, count: places.count)
        guard bounds.contains(total) else { return nil }
        do {
            return try make(places, total: total, explores: explores)
        } catch .totalUnreachable {
            return nil
        }
    }

    /// Whether the unlikely prompts have their share.
    func isExplored(_ budgets: [Int], total: Int) -> Bool {
        guard let exploration = request.exploration else { return true }
        let unlikely = beliefs.indices.filter { exploration.verdict(beliefs[$0]) != nil }
        let target = exploration.target(total: total, prompts: beliefs.count, unlikely: unlikely.count)
        return unlikely.reduce(0) { $0 + budgets[$1] } >= target
    }

    private func make(
        _ places: [ClosedRange<Int>], total: Int, explores: Bool
    ) throws(PlanningError) -> (problem: AllocationProblem, explored: [Int]) {
        let make = { (places: [ClosedRange<Int>]) throws(PlanningError) in
            try AllocationProblem(
                beliefs: beliefs, objective: request.objective, total: total, sizes: sizes, places: places)
        }
        guard explores, let exploration = request.exploration else { return (try make(places), []) }
        return try ExplorationFloors.raising(
            exploration, beliefs: beliefs, id: { ids[$0] }, places: places, sizes: sizes, total: total, make: make)
    }
}
