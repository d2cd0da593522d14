import Foundation
import Planning
import Scoring
import Testing

@Suite("Baseline and look-ahead")
struct LookAheadTests {
    private static func baseline(
        _ rewards: [Double], _ p: Double, _ range: RewardRange = .signed
    ) throws -> ShrinkageBaseline {
        try ShrinkageBaseline(rewards: rewards, p: p, range: range, promptID: "gsm8k/17")
    }

    /// By hand, in fractions. Predicted p = 0.75, so V = 1/2; four failures: v̄ = −1, (v̄ − V)² = 9/4, Δ² = 9/4 − 1/4 =
    /// 2, w = 2/(2 + 1/4) = 8/9, b = −8/9 + 1/18 = −5/6; MSE(4) = 2/9, MSE(5) = 2/11.
    @Test("outside the noise the data count: hand-computed values")
    func goldenByHand() throws {
        let baseline = try Self.baseline([-1, -1, -1, -1], 0.75)
        #expect(abs(baseline.bias - 2) < 1e-15)
        #expect(abs(baseline.weight - 8.0 / 9) < 1e-15)
        #expect(abs(baseline.value + 5.0 / 6) < 1e-15)
        #expect(abs(baseline.risk(after: 4) - 2.0 / 9) < 1e-15 && abs(baseline.risk(after: 5) - 2.0 / 11) < 1e-15)
        // MSE(k) − MSE(k+1) = 4/((2k+1)(2k+3)): 4/99 at k = 4 … 4/1023 > 1/256 at k = 15, 4/1155 < 1/256 at 16.
        var reserve = RolloutReserve(100)
        var rewards = [-1.0, -1, -1, -1]
        var draws = 0
        while case .draw(let more) = try LookAhead().decide(
            rewards: rewards, p: 0.75, range: .signed, promptID: "x", reserve: &reserve)
        {
            rewards += [Double](repeating: -1, count: more)
            draws += 1
        }
        #expect(draws == 12 && rewards.count == 16 && reserve.left == 88)
        #expect(
            try LookAhead(drawsMax: 64).decide(
                rewards: [-1, -1, -1, -1], p: 0.75, range: .signed, promptID: "x", reserve: &reserve) == .draw(12))
    }

    @Test("with any threshold a group stops at its largest size")
    func atMost() throws {
        var reserve = RolloutReserve(100)
        let lookAhead = try LookAhead(threshold: 0, drawsMax: 64)
        for count in [4, 15, 16, 20] {
            let decision = try lookAhead.decide(
                rewards: [Double](repeating: -1, count: count), p: 0.75, range: .signed, promptID: "x",
                reserve: &reserve)
            switch decision {
            case .draw(let more): #expect(count < 16 && more == 16 - count)
            case .done(_, _, let reason): #expect(count >= 16 && reason == .atMost)
            }
        }
        #expect(reserve.left == 100 - 12 - 1)
    }

    @Test("inside the noise the baseline is the prediction, and the group is done at once")
    func priorStands() throws {
        // V = 1/2, v̄ = 0: a difference of 1/4 squared is no more than the noise 1/4.
        let rewards = [1.0, -1, -1, 1]
        let baseline = try Self.baseline(rewards, 0.75)
        #expect(baseline.bias == 0 && baseline.weight == 0 && baseline.value == 0.5)
        var reserve = RolloutReserve(10)
        let decision = try LookAhead().decide(
            rewards: rewards, p: 0.75, range: .signed, promptID: "x", reserve: &reserve)
        #expect(decision == .done(baseline: baseline, advantages: [0.5, -1.5, -1.5, 0.5], reason: .settled))
        #expect(reserve.left == 10)
    }

    /// numpy: v = r.mean(); d = max(0, (v−V)²−s/k); w = d/(d+s/k); b = w·v+(1−w)·V; MSE = d·s/(k·d+s); s = (w/2)².
    @Test("baselines and risks agree with numpy for fractional rewards in 0…1")
    func goldenNumpy() throws {
        let rewards = [0.0, 0.25, 1, 0.5, 0, 0, 0.75, 0.1]
        let cases: [(p: Double, bias: Double, weight: Double, value: Double, risk: Double)] = [
            (0.9, 0.29937499999999995, 0.9054820415879017, 0.37934782608695655, 0.028296313799621928),
            (0.35, 0, 0, 0.35, 0),
            (0.05, 0.04437500000000001, 0.5867768595041323, 0.21136363636363636, 0.018336776859504134),
        ]
        var worst = 0.0
        for expected in cases {
            let baseline = try Self.baseline(rewards, expected.p, .unit)
            for (found, wanted) in [
                (baseline.bias, expected.bias), (baseline.weight, expected.weight), (baseline.value, expected.value),
                (baseline.risk(after: 8) * RewardRange.unit.noise, expected.risk),
            ] {
                worst = max(worst, abs(found - wanted))
            }
        }
        #expect(worst < 1e-14)
        print("baselines against numpy: maximum error \(worst)")
    }

    @Test("the range of rewards changes only the scale, over 2,000 groups")
    func ranges() throws {
        let lookAhead = try LookAhead()
        let ranges = [RewardRange.unit, .signed, try RewardRange(-3...13)]
        var worst = 0.0
        for seed in UInt64(0)..<2000 {
            var generator = SeededGenerator(seed: seed)
            let p = generator.unit()
            let outcomes = (0..<1 + Int(generator.unit() * 20)).map { _ in generator.unit() < p ? 1.0 : 0 }
            let guess = generator.unit()
            var decisions: [(draw: Int?, value: Double, advantages: [Double])] = []
            for range in ranges {
                let width = range.bounds.upperBound - range.bounds.lowerBound
                var reserve = RolloutReserve(100)
                let decision = try lookAhead.decide(
                    rewards: outcomes.map(range.value), p: guess, range: range, promptID: "x", reserve: &reserve)
                switch decision {
                case .draw(let more): decisions.append((more, 0, []))
                case .done(let baseline, let advantages, _):
                    decisions.append(
                        (nil, (baseline.value - range.bounds.lowerBound) / width, advantages.map { $0 / width }))
                }
            }
            for other in decisions.dropFirst() {
                #expect(other.draw == decisions[0].draw, "seed \(seed)")
                worst = max(worst, abs(other.value - decisions[0].value))
                for (left, right) in zip(other.advantages, decisions[0].advantages) {
                    worst = max(worst, abs(left - right))
                }
            }
        }
        #expect(worst < 1e-12)
        print("decisions on three ranges of rewards: maximum difference \(worst) of the width")
    }

    @Test(
        "groups never exceed their largest size, the reserve is never overdrawn, and all groups end, over 2,000 steps")
    func invariants() throws {
        var reasons: [LookAhead.Reason: Int] = [:]
        for seed in UInt64(0)..<2000 {
            var generator = SeededGenerator(seed: 40_000 + seed)
            let lookAhead = try LookAhead(drawsMax: 1 + Int(generator.unit() * 4))
            let start = Int(generator.unit() * 60)
            var reserve = RolloutReserve(start)
            var drawn = 0
            for _ in 0..<8 {
                let p = generator.unit()
                let guess = min(1, max(0, p + generator.unit() - 0.5))
                var rewards = (0..<2 + Int(generator.unit() * 6)).map { _ in generator.unit() < p ? 1.0 : 0 }
                var turns = 0
                while true {
                    let before = reserve.left
                    let decision = try lookAhead.decide(
                        rewards: rewards, p: guess, promptID: "x", reserve: &reserve)
                    #expect(reserve.left >= 0 && turns < 32, "seed \(40_000 + seed)")
                    guard case .draw(let more) = decision else {
                        guard case .done(let baseline, let advantages, let reason) = decision else { break }
                        #expect(before == reserve.left)
                        #expect(advantages.count == rewards.count)
                        #expect(baseline.value >= 0 && baseline.value <= 1)
                        if reason == .reserveEmpty { #expect(reserve.left == 0) }
                        reasons[reason, default: 0] += 1
                        break
                    }
                    #expect(more >= 1 && before - reserve.left == more)
                    rewards += (0..<more).map { _ in generator.unit() < p ? 1.0 : 0 }
                    #expect(rewards.count <= 16)
                    drawn += more
                    turns += 1
                }
            }
            #expect(drawn + reserve.left == start, "seed \(40_000 + seed)")
        }
        #expect(reasons.count == 3)
        print("16,000 groups with look-ahead: \(reasons)")
    }

    @Test("invalid rewards and ranges without width are rejected, and empty groups use the prediction")
    func rejections() throws {
        var reserve = RolloutReserve(3)
        for reward in [1.5, -0.5, .nan, .infinity] {
            let error = #expect(throws: PlanningError.self) {
                try LookAhead().decide(rewards: [0, reward], p: 0.5, promptID: "gsm8k/17", reserve: &reserve)
            }
            #expect(error?.description.contains("gsm8k/17, rollout 1") == true)
        }
        #expect(throws: PlanningError.probabilityOutOfRange(promptID: "x", value: 2)) {
            try LookAhead().decide(rewards: [0], p: 2, promptID: "x", reserve: &reserve)
        }
        #expect(reserve.left == 3)
        #expect(throws: PlanningError.self) { try RewardRange(1...1) }
        #expect(throws: PlanningError.self) { try LookAhead(rolloutsMin: 8, rolloutsMax: 4) }
        #expect(throws: PlanningError.self) { try LookAhead(threshold: .nan) }
        #expect(throws: PlanningError.self) { try LookAhead(drawsMax: 0) }
        // Nothing drawn yet: the first four are wanted, three are there; then nothing is left.
        #expect(try LookAhead().decide(rewards: [], p: 0.5, promptID: "x", reserve: &reserve) == .draw(3))
        let empty = try LookAhead().decide(rewards: [], p: 0.5, promptID: "x", reserve: &reserve)
        #expect(empty == .done(baseline: try Self.baseline([], 0.5, .unit), advantages: [], reason: .reserveEmpty))
        #expect(RolloutReserve(-5).left == 0)
    }
}
