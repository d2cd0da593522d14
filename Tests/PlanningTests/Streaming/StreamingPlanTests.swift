import Planning
import Scoring
import Testing

/// A step streamed from beginning to end.
struct StreamedStep {
    var plan: BudgetPlan
    /// By prompt, in the order of their arrival: all budgets sent.
    var assignments: [StreamingPlan.Assignment] = []
    /// Assignments before the end.
    var early = 0
    var toppedUp = 0

    /// Streams candidates in shards of a size, checking after every shard that nothing was promised that cannot be
    /// kept.
    init(
        _ request: BudgetRequest, _ candidates: [BudgetCandidate], shard: Int, price: Double? = nil,
        announced: Int? = nil, configure: (inout StreamingPlan) -> Void = { _ in }
    ) throws {
        let prompts = announced ?? candidates.count
        var stream = try StreamingPlan(request: request, prompts: prompts, price: price)
        configure(&stream)
        let minimum = try request.sizes().minimum
        for start in stride(from: 0, to: candidates.count, by: shard) {
            assignments += try stream.receive(Array(candidates[start..<min(start + shard, candidates.count)]))
            #expect(stream.spent + (prompts - stream.handedOut) * minimum <= request.total)
            #expect(stream.spent == assignments.reduce(0) { $0 + $1.n })
        }
        early = assignments.count
        let end = try stream.finish()
        plan = end.plan
        let before = Dictionary(uniqueKeysWithValues: assignments.map { ($0.promptID, $0.n) })
        toppedUp = end.assignments.count { before[$0.promptID] != nil }
        #expect(end.assignments.allSatisfy { $0.n > before[$0.promptID] ?? -1 })
        assignments += end.assignments
        #expect(stream.spent == plan.budgets.reduce(0) { $0 + $1.n })
        let last = Dictionary(assignments.map { ($0.promptID, $0.n) }) { $1 }
        #expect(plan.budgets.allSatisfy { last[$0.promptID] == $0.n })
    }
}

@Suite("Streamed plans")
struct StreamingPlanTests {
    /// Beliefs that are not doubted: these tests are about the solver.
    static func candidates(_ count: Int, _ generator: inout SeededGenerator, kappa: Double? = nil) throws
        -> [BudgetCandidate]
    {
        // From all hard to all easy, by the seed; predictions of every sharpness.
        let tilt = 0.3 + 3 * generator.unit()
        return try (0..<count).map { index in
            let u = generator.unit()
            var mean = 1.0
            // u^tilt, without the mathematics library.
            for _ in 0..<Int(tilt * 4) { mean *= u.squareRoot().squareRoot() }
            let belief = try Belief(mean: mean, kappa: kappa ?? (1 + 30 * generator.unit()), promptID: "\(index)")
            return BudgetCandidate(promptID: "p\(index)", belief: belief, source: .record)
        }
    }

    @Test(
        "the sum is exact, sizes are allowed and no budget is reduced, over 3,000 seeds of all kinds of requests"
    )
    func invariants() throws {
        var streamed = 0
        var topped = 0
        for seed in UInt64(0)..<3000 {
            var generator = SeededGenerator(seed: 50_000 + seed)
            let count = 1 + Int(generator.unit() * 150)
            var request = BudgetRequest(
                total: 0, minimum: Int(generator.unit() * 5), maximum: 16 + Int(generator.unit() * 113),
                objective: BudgetObjective.allCases[Int(generator.unit() * 3)])
            switch Int(generator.unit() * 4) {
            case 0: request.multipleOf = 2 + Int(generator.unit() * 5)
            case 1: request.groupSizes = [request.minimum, 5, 8, 13, 16]
            case 2: request.groupSizes = [6, 9, 16]
            default: break
            }
            let sizes = try request.sizes()
            // A total that can be met: that of some budgets.
            request.total = (0..<count).reduce(0) { sum, _ in
                let u = generator.unit()
                return sum + sizes.values[Int(u * u * Double(sizes.values.count))]
            }
            if generator.unit() < 0.3 { request.exploration = try Exploration(share: 0.1, seed: seed) }
            let candidates = try Self.candidates(count, &generator)
            let price = generator.unit() < 0.5 ? nil : 0.01 + generator.unit()
            let step = try StreamedStep(request, candidates, shard: 1 + Int(generator.unit() * 40), price: price)
            #expect(step.plan.budgets.reduce(0) { $0 + $1.n } == request.total, "seed \(50_000 + seed)")
            #expect(step.plan.surplus == 0, "seed \(50_000 + seed)")
            #expect(step.plan.budgets.allSatisfy { sizes.values.contains($0.n) }, "seed \(50_000 + seed)")
            #expect(step.plan.utility <= step.plan.upperBound * (1 + 1e-12), "seed \(50_000 + seed)")
            streamed += step.early
            topped += step.toppedUp
        }
        #expect(streamed > 100_000)
        print("3,000 streamed steps: \(streamed) budgets handed out early, \(topped) topped up, all sums exact")
    }

    @Test("a streamed plan is nearly as good as a plan made all at once", arguments: [true, false])
    func share(knowsPrice: Bool) throws {
        for objective in [BudgetObjective.expectedContrast, .mixedGroupProbability] {
            for count in [64, 256, 1000] {
                var (sum, worst, gain, early, topped) = (0.0, 1.0, 0.0, 0, 0)
                let seeds = count == 1000 ? 40 : 150
                for seed in 0..<seeds {
                    var generator = SeededGenerator(seed: UInt64(70_000 + seed))
                    let candidates = try Self.candidates(count, &generator)
                    let request = BudgetRequest(total: count * 8, minimum: 2, maximum: 64, objective: objective)
                    let whole = try request.plan(candidates)
                    // The previous step's price: that of other prompts of the same kind.
                    let price = knowsPrice ? whole.price.map { $0 * (0.8 + 0.4 * generator.unit()) } : nil
                    let step = try StreamedStep(request, candidates, shard: 16, price: price)
                    let share = step.plan.utility / whole.utility
                    #expect(share <= 1 + 1e-9)
                    sum += share
                    worst = min(worst, share)
                    gain += (step.plan.expectedGain ?? 0) / max(1e-9, whole.expectedGain ?? 0) / Double(seeds)
                    early += step.early
                    topped += step.toppedUp
                }
                let mean = sum / Double(seeds)
                #expect(mean > 0.95 && worst > 0.7, "\(objective), \(count) prompts")
                print(
                    "\(objective), \(count) prompts, price \(knowsPrice ? "of the step before" : "from a pilot"):",
                    "streamed/batch utility mean \(mean), worst \(worst); share of the gain \(gain);",
                    "\(early / seeds) handed out early, \(topped / seeds) topped up a step")
            }
        }
    }

    @Test("the same arrivals give the same budgets for any division into shards")
    func shards() throws {
        for seed in UInt64(0)..<60 {
            var generator = SeededGenerator(seed: seed)
            let candidates = try Self.candidates(200, &generator)
            var request = BudgetRequest(total: 1600, maximum: 64)
            request.exploration = try Exploration(share: 0.05, seed: seed)
            let price = seed % 2 == 0 ? nil : 0.4
            let one = try StreamedStep(request, candidates, shard: 1, price: price)
            for shard in [3, 16, 47, 200] {
                let other = try StreamedStep(request, candidates, shard: shard, price: price)
                #expect(
                    other.plan == one.plan && other.assignments == one.assignments, "seed \(seed), shards of \(shard)")
            }
        }
    }

    @Test("prompts sorted by difficulty, the worst order, still get an exact and useful plan")
    func sorted() throws {
        var worst = Double.infinity
        var worstGain = Double.infinity
        for seed in UInt64(0)..<100 {
            var generator = SeededGenerator(seed: 90_000 + seed)
            let candidates = try Self.candidates(300, &generator)
                .sorted { seed % 2 == 0 ? $0.belief.mean < $1.belief.mean : $0.belief.mean > $1.belief.mean }
            let request = BudgetRequest(total: 2400, maximum: 64)
            let step = try StreamedStep(request, candidates, shard: 20)
            #expect(step.plan.budgets.reduce(0) { $0 + $1.n } == 2400)
            worst = min(worst, try step.plan.utility / request.plan(candidates).utility)
            worstGain = min(worstGain, try #require(step.plan.expectedGain))
        }
        #expect(worstGain > -0.4)
        print("sorted arrivals, 100 seeds: worst streamed/batch utility \(worst), worst gain over uniform \(worstGain)")
    }

    @Test("equal prompts without an earlier price get nearly equal budgets, not all or nothing in turn")
    func alike() throws {
        for objective in BudgetObjective.allCases {
            let belief = try Belief(mean: 0.3, kappa: 3, promptID: "x")
            let candidates = (0..<200).map { BudgetCandidate(promptID: "p\($0)", belief: belief) }
            let request = BudgetRequest(total: 200 * 8 + 5, maximum: 32, objective: objective)
            let whole = try request.plan(candidates)
            let step = try StreamedStep(request, candidates, shard: 10)
            #expect(step.plan.utility >= whole.utility * 0.98, "\(objective)")
            #expect(step.plan.budgets.reduce(0) { $0 + $1.n } == 1605)
            print("\(objective), 200 prompts alike: streamed/batch \(step.plan.utility / whole.utility)")
        }
    }

    @Test("most budgets are handed out early, and the last prompts are held back")
    func earliness() throws {
        var generator = SeededGenerator(seed: 3)
        let candidates = try Self.candidates(1000, &generator)
        let request = BudgetRequest(total: 8000, maximum: 64)
        var stream = try StreamingPlan(request: request, prompts: 1000, price: 0.5)
        #expect(try stream.receive(Array(candidates[..<1])).count == 1)
        #expect(try stream.receive(Array(candidates[1...])).count == 949)
        var cold = try StreamingPlan(request: request, prompts: 1000)
        #expect(try cold.receive(Array(candidates[..<31])).isEmpty)
        #expect(try cold.receive(Array(candidates[31..<32])).count == 32)
    }

    @Test("other prompts get the rollouts of missing ones; own caps leave a surplus")
    func missing() throws {
        var generator = SeededGenerator(seed: 5)
        let candidates = try Self.candidates(100, &generator)
        let request = BudgetRequest(total: 1600, maximum: 32)
        for arrived in [1, 30, 49, 50, 51, 99] {
            let step = try StreamedStep(request, Array(candidates[..<arrived]), shard: 10, announced: 100)
            #expect(step.plan.budgets.reduce(0) { $0 + $1.n } == min(1600, arrived * 32), "\(arrived) of 100")
            #expect(step.plan.surplus == 1600 - min(1600, arrived * 32))
        }
        for seed in UInt64(0)..<300 {
            var generator = SeededGenerator(seed: seed)
            var request = request
            if seed % 3 == 0 { request.groupSizes = [2, 5, 9, 16, 32] }
            request.total = 200 + Int(generator.unit() * 2500)
            let limited = try Self.candidates(100, &generator).map { candidate in
                let u = generator.unit()
                return BudgetCandidate(
                    promptID: candidate.promptID, belief: candidate.belief,
                    floor: u < 0.2 ? 9 : nil, cap: u > 0.4 ? 2 + Int(generator.unit() * 12) : nil)
            }
            let step: StreamedStep
            do {
                step = try StreamedStep(request, limited, shard: 10)
            } catch PlanningError.totalUnreachable {
                continue
            }
            let sum = step.plan.budgets.reduce(0) { $0 + $1.n }
            #expect(sum + step.plan.surplus == request.total && step.plan.surplus >= 0, "seed \(seed)")
            for (budget, candidate) in zip(step.plan.budgets, limited) {
                #expect(budget.n <= candidate.cap ?? 32, "seed \(seed), \(budget)")
            }
        }
    }

    @Test("a streamed plan without expected gain is uniform, with its reason")
    func even() throws {
        let certain = try (0..<120).map {
            BudgetCandidate(promptID: "\($0)", belief: try Belief(mean: $0 % 2 == 0 ? 0 : 1, promptID: "\($0)"))
        }
        let step = try StreamedStep(BudgetRequest(total: 1000), certain, shard: 10)
        #expect(step.plan.uniformReason == .noExpectedGain)
        #expect(step.plan.budgets.reduce(0) { $0 + $1.n } == 1000)
        #expect(step.plan.budgets.allSatisfy { $0.n == 8 || $0.n == 9 })
    }

    @Test("explored prompts have their share in a streamed plan too")
    func explores() throws {
        for seed in UInt64(0)..<200 {
            var candidates = try ExplorationTests.candidates(120, seed: seed)
            // As they come, hopeless first, solved first, or all the unlikely first.
            switch seed % 4 {
            case 1: candidates.sort { $0.belief.mean < $1.belief.mean }
            case 2: candidates.sort { $0.belief.mean > $1.belief.mean }
            case 3: candidates.sort { abs($0.belief.mean - 0.5) > abs($1.belief.mean - 0.5) }
            default: break
            }
            var request = BudgetRequest(total: 960, minimum: 0, maximum: 64)
            request.exploration = try Exploration(share: 0.1, seed: seed)
            let step = try StreamedStep(request, candidates, shard: 10, price: seed % 8 < 4 ? nil : 0.7)
            let unlikely = step.plan.budgets.filter(ExplorationTests.isUnlikely)
            #expect(unlikely.reduce(0) { $0 + $1.n } >= min(96, unlikely.count * 8), "seed \(seed)")
            #expect(step.plan.budgets.reduce(0) { $0 + $1.n } == 960, "seed \(seed)")
            let explored = step.plan.budgets.filter { $0.source == .explore }
            #expect(explored.allSatisfy(ExplorationTests.isUnlikely), "seed \(seed)")
        }
    }

    @Test("too many prompts, repeated prompts and unreachable totals are rejected, and change nothing")
    func rejections() throws {
        var generator = SeededGenerator(seed: 5)
        let candidates = try Self.candidates(100, &generator)
        var request = BudgetRequest(total: 800, maximum: 32)
        var stream = try StreamingPlan(request: request, prompts: 50, price: 0.3)
        #expect(throws: PlanningError.tooManyCandidates(expected: 50, found: 51)) {
            try stream.receive(Array(candidates[..<51]))
        }
        #expect(throws: PlanningError.duplicatePrompt(promptID: "p0")) {
            try stream.receive([candidates[0], candidates[0]])
        }
        #expect(stream.received == 0 && stream.spent == 0)
        _ = try stream.receive(Array(candidates[..<10]))
        #expect(throws: PlanningError.duplicatePrompt(promptID: "p9")) { try stream.receive([candidates[9]]) }
        #expect(stream.received == 10)
        #expect(throws: PlanningError.totalTooSmall(total: 800, prompts: 500, least: 1000)) {
            try StreamingPlan(request: request, prompts: 500)
        }
        #expect(throws: PlanningError.noPrompts) { try StreamingPlan(request: request, prompts: 0) }
        #expect(throws: PlanningError.totalTooLarge(total: 800, prompts: .max)) {
            try StreamingPlan(request: request, prompts: .max)
        }
        request.multipleOf = 7
        #expect(throws: PlanningError.totalNotMultiple(total: 800, multipleOf: 7, below: 798, above: 805)) {
            try StreamingPlan(request: request, prompts: 50)
        }
    }
}
