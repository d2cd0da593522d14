import Foundation
import Planning
import Scoring
import Testing

@Suite("Budget plans")
struct BudgetPlanTests {
    static func candidates(_ count: Int, seed: UInt64, kappa: Double = 8) throws -> [BudgetCandidate] {
        var generator = SeededGenerator(seed: seed)
        return try (0..<count).map { index in
            let id = "gsm8k/train/\(index)"
            // Every fifth prompt has the same mean, so that ties are frequent.
            let mean = index % 5 == 4 ? 0.25 : generator.unit()
            return BudgetCandidate(promptID: id, belief: try Belief(mean: mean, kappa: kappa, promptID: id))
        }
    }

    @Test("the order of the request does not matter", arguments: BudgetSolver.allCases, BudgetObjective.allCases)
    func permutation(solver: BudgetSolver, objective: BudgetObjective) throws {
        for seed in UInt64(0)..<20 {
            var candidates = try Self.candidates(30, seed: seed)
            let request = BudgetRequest(total: 301, maximum: 40, objective: objective, solver: solver)
            let plan = try request.plan(candidates)
            let budgets = Dictionary(uniqueKeysWithValues: plan.budgets.map { ($0.promptID, $0) })
            var generator = SeededGenerator(seed: 77 + seed)
            candidates.shuffle(using: &generator)
            let shuffled = try request.plan(candidates)
            #expect(shuffled.id == plan.id, "seed \(seed)")
            #expect(shuffled.budgets.map(\.promptID) == candidates.map(\.promptID), "seed \(seed)")
            #expect(shuffled.budgets.allSatisfy { budgets[$0.promptID] == $0 }, "seed \(seed)")
            #expect(shuffled.utility == plan.utility && shuffled.upperBound == plan.upperBound, "seed \(seed)")
        }
    }

    @Test("the order of the request does not matter under sizes, limits and exploration either", arguments: 0..<3)
    func permutationUnderConstraints(kind: Int) throws {
        for seed in UInt64(0)..<40 {
            var generator = SeededGenerator(seed: 500 + seed)
            var candidates = try Self.candidates(30, seed: seed).map { candidate in
                BudgetCandidate(
                    promptID: candidate.promptID, belief: candidate.belief,
                    floor: generator.unit() < 0.2 ? 8 : nil, cap: generator.unit() < 0.2 ? 16 : nil)
            }
            var request = BudgetRequest(total: 336, minimum: 0, maximum: 40)
            request.multipleOf = kind == 0 ? 4 : 1
            request.groupSizes = kind == 1 ? [0, 3, 8, 16, 21, 40] : nil
            request.exploration = try Exploration(share: 0.1, hopelessBelow: 0.2, solvedAbove: 0.8, seed: seed)
            let plan = try request.plan(candidates)
            candidates.shuffle(using: &generator)
            let shuffled = try request.plan(candidates)
            #expect(shuffled.id == plan.id && Set(shuffled.budgets) == Set(plan.budgets), "seed \(500 + seed)")
            #expect(shuffled.utility == plan.utility && shuffled.upperBound == plan.upperBound, "seed \(500 + seed)")
            #expect(plan.budgets.reduce(0) { $0 + $1.n } == 336, "seed \(500 + seed)")
        }
    }

    @Test("equal prompts share a remainder by id, not by order of arrival")
    func tiesByID() throws {
        let belief = try Belief(mean: 0.5, promptID: "x")
        let candidates = ["b", "a", "d", "c"].map { BudgetCandidate(promptID: $0, belief: belief) }
        let plan = try BudgetRequest(total: 18, maximum: 16, objective: .mixedGroupProbability, solver: .greedy)
            .plan(candidates)
        #expect(plan.budgets.map(\.n) == [5, 5, 4, 4])
    }

    @Test("ids are ordered by their bytes, wherever they differ", arguments: [UInt64(1), 2, 3])
    func ordersIDs(seed: UInt64) throws {
        let ids = ["", "a", "a\0", "ab", "é", "train/123456789a", "train/123456789b", "train/12345678", "train/1", "z"]
        let belief = try Belief(mean: 0.5, promptID: "x")
        var generator = SeededGenerator(seed: seed)
        let shuffled = ids.shuffled(using: &generator)
        // Some rollouts over: the uniform plan gives them to the first ids in byte order.
        for over in 1..<ids.count {
            let plan = try BudgetRequest(total: 2 * ids.count + over, objective: .mixedGroupProbability)
                .plan(shuffled.map { BudgetCandidate(promptID: $0, belief: belief) })
            let first = ids.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }.prefix(over)
            #expect(Set(plan.budgets.filter { $0.n == 3 }.map(\.promptID)) == Set(first), "seed \(seed), \(over) over")
        }
    }

    @Test("a plan's utility, uniform utility, bound and gap are correct")
    func statements() throws {
        let candidates = try Self.candidates(64, seed: 5)
        for objective in BudgetObjective.allCases {
            let plan = try BudgetRequest(total: 1024, objective: objective).plan(candidates)
            let utility = zip(plan.budgets, candidates).reduce(0) {
                $0 + objective.expectedValue(of: $1.0.n, under: $1.1.belief)
            }
            let uniform = candidates.reduce(0) { $0 + objective.expectedValue(of: 16, under: $1.belief) }
            #expect(abs(plan.utility - utility) < 1e-12 * utility)
            #expect(abs(plan.uniformUtility - uniform) < 1e-12 * uniform)
            #expect(plan.utility >= plan.uniformUtility && plan.utility <= plan.upperBound)
            #expect(abs(plan.gap - (plan.upperBound - plan.utility) / plan.upperBound) < 1e-15)
            let zero = zip(plan.budgets, candidates).reduce(0) {
                $0 + 1 - BudgetObjective.mixedGroupProbability.expectedValue(of: $1.0.n, under: $1.1.belief)
            }
            #expect(abs(plan.zeroGroups - zero) < 1e-9)
            print("\(objective), 64 prompts, T 1024: gain \(plan.expectedGain ?? .nan), gap \(plan.gap)")
        }
    }

    @Test("budgets have the reasons floor, cap, optimal and excluded")
    func reasons() throws {
        let candidates = try [("a", 0.0), ("b", 0.5), ("c", 0.3), ("d", 1.0)].map { id, mean in
            BudgetCandidate(promptID: id, belief: try Belief(mean: mean, promptID: id), source: .record)
        }
        let plan = try BudgetRequest(total: 28, minimum: 2, maximum: 14).plan(candidates)
        #expect(plan.budgets.map(\.n) == [2, 10, 14, 2])
        #expect(plan.budgets.map(\.reason) == [.floor, .optimal, .cap, .floor])
        #expect(plan.budgets.allSatisfy { $0.source == .record })
        let skipping = try BudgetRequest(total: 24, minimum: 0, maximum: 14).plan(candidates)
        #expect(skipping.budgets.map(\.n) == [0, 10, 14, 0])
        #expect(skipping.budgets.map(\.reason) == [.excluded, .optimal, .cap, .excluded])
    }

    @Test("a plan without expected gain is the uniform plan, with its reason")
    func noGain() throws {
        let certain = try (0..<6).map {
            BudgetCandidate(promptID: "\($0)", belief: try Belief(mean: $0 % 2 == 0 ? 0 : 1, promptID: "\($0)"))
        }
        let plan = try BudgetRequest(total: 26).plan(certain)
        #expect(plan.uniformReason == .noExpectedGain)
        #expect(plan.budgets.map(\.n) == [5, 5, 4, 4, 4, 4])
        #expect(plan.budgets.allSatisfy { $0.source == .uniform && $0.reason == .noGain })
        #expect(plan.utility == 0 && plan.gap == 0 && plan.expectedGain == nil && plan.zeroGroups == 6)

        // A gain is one only beyond the stated share.
        var modest = BudgetRequest(total: 1024)
        let candidates = try Self.candidates(64, seed: 5)
        let gain = try #require(try modest.plan(candidates).expectedGain)
        modest.gainMin = gain + 0.01
        let refused = try modest.plan(candidates)
        #expect(refused.uniformReason == .noExpectedGain)
        #expect(refused.utility == refused.uniformUtility && refused.upperBound > refused.utility)
        modest.gainMin = gain - 0.01
        #expect(try modest.plan(candidates).uniformReason == nil)
        let alike = try (0..<8).map {
            BudgetCandidate(promptID: "\($0)", belief: try Belief(mean: 0.4, kappa: 20, promptID: "\($0)"))
        }
        let even = try BudgetRequest(total: 64, objective: .mixedGroupProbability).plan(alike)
        #expect(even.uniformReason == .noExpectedGain)
        #expect(even.budgets.allSatisfy { $0.n == 8 })
        #expect(even.gap < 1e-12)
    }

    @Test("rollouts that the caps do not allow are the surplus")
    func surplus() throws {
        let plan = try BudgetRequest(total: 1000, minimum: 2, maximum: 8).plan(try Self.candidates(10, seed: 1))
        #expect(plan.budgets.allSatisfy { $0.n == 8 })
        #expect(plan.total == 80 && plan.surplus == 920)
        let exact = try BudgetRequest(total: 80, minimum: 2, maximum: 8).plan(try Self.candidates(10, seed: 1))
        #expect(exact.surplus == 0)
        #expect(try BudgetRequest(total: .max, maximum: 8).plan(try Self.candidates(10, seed: 1)).total == 80)
    }

    @Test("a total below the sum of floors is an error with both numbers")
    func tooSmall() throws {
        let candidates = try Self.candidates(10, seed: 1)
        let error = #expect(throws: PlanningError.self) { try BudgetRequest(total: 19).plan(candidates) }
        #expect(error == .totalTooSmall(total: 19, prompts: 10, least: 20))
        #expect(error?.description.contains("19") == true && error?.description.contains("20") == true)
        #expect(try BudgetRequest(total: 20).plan(candidates).budgets.allSatisfy { $0.n == 2 })
        #expect(throws: PlanningError.self) { try BudgetRequest(total: -5, minimum: 0).plan(candidates) }
    }

    @Test("no prompts, repeated prompts and invalid ranges are rejected by name")
    func rejections() throws {
        var candidates = try Self.candidates(10, seed: 1)
        #expect(throws: PlanningError.noPrompts) { try BudgetRequest(total: 19).plan([]) }
        #expect(throws: PlanningError.rangeInvalid(minimum: 9, maximum: 8)) {
            try BudgetRequest(total: 100, minimum: 9, maximum: 8).plan(candidates)
        }
        #expect(throws: PlanningError.rangeInvalid(minimum: -1, maximum: 8)) {
            try BudgetRequest(total: 100, minimum: -1, maximum: 8).plan(candidates)
        }
        #expect(throws: PlanningError.rangeInvalid(minimum: 2, maximum: 1025)) {
            try BudgetRequest(total: 100, maximum: 1025).plan(candidates)
        }
        #expect(throws: PlanningError.rangeInvalid(minimum: 2, maximum: Int.max)) {
            try BudgetRequest(total: 100, maximum: .max).plan(candidates)
        }
        candidates.append(candidates[3])
        #expect(throws: PlanningError.duplicatePrompt(promptID: "gsm8k/train/3")) {
            try BudgetRequest(total: 100).plan(candidates)
        }
    }

    @Test("a uniform plan has a reason; without predictions it has only sizes")
    func uniformPlans() throws {
        let candidates = try Self.candidates(10, seed: 1)
        var request = BudgetRequest(total: 84, minimum: 4, maximum: 32)
        request.multipleOf = 4
        for reason in [UniformReason.deadline, .noCoordinator, .noModel, .shadow] {
            let plan = try request.uniformPlan(candidates, because: reason)
            #expect(plan.uniformReason == reason && plan.utility == plan.uniformUtility)
            #expect(plan.budgets.allSatisfy { $0.source == .uniform && $0.reason.rawValue == reason.rawValue })
            let fallback = try request.fallback(promptIDs: candidates.map(\.promptID), because: reason)
            #expect(fallback.map(\.n) == plan.budgets.map(\.n))
            #expect(fallback.allSatisfy { $0.source == .fallback && $0.p == nil && $0.kappa == nil })
        }
        #expect(try request.fallback(promptIDs: ["b", "a", "c"], because: .deadline).map(\.n) == [28, 28, 28])
        #expect(try request.fallback(promptIDs: ["b", "a"], because: .deadline).map(\.n) == [32, 32])
        request.total = 20
        #expect(try request.fallback(promptIDs: ["b", "a", "c"], because: .deadline).map(\.n) == [8, 8, 4])
        #expect(throws: PlanningError.duplicatePrompt(promptID: "a")) {
            try request.fallback(promptIDs: ["a", "a"], because: .deadline)
        }
        #expect(throws: PlanningError.totalTooSmall(total: 20, prompts: 6, least: 24)) {
            try request.fallback(promptIDs: ["a", "b", "c", "d", "e", "f"], because: .deadline)
        }
    }

    @Test("equal requests have equal ids, and different requests different ids")
    func ids() throws {
        let candidates = try Self.candidates(20, seed: 1)
        let plan = try BudgetRequest(total: 100).plan(candidates)
        var others = [
            try BudgetRequest(total: 101).plan(candidates).id,
            try BudgetRequest(total: 100, maximum: 64).plan(candidates).id,
            try BudgetRequest(total: 100, objective: .advantageMass).plan(candidates).id,
            try BudgetRequest(total: 100, solver: .exact).plan(candidates).id,
            try BudgetRequest(total: 100).plan(Self.candidates(20, seed: 2)).id,
            try BudgetRequest(total: 100).plan(Self.candidates(20, seed: 1, kappa: 9)).id,
        ]
        var variants = [BudgetRequest](repeating: BudgetRequest(total: 100), count: 4)
        variants[0].multipleOf = 2
        variants[1].groupSizes = [2, 4, 8]
        variants[2].gainMin = 0.5
        variants[3].exploration = try Exploration(share: 0.1)
        others += try variants.map { try $0.plan(candidates).id }
        others.append(plan.id)
        #expect(Set(others).count == 11)
        #expect(try BudgetRequest(total: 100).plan(candidates).id == plan.id)
        #expect(plan.id.count == 16)
    }

    @Test("rows and summary have the documented JSON keys, and decode to the same values")
    func codable() throws {
        let candidates = [
            BudgetCandidate(promptID: "gsm8k/17", belief: try Belief(mean: 0.5, promptID: "gsm8k/17")),
            BudgetCandidate(promptID: "gsm8k/18", belief: try Belief(mean: 0.25, kappa: 4, promptID: "gsm8k/18")),
        ]
        let plan = try BudgetRequest(total: 20).plan(candidates)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let row = String(decoding: try encoder.encode(plan.rows[0]), as: UTF8.self)
        #expect(
            row == """
                {"n":\(plan.budgets[0].n),"p":0.5,"plan_id":"\(plan.id)","prompt_id":"gsm8k/17",\
                "reason":"\(plan.budgets[0].reason.rawValue)","source":"model"}
                """)
        #expect(try JSONDecoder().decode([BudgetRow].self, from: try encoder.encode(plan.rows)) == plan.rows)
        #expect(plan.rows[1].kappa == 4)
        let summary = try encoder.encode(plan.summary)
        #expect(try JSONDecoder().decode(BudgetSummary.self, from: summary) == plan.summary)
        for key in ["n_min", "n_max", "total", "objective", "expected_signal", "expected_zero_groups", "plan_id"] {
            #expect(String(decoding: summary, as: UTF8.self).contains("\"\(key)\""))
        }
    }
}
