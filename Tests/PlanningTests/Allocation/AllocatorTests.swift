import Planning
import Scoring
import Testing

/// Small random problems, and slow obvious solvers to compare with.
enum AllocationCases {
    /// Up to `count` beliefs of all kinds: points, sharp, flat, U-shaped, certain, and twins.
    static func beliefs(_ count: Int, _ generator: inout SeededGenerator) throws -> [Belief] {
        var beliefs: [Belief] = []
        for index in 0..<count {
            if index > 0, generator.unit() < 0.15 {
                beliefs.append(beliefs[index - 1])
                continue
            }
            let u = generator.unit()
            let mean = u < 0.06 ? 0 : u > 0.94 ? 1 : u < 0.3 ? generator.unit() * 0.1 : generator.unit()
            let kappas = [Double.infinity, 1000, 30, 8, 2, 0.3]
            beliefs.append(
                try Belief(mean: mean, kappa: kappas[Int(generator.unit() * 6)], promptID: "\(index)"))
        }
        return beliefs
    }

    /// A problem of 1–`countMax` prompts with ranges of all kinds.
    static func problem(
        _ objective: BudgetObjective, countMax: Int, rangeMax: Int, _ generator: inout SeededGenerator
    ) throws -> AllocationProblem {
        let count = 1 + Int(generator.unit() * Double(countMax))
        let minimum = Int(generator.unit() * 4)
        let maximum = minimum + Int(generator.unit() * Double(rangeMax + 1))
        let total = count * minimum + Int(generator.unit() * Double(count * (maximum - minimum) + 1))
        return try AllocationProblem(
            beliefs: try beliefs(count, &generator), objective: objective, total: total, minimum: minimum,
            maximum: maximum)
    }

    /// The paper's greedy rule, literally: one rollout after the other.
    static func greedyAsTold(_ problem: AllocationProblem) -> [Int] {
        let curves = problem.beliefs.map { problem.objective.curve(under: $0, upTo: problem.maximum) }
        var budgets = [Int](repeating: problem.minimum, count: curves.count)
        for _ in 0..<problem.total - budgets.count * problem.minimum {
            var best: (rank: Int, gain: Double)?
            for rank in budgets.indices where budgets[rank] < problem.maximum {
                let gain = curves[rank][budgets[rank] + 1] - curves[rank][budgets[rank]]
                if best.map({ gain > $0.gain }) ?? true { best = (rank, gain) }
            }
            if let best { budgets[best.rank] += 1 }
        }
        return budgets
    }

    /// The optimum by trying every division of the total.
    static func bestOfAll(_ problem: AllocationProblem) -> Double {
        let curves = problem.beliefs.map { problem.objective.curve(under: $0, upTo: problem.maximum) }
        func best(_ rank: Int, _ left: Int) -> Double {
            guard rank < curves.count else { return left == 0 ? 0 : -.infinity }
            guard left >= (curves.count - rank) * problem.minimum else { return -.infinity }
            return (problem.minimum...problem.maximum).reduce(-.infinity) {
                $1 <= left ? max($0, curves[rank][$1] + best(rank + 1, left - $1)) : $0
            }
        }
        return best(0, problem.total)
    }

    /// The largest gain of any segment of any prompt's least concave majorant, found from its definition.
    static func largestSegmentGain(_ problem: AllocationProblem) -> Double {
        var largest = 0.0
        for belief in problem.beliefs {
            let curve = problem.objective.curve(under: belief, upTo: problem.maximum)
            var start = problem.minimum
            while start < problem.maximum {
                let ends = start + 1...problem.maximum
                func slope(_ end: Int) -> Double { (curve[end] - curve[start]) / Double(end - start) }
                let end = ends.max { slope($0) < slope($1) } ?? problem.maximum
                largest = max(largest, curve[end] - curve[start])
                start = end
            }
        }
        return largest
    }
}

@Suite("Allocators")
struct AllocatorTests {
    static let solvers: [any BudgetAllocator] = [EnvelopeAllocator(), GreedyAllocator(), ExactAllocator()]

    @Test("every solver spends the total exactly and stays in range", arguments: BudgetObjective.allCases)
    func spendsExactly(objective: BudgetObjective) throws {
        for seed in UInt64(0)..<300 {
            var generator = SeededGenerator(seed: seed)
            let problem = try AllocationCases.problem(objective, countMax: 12, rangeMax: 40, &generator)
            for solver in Self.solvers {
                let budgets = try solver.allocate(problem).budgets
                #expect(budgets.reduce(0, +) == problem.total, "\(solver), seed \(seed)")
                #expect(
                    budgets.allSatisfy { $0 >= problem.minimum && $0 <= problem.maximum }, "\(solver), seed \(seed)")
            }
            let uniform = problem.uniformBudgets
            #expect(uniform.reduce(0, +) == problem.total)
            #expect((uniform.max() ?? 0) - (uniform.min() ?? 0) <= 1)
            #expect(uniform.allSatisfy { $0 >= problem.minimum && $0 <= problem.maximum }, "uniform, seed \(seed)")
        }
    }

    @Test("the exact solver agrees with trying every division", arguments: BudgetObjective.allCases)
    func exactIsOptimal(objective: BudgetObjective) throws {
        var worst = 0.0
        for seed in UInt64(0)..<150 {
            var generator = SeededGenerator(seed: 1000 + seed)
            let problem = try AllocationCases.problem(objective, countMax: 4, rangeMax: 9, &generator)
            let allocation = try ExactAllocator().allocate(problem)
            let optimum = AllocationCases.bestOfAll(problem)
            let error = abs(problem.utility(of: allocation.budgets) - optimum)
            worst = max(worst, error)
            #expect(error <= 1e-12 * max(1, optimum), "seed \(1000 + seed)")
            #expect(abs(allocation.upperBound - optimum) <= 1e-12 * max(1, optimum), "seed \(1000 + seed)")
        }
        print("\(objective): exact against enumeration, maximum error \(worst)")
    }

    @Test("greedy ≤ exact ≤ bound; envelope within one segment of exact", arguments: BudgetObjective.allCases)
    func ordering(objective: BudgetObjective) throws {
        var worstGreedy = 1.0
        var worstEnvelope = 1.0
        var optimal = 0
        for seed in UInt64(0)..<400 {
            var generator = SeededGenerator(seed: 2000 + seed)
            let problem = try AllocationCases.problem(objective, countMax: 9, rangeMax: 60, &generator)
            let exact = problem.utility(of: try ExactAllocator().allocate(problem).budgets)
            let greedy = try GreedyAllocator().allocate(problem)
            let envelope = try EnvelopeAllocator().allocate(problem)
            let greedyUtility = problem.utility(of: greedy.budgets)
            let utility = problem.utility(of: envelope.budgets)
            let rounding = 1e-11 * max(1e-3, exact)
            #expect(greedyUtility <= exact + rounding, "seed \(2000 + seed)")
            #expect(utility <= exact + rounding, "seed \(2000 + seed)")
            #expect(exact <= envelope.upperBound + rounding, "seed \(2000 + seed)")
            #expect(exact <= greedy.upperBound + rounding, "seed \(2000 + seed)")
            let segment = AllocationCases.largestSegmentGain(problem)
            #expect(utility >= exact - segment - rounding, "seed \(2000 + seed)")
            #expect(envelope.upperBound - utility <= segment + rounding, "seed \(2000 + seed)")
            if utility >= exact - rounding { optimal += 1 }
            if exact > 0 {
                worstGreedy = min(worstGreedy, greedyUtility / exact)
                worstEnvelope = min(worstEnvelope, utility / exact)
            }
        }
        print(
            "\(objective), 400 problems of up to 9 prompts: envelope optimal in \(optimal), worst \(worstEnvelope);",
            "greedy's worst \(worstGreedy) of the optimum")
    }

    @Test("where the objective is concave from the floor on, greedy is optimal")
    func greedyIsOptimalWhenConcave() throws {
        for objective in [BudgetObjective.mixedGroupProbability, .informationGain] {
            for seed in UInt64(0)..<200 {
                var generator = SeededGenerator(seed: 4000 + seed)
                let problem = try AllocationCases.problem(objective, countMax: 9, rangeMax: 40, &generator)
                guard problem.minimum >= 1 else { continue }
                let exact = problem.utility(of: try ExactAllocator().allocate(problem).budgets)
                for solver in [GreedyAllocator(), EnvelopeAllocator()] as [any BudgetAllocator] {
                    let utility = problem.utility(of: try solver.allocate(problem).budgets)
                    #expect(abs(utility - exact) <= 1e-12 * max(1, exact), "\(solver), seed \(4000 + seed)")
                }
            }
        }
    }

    @Test("greedy equals giving one rollout after the other", arguments: BudgetObjective.allCases)
    func greedyIsOneByOne(objective: BudgetObjective) throws {
        for seed in UInt64(0)..<300 {
            var generator = SeededGenerator(seed: 3000 + seed)
            let problem = try AllocationCases.problem(objective, countMax: 15, rangeMax: 50, &generator)
            let found = try GreedyAllocator().allocate(problem).budgets
            #expect(found == AllocationCases.greedyAsTold(problem), "seed \(3000 + seed)")
        }
    }

    @Test("for every total on a hard mixture the bound holds, and a larger total is never worse")
    func everyTotal() throws {
        let beliefs = try [(0.05, 3.0), (0.05, .infinity), (0.5, 2), (0.02, 200), (0.9, 10), (0, 5), (1, .infinity)]
            .map { try Belief(mean: $0.0, kappa: $0.1, promptID: "x") }
        var before = 0.0
        for total in 14...7 * 48 {
            let problem = try AllocationProblem(
                beliefs: beliefs, objective: .expectedContrast, total: total, minimum: 2, maximum: 48)
            let exact = problem.utility(of: try ExactAllocator().allocate(problem).budgets)
            let envelope = try EnvelopeAllocator().allocate(problem)
            #expect(envelope.budgets.reduce(0, +) == total)
            #expect(problem.utility(of: envelope.budgets) <= exact + 1e-10)
            #expect(exact <= envelope.upperBound + 1e-10)
            #expect(exact >= before - 1e-10, "total \(total)")
            before = exact
        }
    }

    /// 64 prompts, T = 1024, [2, 128], point estimates.
    @Test("greedy reaches about 73 % of the optimum for uniform p, 72 % for Beta(0.5, 3), 56 % for a mixture")
    func greedyStopsShort() throws {
        /// Beta(0.5, 3) by rejection.
        func beta(_ generator: inout SeededGenerator) -> Double {
            while true {
                // p = u² has density 1/(2√p); what is left of Beta(0.5, 3) is (1 − p)².
                let u = generator.unit()
                if generator.unit() < (1 - u * u) * (1 - u * u) { return u * u }
            }
        }
        let mixture = [0.02, 0.5, 0.95]
        let draws: [(String, ClosedRange<Double>, (inout SeededGenerator) -> Double)] = [
            ("uniform on (0, 1)", 0.65...0.81, { $0.unit() }),
            ("Beta(0.5, 3)", 0.64...0.80, beta),
            ("0.02/0.5/0.95", 0.48...0.64, { mixture[Int($0.unit() * 3)] }),
        ]
        for (name, expected, draw) in draws {
            var shares: [Double] = []
            for seed in UInt64(1)...4 {
                var generator = SeededGenerator(seed: seed)
                let problem = try AllocationProblem(
                    beliefs: try (0..<64).map { try Belief(mean: draw(&generator), promptID: "\($0)") },
                    objective: .expectedContrast, total: 1024, minimum: 2, maximum: 128)
                let exact = problem.utility(of: try ExactAllocator().allocate(problem).budgets)
                let envelope = try EnvelopeAllocator().allocate(problem)
                shares.append(problem.utility(of: try GreedyAllocator().allocate(problem).budgets) / exact)
                #expect(problem.utility(of: envelope.budgets) / exact > 0.99, "\(name), seed \(seed)")
                #expect(envelope.upperBound >= exact * (1 - 1e-12), "\(name), seed \(seed)")
            }
            let mean = shares.reduce(0, +) / Double(shares.count)
            #expect(expected.contains(mean), "\(name): \(shares)")
            print("greedy's share of the optimum, p \(name), 4 seeds: mean \(mean), \(shares)")
        }
    }

    @Test("a large request solved from a sample of prices equals a full sort", arguments: [0, 1, 2, 3, 4])
    func largeAsFullSort(spread: Int) throws {
        var generator = SeededGenerator(seed: UInt64(spread))
        let count = 20_000
        // From all alike, where a sample has no spread, to as different as can be; at last every prompt that the
        // sample reads is unlike all others, so that its guess is wrong.
        let sampled = Set((0..<4096).map { $0 * count / 4096 })
        let beliefs = try (0..<count).map { index in
            let means = [
                0.2, index % 2 == 0 ? 0.5 : 0, generator.unit(), index < 19_000 ? 0 : generator.unit(),
                sampled.contains(index) ? 0 : generator.unit(),
            ]
            let mean = means[spread]
            return try Belief(mean: mean, kappa: spread == 2 ? 20 : .infinity, promptID: "\(index)")
        }
        for mean in [2, 3, 9, 16, 30] {
            let problem = try AllocationProblem(
                beliefs: beliefs, objective: .expectedContrast, total: count * mean + (mean > 2 ? 17 : 0), minimum: 2,
                maximum: 32 - (mean == 30 ? 0 : 2))
            #expect(try GreedyAllocator().allocate(problem).budgets == Self.greedySorted(problem), "mean \(mean)")
            let envelope = try EnvelopeAllocator().allocate(problem)
            #expect(envelope.budgets.reduce(0, +) == problem.total)
            let utility = problem.utility(of: envelope.budgets)
            #expect(envelope.upperBound - utility <= AllocationCases.largestSegmentGain(problem) + 1e-7)
            #expect(envelope.upperBound >= utility - 1e-7)
        }
    }

    /// Greedy by sorting all runs between lowest gains; `greedyIsOneByOne` shows for small problems that this is the
    /// rule.
    static func greedySorted(_ problem: AllocationProblem) -> [Int] {
        struct Run {
            var gain: Double
            var rank: Int
            var width: Int
        }
        var runs: [Run] = []
        for (rank, belief) in problem.beliefs.enumerated() {
            let curve = problem.objective.curve(under: belief, upTo: problem.maximum)
            var lowest = Double.infinity
            for budget in stride(from: problem.minimum, to: problem.maximum, by: 1) {
                let gain = curve[budget + 1] - curve[budget]
                if gain < lowest {
                    runs.append(Run(gain: gain, rank: rank, width: 0))
                    lowest = gain
                }
                runs[runs.count - 1].width += 1
            }
        }
        runs.sort { $0.gain != $1.gain ? $0.gain > $1.gain : $0.rank < $1.rank }
        var budgets = [Int](repeating: problem.minimum, count: problem.beliefs.count)
        var left = problem.total - budgets.count * problem.minimum
        for run in runs {
            budgets[run.rank] += min(left, run.width)
            left -= min(left, run.width)
        }
        return budgets
    }

    @Test("the exact solver rejects a problem that is too large before it starts")
    func exactRefuses() throws {
        let problem = try AllocationProblem(
            beliefs: .init(repeating: Belief(mean: 0.3, promptID: "x"), count: 100_000), objective: .expectedContrast,
            total: 1_600_000, minimum: 2, maximum: 128)
        #expect(
            throws: PlanningError.exactTooLarge(steps: 100_000 * 1_400_001 * 127, limit: ExactAllocator.stepsMax)
        ) { try ExactAllocator().allocate(problem) }
    }
}
