/// The end of a streamed plan: budgets for the prompts that were held back, and top-ups for the others.
///
/// First only the prompts held back get budgets. Budgets of other prompts are topped up if the whole plan is worth
/// clearly more that way, or if the total or the exploration share cannot be met otherwise. No budget is reduced.
struct StreamSettlement {
    /// The plan for all prompts, in the order given.
    let plan: BudgetPlan

    /// Settles a plan. By prompt: candidate, range of indices in the sizes, and the budget handed out, if any.
    init(
        request: BudgetRequest, sizes: GroupSizes, total: Int, candidates: [BudgetCandidate],
        places: [ClosedRange<Int>], handedOut: [Int?], reasons: [BudgetReason], topUpGainMin: Double
    ) throws(PlanningError) {
        let order = try PromptOrder(candidates.map(\.promptID))
        let problems = SettlementProblems(
            request: request, sizes: sizes, beliefs: order.rows.map { candidates[$0].belief },
            ids: order.rows.map { candidates[$0].promptID })
        let given = order.rows.map { places[$0] }
        let handed = order.rows.map { handedOut[$0].map(sizes.place(atLeast:)) }
        var open = zip(given, handed).map { given, handed in
            handed.map { $0...max($0, given.upperBound) } ?? given
        }
        // The own floors of the last prompts may need more than is left; the general minimum never does.
        if AllocationProblem.bounds(sizes, open, count: open.count).lowerBound > total {
            for rank in open.indices where handed[rank] == nil { open[rank] = 0...open[rank].upperBound }
        }
        let (problem, explored) = try problems.problem(open, total: total)
        var found = Solved(problem: problem, explored: explored, allocation: try problems.solve(problem))
        let fixed = zip(open, handed).map { open, handed in handed.map { $0...$0 } ?? open }
        if let (still, turns) = try problems.exactly(fixed, total: problem.total) {
            let quiet = Solved(problem: still, explored: turns, allocation: try problems.solve(still))
            let isEnough = found.utility <= quiet.utility * (1 + topUpGainMin)
            if isEnough, problems.isExplored(quiet.budgets, total: problem.total) { found = quiet }
        }
        let free = try problems.exactly(given, total: problem.total, explores: false)?.problem ?? problem
        let uniformUtility = problem.utility(of: free.uniformBudgets)
        let bound = try problems.solve(free).upperBound
        var outcome = BudgetPlan.Outcome(
            budgets: found.budgets, explored: found.explored, uniformReason: nil, utility: found.utility,
            uniformUtility: uniformUtility, upperBound: bound, price: found.allocation.price)
        outcome.free = free
        let canBeUniform = zip(free.uniformBudgets, handed).allSatisfy { $0 >= ($1.map { sizes.values[$0] } ?? 0) }
        let isGain = DoubtedGain(free, candidates, rows: order.rows)
            .isPositive(found.budgets, utility: found.utility, uniform: uniformUtility, least: request.gainMin)
        if !isGain, canBeUniform {
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

    /// A solved problem with its utility.
    private struct Solved {
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
