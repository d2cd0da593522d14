import Foundation
import Planning
import Scoring
import Testing

@Suite("Budget objectives")
struct BudgetObjectiveTests {
    static let probabilities = [1e-12, 1e-6, 0.001, 0.02, 0.05, 0.3, 0.5, 0.77, 0.95, 0.999, 1 - 1e-9]
    static let kappas = [0.05, 0.7, 2, 9, 60, 4000]

    /// E[f(p)] under Beta(a, b), by the trapezoid rule in the logit of p, where the density has exponential tails.
    static func integral(_ belief: Belief, _ value: (Double) -> Double) -> Double {
        let a = belief.mean * belief.kappa
        let b = (1 - belief.mean) * belief.kappa
        // p^a·q^b with the larger exponential factored out, which would overflow.
        func logWeight(_ x: Double) -> Double {
            (x < 0 ? a * x : -b * x) - (a + b) * log1p(exp(-abs(x)))
        }
        let mode = log(a / b)
        let spread = 1 / (a * b / (a + b)).squareRoot()
        let low = mode - max(12 * spread, 45 / a)
        let high = mode + max(12 * spread, 45 / b)
        let steps = 20_000
        var mass = 0.0
        var total = 0.0
        for index in 0...steps {
            let x = low + (high - low) * Double(index) / Double(steps)
            let weight = exp(logWeight(x) - logWeight(mode))
            mass += weight
            total += weight * value(x < 0 ? exp(x) / (1 + exp(x)) : 1 / (1 + exp(-x)))
        }
        return total / mass
    }

    @Test("values agree with hand-computed ones", arguments: BudgetObjective.allCases)
    func byHand(objective: BudgetObjective) {
        let p = 0.25
        let q = 0.75
        let expected =
            switch objective {
            case .expectedContrast: 3 * q - 3 * q * q * q
            case .mixedGroupProbability: 1 - p * p * p - q * q * q
            case .informationGain: (1 - p * p * p - q * q * q) * p * q * q
            case .advantageMass: (3 * p * q * q + 3 * p * p * q) * 2 * 2.0.squareRoot()
            }
        #expect(abs(objective.value(of: 3, at: p) - expected) < 1e-15)
    }

    @Test("the curve at a point estimate is the closed form at every budget", arguments: BudgetObjective.allCases)
    func curveIsClosedForm(objective: BudgetObjective) throws {
        var worst = 0.0
        for p in Self.probabilities {
            let curve = objective.curve(under: try Belief(mean: p, promptID: "x"), upTo: 1024)
            for (budget, found) in curve.enumerated() {
                let expected = objective.value(of: budget, at: p)
                let error = abs(found - expected) / max(expected, .leastNormalMagnitude)
                worst = max(worst, error)
                #expect(error < 1e-11, "\(budget) rollouts at \(p): \(found), closed form \(expected)")
            }
        }
        print("\(objective): curve against closed form, maximum relative error \(worst)")
    }

    @Test("expected values agree with numerical integration", arguments: BudgetObjective.allCases)
    func expectationIsIntegral(objective: BudgetObjective) throws {
        var worst = 0.0
        for mean in [0.02, 0.3, 0.5, 0.9] {
            for kappa in [0.7, 2, 9, 60] {
                let belief = try Belief(mean: mean, kappa: kappa, promptID: "x")
                let curve = objective.curve(under: belief, upTo: 128)
                for budget in [2, 3, 8, 33, 128] {
                    let expected = Self.integral(belief) { objective.value(of: budget, at: $0) }
                    let error = abs(curve[budget] - expected) / expected
                    worst = max(worst, error)
                    #expect(error < 1e-7, "\(budget) at Beta(mean \(mean), κ \(kappa)): \(curve[budget]), \(expected)")
                }
            }
        }
        print("\(objective): expectation against integration, maximum relative error \(worst)")
    }

    @Test("expected values agree with exact fractions: two rollouts under Beta(1, 1) and Beta(1, 2)")
    func fractions() throws {
        let flat = try Belief(mean: 0.5, kappa: 2, promptID: "x")
        // E[2pq] = 1/3; E[2pq·p·q²] = 2·B(3, 4) = 1/30; E[4pq] = 2/3.
        #expect(abs(BudgetObjective.expectedContrast.expectedValue(of: 2, under: flat) - 1.0 / 3) < 1e-15)
        #expect(abs(BudgetObjective.mixedGroupProbability.expectedValue(of: 2, under: flat) - 1.0 / 3) < 1e-15)
        #expect(abs(BudgetObjective.informationGain.expectedValue(of: 2, under: flat) - 1.0 / 30) < 1e-15)
        #expect(abs(BudgetObjective.advantageMass.expectedValue(of: 2, under: flat) - 2.0 / 3) < 1e-15)
        let low = try Belief(mean: 1.0 / 3, kappa: 3, promptID: "x")
        // a = 1, b = 2: E[q] = 2/3, E[q³] = (2·3·4)/(3·4·5) = 2/5.
        #expect(abs(BudgetObjective.expectedContrast.expectedValue(of: 3, under: low) - (2 - 1.2)) < 1e-15)
        #expect(abs(BudgetObjective.mixedGroupProbability.expectedValue(of: 3, under: low) - (1 - 0.4 - 0.1)) < 1e-15)
    }

    @Test("a belief with growing κ converges to the point estimate", arguments: BudgetObjective.allCases)
    func convergesToPoint(objective: BudgetObjective) throws {
        for p in Self.probabilities {
            let point = objective.curve(under: try Belief(mean: p, promptID: "x"), upTo: 300)
            for kappa in [1e14, 1e100, Double.greatestFiniteMagnitude] {
                let curve = objective.curve(under: try Belief(mean: p, kappa: kappa, promptID: "x"), upTo: 300)
                for budget in 2...300 {
                    // The first correction is of relative size B²/(κ·p·q), and below every digit beyond κ = 1e14.
                    let tolerance = 1e-12 + 1e6 / (kappa * p * (1 - p))
                    let error = abs(curve[budget] - point[budget]) / point[budget]
                    #expect(error < tolerance, "\(budget) rollouts at \(p), κ \(kappa): relative error \(error)")
                }
            }
        }
    }

    @Test("a further rollout never reduces a value, and no value is NaN", arguments: BudgetObjective.allCases)
    func neverFalls(objective: BudgetObjective) throws {
        for mean in [0.0, 1e-305] + Self.probabilities + [1] {
            for kappa in Self.kappas + [Double.leastNonzeroMagnitude, 1e-300, .infinity] {
                let curve = objective.curve(under: try Belief(mean: mean, kappa: kappa, promptID: "x"), upTo: 400)
                #expect(curve[0] == 0 && curve[1] == 0)
                for (budget, (now, next)) in zip(curve, curve.dropFirst()).enumerated() {
                    #expect(next >= now * (1 - 1e-14), "\(budget + 1) rollouts at mean \(mean), κ \(kappa)")
                }
            }
        }
    }

    @Test(
        "certain failure, certain success and groups of less than two have no value",
        arguments: BudgetObjective.allCases)
    func nothingToLearn(objective: BudgetObjective) throws {
        for p in [0.0, 1.0] {
            for kappa in [3.0, Double.infinity] {
                #expect(
                    objective.curve(under: try Belief(mean: p, kappa: kappa, promptID: "x"), upTo: 64).allSatisfy {
                        $0 == 0
                    })
            }
            #expect(objective.value(of: 64, at: p) == 0)
        }
        #expect(objective.value(of: 1, at: 0.5) == 0 && objective.value(of: 0, at: 0.5) == 0)
        #expect(objective.curve(under: try Belief(mean: 0.5, promptID: "x"), upTo: 0) == [0])
    }

    @Test("no precision is lost where p is tiny: two rollouts at 1e-300 have a value of 2p or similar")
    func tinyProbability() throws {
        let belief = try Belief(mean: 1e-300, promptID: "x")
        for (objective, expected) in [
            (BudgetObjective.expectedContrast, 2e-300), (.mixedGroupProbability, 2e-300), (.advantageMass, 4e-300),
        ] {
            #expect(abs(objective.expectedValue(of: 2, under: belief) / expected - 1) < 1e-14)
            #expect(abs(objective.value(of: 2, at: 1e-300) / expected - 1) < 1e-14)
        }
    }

    @Test("the marginal gain at p = 0.05 grows from 0.18 at two rollouts to 1.09 at 39, then falls towards q")
    func notConcave() throws {
        let curve = BudgetObjective.expectedContrast.curve(under: try Belief(mean: 0.05, promptID: "x"), upTo: 1024)
        let gains = zip(curve.dropFirst(), curve).map { $0 - $1 }
        #expect(abs(gains[2] - 0.18) < 0.005)
        #expect(abs(gains[39] - 1.09) < 0.005)
        #expect(gains.indices.max { gains[$0] < gains[$1] } == 38 || gains.indices.max { gains[$0] < gains[$1] } == 39)
        #expect(abs(gains[1023] - 0.95) < 1e-6)
        print("gain at p = 0.05: \(gains[2]) after 2 rollouts, \(gains[39]) after 39, \(gains[1023]) after 1023")
    }

    @Test("the gain of contrast under a belief turns where 2b + B(1 − a) changes sign")
    func turningPoint() throws {
        for mean in [0.02, 0.1, 0.4, 0.8] {
            for kappa in [0.5, 3, 8, 40, 400] {
                let a = mean * kappa
                let b = kappa - a
                let belief = try Belief(mean: mean, kappa: kappa, promptID: "x")
                let curve = BudgetObjective.expectedContrast.curve(under: belief, upTo: 256)
                for budget in 0..<255 {
                    let bend = (curve[budget + 2] - curve[budget + 1]) - (curve[budget + 1] - curve[budget])
                    guard abs(bend) > 1e-10 else { continue }
                    #expect(
                        (bend > 0) == (2 * b + Double(budget) * (1 - a) > 0), "B \(budget), mean \(mean), κ \(kappa)")
                }
            }
        }
    }
}
