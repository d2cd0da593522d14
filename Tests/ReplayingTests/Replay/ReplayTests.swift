import Planning
import Replaying
import Scoring
import Testing

@Suite("Replay")
struct ReplayTests {
    /// Calibrated weak predictions: truths drawn from the stated beliefs Beta(a, κ − a), κ = 6.
    static func prompts(_ count: Int, seed: UInt64, prefix: String = "p") throws -> [ReplayPrompt] {
        var generator = SeededGenerator(seed: seed)
        return try (0..<count).map { index in
            let a = 1 + Int(generator.unit() * 5)
            // The a-th smallest of κ − 1 uniforms is Beta(a, κ − a).
            let truth = (0..<5).map { _ in generator.unit() }.sorted()[a - 1]
            let id = "\(prefix)\(index)"
            return ReplayPrompt(
                promptID: id, belief: try Belief(mean: Double(a) / 6, kappa: 6, promptID: id), truth: .rate(truth))
        }
    }

    @Test(
        "counts add up, plans spend the total, and the same seed replays the same step",
        arguments: BudgetObjective.allCases)
    func counts(objective: BudgetObjective) throws {
        for seed in UInt64(0)..<60 {
            let prompts = try Self.prompts(40, seed: seed)
            let pool = try Self.prompts(200, seed: 1000 + seed, prefix: "pool")
            let replay = Replay(
                request: BudgetRequest(total: 320, minimum: 4, maximum: 32, objective: objective), seed: seed)
            let results = try replay.run(on: prompts, pool: pool)
            #expect(results.map(\.policy) == AllocationStrategy.allCases)
            #expect(try replay.run(on: prompts, pool: pool) == results)
            for result in results {
                #expect(result.signalGroups + result.silentGroups == result.groups)
                #expect(result.realised >= 0 && result.expected >= 0)
                if result.policy != .dapoFilter { #expect(result.spent == 320 && result.groups == 40) }
            }
            let uniform = results[0]
            let filtered = results[1]
            // With the same random numbers dynamic sampling begins like uniform, and continues until it has forty
            // groups.
            #expect(filtered.signalGroups == 40 && filtered.spent == 8 * filtered.groups)
            #expect(filtered.groups >= 40 + uniform.silentGroups)
            let alone = try replay.run(.dapoFilter, on: prompts)
            #expect(alone.signalGroups == uniform.signalGroups && alone.spent == 320)
            let oracle = try #require(results.last)
            for result in results where result.policy != .dapoFilter {
                #expect(result.expected <= oracle.expected * 1.02, "\(result.policy), seed \(seed)")
            }
        }
    }

    @Test("the mean realised value over 400 steps is the expected value, for rates and for records")
    func means() throws {
        for isRecorded in [false, true] {
            for objective in BudgetObjective.allCases {
                for policy in [AllocationStrategy.uniform, .ours, .oracle] {
                    var differences: [Double] = []
                    var sum = 0.0
                    for seed in UInt64(0)..<400 {
                        let prompts = try Self.prompts(20, seed: seed).map { prompt in
                            ReplayPrompt(
                                promptID: prompt.promptID, belief: prompt.belief,
                                truth: isRecorded
                                    ? .record(successes: Int((prompt.truth.rate * 16).rounded()), rollouts: 16)
                                    : prompt.truth)
                        }
                        let request = BudgetRequest(total: 160, minimum: 4, maximum: 16, objective: objective)
                        let result = try Replay(request: request, seed: 7 * seed).run(policy, on: prompts)
                        differences.append(result.realised - result.expected)
                        sum += result.expected
                    }
                    let mean = differences.reduce(0, +) / 400
                    let variance = differences.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 399
                    let error = (variance / 400).squareRoot()
                    #expect(abs(mean) < 4 * error + 1e-12, "\(policy), \(objective), recorded \(isRecorded)")
                }
            }
        }
    }

    /// A record of 2 successes and 2 failures. Two draws: both fail 1/6, both succeed 1/6, so mixed 2/3, with one
    /// failure: contrast 2/3. Three draws are always mixed: 1 or 2 failures, contrast 3/2.
    @Test("the value of a record is that of drawing without replacement; hand-computed")
    func recordByHand() throws {
        let prompt = ReplayPrompt(
            promptID: "x", belief: try Belief(mean: 0.5, promptID: "x"), truth: .record(successes: 2, rollouts: 4))
        func expected(_ budget: Int, _ objective: BudgetObjective) throws -> Double {
            let request = BudgetRequest(total: budget, minimum: budget, maximum: budget, objective: objective)
            return try Replay(request: request).run(.uniform, on: [prompt]).expected
        }
        #expect(abs(try expected(2, .mixedGroupProbability) - 2.0 / 3) < 1e-15)
        #expect(abs(try expected(2, .expectedContrast) - 2.0 / 3) < 1e-15)
        #expect(abs(try expected(3, .expectedContrast) - 1.5) < 1e-15)
        #expect(abs(try expected(3, .mixedGroupProbability) - 1) < 1e-15)
        #expect(abs(try expected(2, .informationGain) - 2.0 / 3 / 8) < 1e-15)
        #expect(abs(try expected(2, .advantageMass) - 4.0 / 3) < 1e-15)
        #expect(abs(try expected(3, .advantageMass) - 2 * 2.0.squareRoot()) < 1e-14)
        // All four drawn: the whole record, for certain.
        #expect(abs(try expected(4, .expectedContrast) - 2) < 1e-15)
        #expect(abs(try expected(4, .advantageMass) - 4) < 1e-14)
        for seed in UInt64(0)..<50 {
            let request = BudgetRequest(total: 8, minimum: 8, maximum: 8)
            // The record is drawn twice: four of eight.
            #expect(try Replay(request: request, seed: seed).run(.uniform, on: [prompt]).realised == 4)
        }
    }

    @Test("with calibrated weak predictions ours beats uniform, and the oracle beats ours")
    func table() throws {
        var sums: [AllocationStrategy: (utility: Double, spent: Int, signal: Int, silent: Int)] = [:]
        for seed in UInt64(0)..<40 {
            let prompts = try Self.prompts(200, seed: seed)
            let pool = try Self.prompts(600, seed: 500 + seed, prefix: "pool")
            let replay = Replay(request: BudgetRequest(total: 1600, minimum: 4, maximum: 32), seed: seed)
            for result in try replay.run(on: prompts, pool: pool) {
                let sum = sums[result.policy] ?? (0, 0, 0, 0)
                sums[result.policy] = (
                    sum.utility + result.realised, sum.spent + result.spent, sum.signal + result.signalGroups,
                    sum.silent + result.silentGroups
                )
            }
        }
        let uniform = try #require(sums[.uniform]?.utility)
        for policy in AllocationStrategy.allCases {
            guard let sum = sums[policy] else { continue }
            let perRollout = sum.utility / Double(sum.spent) / (uniform / Double(40 * 1600))
            print(
                "\(policy): \(sum.spent) rollouts, \(sum.signal) groups with a signal, \(sum.silent) silent, utility",
                sum.utility, "a rollout's worth of uniform's \(perRollout)")
        }
        let utility = { (policy: AllocationStrategy) in sums[policy]?.utility ?? 0 }
        #expect(utility(.ours) > uniform * 1.02)
        #expect(utility(.oracle) > utility(.ours))
        #expect(utility(.ours) > utility(.meanAlone))
    }

    @Test(
        "on known rates the envelope solver's plans are worth at least 20 % more than the paper's greedy ones at [2, 128]"
    )
    func envelopeBeatsGreedy() throws {
        var ratios: [Double] = []
        for seed in UInt64(0)..<20 {
            var generator = SeededGenerator(seed: seed)
            let prompts = try (0..<64).map { index in
                // Uniform on (0, 1), or hard as Beta(0.5, 1) is, in turn.
                let u = generator.unit()
                let p = seed % 2 == 0 ? u : u * u
                return ReplayPrompt(
                    promptID: "p\(index)", belief: try Belief(mean: p, promptID: "p\(index)"), truth: .rate(p))
            }
            let replay = Replay(request: BudgetRequest(total: 1024, minimum: 2, maximum: 128), seed: seed)
            let results = try [.ours, .greedy].map { try replay.run($0, on: prompts).expected }
            ratios.append(results[0] / results[1])
        }
        let mean = ratios.reduce(0, +) / Double(ratios.count)
        print(
            "envelope/greedy on known rates, 64 prompts, T 1024, [2, 128], 20 seeds: mean \(mean), least \(ratios.min() ?? 0)"
        )
        #expect(mean >= 1.2 && (ratios.min() ?? 0) >= 1.2)
    }

    @Test("invalid truths are rejected, naming the prompt")
    func rejections() throws {
        let belief = try Belief(mean: 0.5, promptID: "x")
        let replay = Replay(request: BudgetRequest(total: 8))
        for truth in [
            ReplayTruth.rate(1.5), .rate(.nan), .record(successes: 3, rollouts: 2), .record(successes: 0, rollouts: 0),
        ] {
            let error = #expect(throws: PlanningError.self) {
                try replay.run(.uniform, on: [ReplayPrompt(promptID: "gsm8k/17", belief: belief, truth: truth)])
            }
            #expect(error?.description.contains("gsm8k/17") == true)
        }
        #expect(throws: PlanningError.noPrompts) { try replay.run(.dapoFilter, on: []) }
    }
}
