import Foundation
import Heads
import Scoring
import Testing

@Suite("Beta distribution")
struct BetaDistributionTests {
    @Test("quantiles and cumulative probabilities are those of scipy within 1e-6")
    func golden() throws {
        let golden = try HeadGolden.read("beta.json", as: HeadGolden.Beta.self)
        var quantileError = 0.0
        var cumulativeError = 0.0
        for row in golden.rows {
            let beta = BetaDistribution(a: row[0], b: row[1])
            for (index, probability) in [0.1, 0.5, 0.9].enumerated() {
                quantileError = max(quantileError, abs(beta.quantile(probability) - row[2 + index]))
            }
            cumulativeError = max(cumulativeError, abs(beta.cumulative(0.3) - row[5]))
        }
        print("beta: \(golden.rows.count) rows, quantile error \(quantileError), cumulative error \(cumulativeError)")
        #expect(golden.rows.count == 300)
        #expect(quantileError < 1e-6)
        #expect(cumulativeError < 1e-9)
    }

    @Test("the quantile inverts the cumulative distribution from shapes of 0.001 to 10,000")
    func inverse() {
        var generator = SeededGenerator(seed: 7)
        for _ in 0..<2000 {
            let a = 0.001 * pow(1e7, generator.unit())
            let b = 0.001 * pow(1e7, generator.unit())
            let beta = BetaDistribution(a: a, b: b)
            let probability = generator.unit()
            let x = beta.quantile(probability)
            #expect(x >= 0 && x <= 1)
            // The density may be steep: the probability lies between those of x's neighbours.
            #expect(beta.cumulative(x - 1e-8) <= probability + 1e-9, "a \(a), b \(b), probability \(probability)")
            #expect(beta.cumulative(x + 1e-8) >= probability - 1e-9, "a \(a), b \(b), probability \(probability)")
        }
    }

    @Test("a belief that is sure of 0 or 1 has its quantiles there")
    func ends() {
        #expect(BetaDistribution(mean: 0, concentration: 5).quantile(0.9) < 1e-8)
        #expect(BetaDistribution(mean: 1, concentration: 5).quantile(0.1) > 1 - 1e-8)
        #expect(BetaDistribution(a: 2, b: 3).quantile(0) == 0)
        #expect(BetaDistribution(a: 2, b: 3).quantile(1) == 1)
    }
}
