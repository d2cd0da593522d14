/// Builds and solves the problems of a settlement. Prompts are by rank.
struct SettlementProblems {
    let request: BudgetRequest
    let sizes: GroupSizes
    let beliefs: [Belief]
    let ids: [String]

    /// Solves a problem with the request's solver.
    func solve(_ problem: AllocationProblem) throws(PlanningError) -> Allocation {
        try request.solver.allocator.allocate(problem)
    }

    /// The problem for the total or, if no budgets add up to it, for the nearest reachable total below it.
    func problem(
        _ places: [ClosedRange<Int>], total: Int
    ) throws(PlanningError) -> (problem: AllocationProblem, explored: [Int]) {
        let bounds = AllocationProblem.bounds(sizes, places, count: places.count)
        var total = min(total, bounds.upperBound)
        while true {
            do {
                return try make(places, total: total, explores: true)
            } catch .totalUnreachable(_, let below, _) {
                // The sum of the floors can always be reached.
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

    /// Whether the prompts that are predicted hopeless or solved have their exploration share.
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
