import Foundation

/// How the references of a context agree with each other, whatever the context's outcomes say.
///
/// References that are any use agree with each other. One that contradicts the majority is turned, one that agrees with
/// no other is silenced, and where none agree, the prior is that they say nothing.
struct ReferenceAgreement {
    /// By reference, in [−1, 1]: its weight before the context's outcomes are seen.
    let weights: [Double]
    /// Prior probability that they say nothing of this policy.
    let null: Double

    /// As if two references had shared so many prompts without any correlation.
    private static let priorPrompts = 30.0
    private static let steps = 20
    /// Mean and standard deviation of the correlation between useful references.
    private static let usefulMean = 0.25
    private static let usefulDeviation = 0.15
    private static let nullRange = 0.25...0.9
    /// Where no two references share a prompt.
    private static let nullUnknown = 0.5

    /// `entries` are those of every prompt, once. Cost: K² a prompt.
    init(count: Int, entries: [[ReferenceOutcomes.Entry]]) {
        let pairs = Pairs(count: count, entries: entries)
        weights = count >= 3 ? Self.weights(pairs) : [Double](repeating: 1, count: count)
        let shared = pairs.shared.reduce(0, +) / 2
        guard shared > 0 else {
            null = Self.nullUnknown
            return
        }
        var mean = 0.0
        for first in 0..<count {
            for second in 0..<count {
                let place = first * count + second
                mean += pairs.shared[place] * pairs.correlations[place] * weights[first] * weights[second]
            }
        }
        mean /= 2 * shared
        let spread = Self.usefulDeviation * Self.usefulDeviation + 1 / shared
        let useful = -(mean - Self.usefulMean) * (mean - Self.usefulMean) / (2 * spread) - log(spread) / 2
        let useless = -mean * mean * shared / 2 + log(shared) / 2
        let odds = CompactHeadConstants.sigmoid(useless - useful)
        null = min(Self.nullRange.upperBound, max(Self.nullRange.lowerBound, odds))
    }

    /// The first eigenvector of the shrunk correlations, by repeated products: what most of them have in common.
    private static func weights(_ pairs: Pairs) -> [Double] {
        let count = pairs.count
        let shrunk = zip(pairs.correlations, pairs.shared).map { $0 * $1 / ($1 + priorPrompts) }
        var vector = [Double](repeating: 1, count: count)
        for _ in 0..<steps {
            let next = (0..<count).map { row in
                (0..<count).reduce(vector[row]) { $0 + shrunk[row * count + $1] * vector[$1] }
            }
            let norm = max(next.reduce(0) { $0 + $1 * $1 }.squareRoot(), 1e-12)
            vector = next.map { $0 / norm }
        }
        let sign = vector.reduce(0, +) >= 0 ? 1.0 : -1.0
        let scale = sign * Double(count).squareRoot()
        return vector.map { min(1, max(-1, scale * $0)) }
    }

    /// Correlations and numbers of shared prompts, `(K, K)`, 0 on the diagonal.
    private struct Pairs {
        let count: Int
        private(set) var correlations: [Double]
        private(set) var shared: [Double]

        init(count: Int, entries: [[ReferenceOutcomes.Entry]]) {
            self.count = count
            correlations = [Double](repeating: 0, count: count * count)
            shared = correlations
            // (k, l): squares of k on the prompts that it shares with l.
            var squares = correlations
            for prompt in entries {
                for first in prompt {
                    for second in prompt where first.reference != second.reference {
                        let place = first.reference * count + second.reference
                        correlations[place] += first.residual * second.residual
                        squares[place] += first.residual * first.residual
                        shared[place] += 1
                    }
                }
            }
            for first in 0..<count {
                for second in 0..<count {
                    let root = (squares[first * count + second] * squares[second * count + first]).squareRoot()
                    correlations[first * count + second] =
                        root > 0 ? correlations[first * count + second] / root : 0
                }
            }
        }
    }
}
