import Foundation
import Planning
import Scoring
import Testing

/// Plans whose predictions are not fully trusted.
@Suite("Doubted gains")
struct DoubtedGainTests {
    /// Means, and whether they rest on own outcomes.
    private static func candidates(_ means: [Double], kappa: Double, source: BudgetSource) throws -> [BudgetCandidate] {
        try means.enumerated().map { index, mean in
            let id = String(format: "p%03d", index)
            return BudgetCandidate(
                promptID: id, belief: try Belief(mean: mean, kappa: kappa, promptID: id), source: source)
        }
    }

    /// The gain of budgets over equal ones if the beliefs are exchanged among the prompts: the mean over all rotations.
    private static func exchangedGain(_ plan: BudgetPlan, _ candidates: [BudgetCandidate], uniform: [Int]) -> Double {
        let objective = plan.request.objective
        var sum = 0.0
        for shift in candidates.indices {
            for (index, budget) in plan.budgets.enumerated() {
                let belief = candidates[(index + shift) % candidates.count].belief
                sum += objective.expectedValue(of: budget.n, under: belief)
                sum -= objective.expectedValue(of: uniform[index], under: belief)
            }
        }
        return sum / Double(candidates.count)
    }

    @Test(
        "a plan is uniform exactly where its gain does not outweigh its loss if beliefs are exchanged"
    )
    func rule() throws {
        var seen: Set<Bool> = []
        for spread in [0.02, 0.05, 0.1, 0.2, 0.3, 0.45] {
            for kappa in [2.0, 20, 1e6] {
                let means = (0..<40).map { 0.5 + spread * (2 * Double($0 * 17 % 40) / 39 - 1) }
                let predicted = try Self.candidates(means, kappa: kappa, source: .model)
                let known = try Self.candidates(means, kappa: kappa, source: .record)
                let request = BudgetRequest(
                    total: 320, minimum: 4, maximum: 32, objective: .mixedGroupProbability)
                let trusted = try request.plan(known)
                guard trusted.uniformReason == nil else { continue }
                let uniform = try request.uniformPlan(known, because: .shadow).budgets.map(\.n)
                let exchanged = Self.exchangedGain(trusted, predicted, uniform: uniform)
                let doubted = 0.5 * (trusted.utility - trusted.uniformUtility) + 0.5 * exchanged
                let isUniform = try request.plan(predicted).uniformReason == .noExpectedGain
                #expect(isUniform == (doubted <= 0), "spread \(spread), kappa \(kappa): \(doubted)")
                seen.insert(isUniform)
            }
        }
        #expect(seen == [true, false])
    }

    @Test("beliefs that rest on own outcomes are not doubted, also beside predictions")
    func records() throws {
        let means = (0..<40).map { 0.05 + 0.9 * Double($0) / 39 }
        let request = BudgetRequest(total: 320, minimum: 4, maximum: 32, objective: .mixedGroupProbability)
        let known = try Self.candidates(means, kappa: 1e6, source: .record)
        #expect(try request.plan(known).uniformReason == nil)
        var mixed = try Self.candidates(means, kappa: 1e6, source: .model)
        for index in stride(from: 0, to: 40, by: 2) { mixed[index] = known[index] }
        let plan = try request.plan(mixed)
        // The same budgets, whether they are believed or not.
        if plan.uniformReason == nil { #expect(plan.budgets.map(\.n) == (try request.plan(known)).budgets.map(\.n)) }
        // Of one prediction there is nothing to exchange it with.
        var single = known
        single[3] = mixed[3]
        #expect(try request.plan(single).uniformReason == nil)
    }
}
