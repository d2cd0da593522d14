import Planning
import Scoring
import Testing

@Suite("Large plans")
struct LargePlanTests {
    /// The relaxed optimum, literally: all segments of all majorants, sorted; the last one in part.
    static func relaxedOptimum(_ problem: AllocationProblem, limits: [ClosedRange<Int>]?) -> Double {
        var segments: [(slope: Double, width: Int)] = []
        var (value, left) = (0.0, problem.total)
        for (rank, belief) in problem.beliefs.enumerated() {
            let curve = problem.objective.curve(under: belief, upTo: problem.maximum)
            let sizes = ConstraintCases.allowed(problem.sizes, limits?[rank])
            // The upper hull by its definition: from each corner the steepest way on, and of those the longest.
            var corner = 0
            value += curve[sizes[0]]
            left -= sizes[0]
            while corner < sizes.count - 1 {
                var best = corner + 1
                func slope(_ end: Int) -> Double {
                    (curve[sizes[end]] - curve[sizes[corner]]) / Double(sizes[end] - sizes[corner])
                }
                for end in corner + 1..<sizes.count where slope(end) >= slope(best) { best = end }
                segments.append((slope(best), sizes[best] - sizes[corner]))
                corner = best
            }
        }
        segments.sort { $0.slope > $1.slope }
        for segment in segments {
            let width = min(left, segment.width)
            value += segment.slope * Double(width)
            left -= width
        }
        return value
    }

    @Test("the bound of a large request is the relaxed optimum found by a full sort", arguments: [0, 1, 2, 3])
    func boundIsRelaxedOptimum(kind: Int) throws {
        var generator = SeededGenerator(seed: UInt64(kind))
        let count = 6000
        let beliefs = try (0..<count).map { index in
            try Belief(mean: generator.unit(), kappa: 1 + 30 * generator.unit(), promptID: "\(index)")
        }
        let sizes = try [
            GroupSizes(minimum: 2, maximum: 40), GroupSizes(minimum: 4, maximum: 40, multipleOf: 4),
            GroupSizes(minimum: 0, maximum: 40, allowed: [0, 4, 9, 16, 40]), GroupSizes(minimum: 2, maximum: 40),
        ][kind]
        let limits =
            kind == 3
            ? (0..<count).map { _ in 2 + Int(generator.unit() * 5)...10 + Int(generator.unit() * 31) } : nil
        var worst = 0.0
        for objective in [BudgetObjective.expectedContrast, .mixedGroupProbability] {
            for mean in [8, 12, 20] {
                let problem = try AllocationProblem(
                    beliefs: beliefs, objective: objective, total: count * mean, sizes: sizes, limits: limits)
                let allocation = try EnvelopeAllocator().allocate(problem)
                let optimum = Self.relaxedOptimum(problem, limits: limits)
                worst = max(worst, abs(allocation.upperBound / optimum - 1))
                #expect(allocation.budgets.reduce(0, +) == problem.total)
                let utility = problem.utility(of: allocation.budgets)
                #expect(utility <= optimum * (1 + 1e-12) && utility >= optimum * (1 - 1e-4))
            }
        }
        #expect(worst < 1e-11)
        print("6,000 prompts, sizes of kind \(kind): bound against sorting everything, maximum relative error \(worst)")
    }
}
