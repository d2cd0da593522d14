import Foundation
import Scoring

/// Step 4 of the head: rewards as pseudo-observations of log-odds, about what level, difficulty and references alone say.
///
/// Weights and pseudo-observations are those of one Newton step of the logistic likelihood.
struct CompactHeadLinearisation {
    /// ℓ, log-odds of a prompt of difficulty 0 under this policy.
    let level: Double
    /// a, by column of references; 0 where one is absent.
    let slopes: SIMD2<Double>
    /// u, by row.
    let targets: [Double]
    /// ρ, by row.
    let noise: [Double]

    private static let newtonSteps = 12
    private static let levelVariance = 4.0
    private static let weightMin = 0.02 * 0.98

    /// `columns` are those of references by row, 0 where one is absent; `nulls` is `nil` for an absent one.
    ///
    /// With references a Newton step that would make the fit worse is halved (`UphillStep`). The level alone needs none of it.
    init(
        constants: CompactHeadConstants, outcomes: [Outcome], difficulties: [Double], columns: [SIMD2<Double>],
        nulls: [Double?]
    ) {
        let rewards = outcomes.map(\.reward)
        let slope = constants.references?.slope ?? (mean: 0, variance: 1)
        let centre = SIMD2(nulls[0] == nil ? 0 : slope.mean, nulls[1] == nil ? 0 : slope.mean)
        let hasReferences = nulls.contains { $0 != nil }
        var (level, slopes) = (constants.population, centre)
        func logPosterior(_ level: Double, _ slopes: SIMD2<Double>) -> Double {
            let (far, farSlopes) = (level - constants.population, slopes - centre)
            let prior = -far * far / Self.levelVariance / 2 - (farSlopes * farSlopes).sum() / slope.variance / 2
            return rewards.indices.reduce(prior) { sum, row in
                let logOdds = level + difficulties[row] + (columns[row] * slopes).sum()
                return sum + UphillStep.logLikelihood(rewards[row], logOdds)
            }
        }
        for _ in 0..<(rewards.isEmpty ? 0 : Self.newtonSteps) {
            var gradient = Vector(
                level: -(level - constants.population) / Self.levelVariance,
                slopes: -(slopes - centre) / slope.variance)
            var curvature = Curvature(level: 1 / Self.levelVariance, slopes: 1 / slope.variance)
            for (row, reward) in rewards.enumerated() {
                let z = columns[row]
                let p = CompactHeadConstants.sigmoid(level + difficulties[row] + (z * slopes).sum())
                gradient.level += reward - p
                gradient.slopes += (reward - p) * z
                curvature.add(p * (1 - p), z)
            }
            let step = curvature.solve(gradient)
            let levelStep = min(2, max(-2, step.level))
            let slopeStep = step.slopes.clamped(lowerBound: SIMD2(repeating: -2), upperBound: SIMD2(repeating: 2))
            let share =
                hasReferences
                ? UphillStep.share { logPosterior(level + $0 * levelStep, slopes + $0 * slopeStep) } : 1
            level += share * levelStep
            slopes += share * slopeStep
        }
        var (targets, noise): ([Double], [Double]) = ([], [])
        for (row, outcome) in outcomes.enumerated() {
            let stretched = constants.expansion * difficulties[row] + (columns[row] * slopes).sum()
            let p = CompactHeadConstants.sigmoid(level + stretched)
            let weight = max(p * (1 - p), Self.weightMin)
            targets.append(stretched + (outcome.reward - p) / weight)
            let share = constants.overdispersion + (1 - constants.overdispersion) / Double(outcome.n)
            noise.append(constants.noise * share / weight)
        }
        (self.level, self.slopes, self.targets, self.noise) = (level, slopes, targets, noise)
    }

    /// Level and slopes together.
    private struct Vector {
        var level: Double
        var slopes: SIMD2<Double>
    }

    /// The symmetric matrix of second derivatives, of three rows.
    private struct Curvature {
        private var level: Double
        private var beside = SIMD2<Double>.zero
        private var squares: SIMD2<Double>
        private var product = 0.0

        init(level: Double, slopes: Double) { (self.level, squares) = (level, SIMD2(repeating: slopes)) }

        mutating func add(_ weight: Double, _ z: SIMD2<Double>) {
            level += weight
            beside += weight * z
            squares += weight * z * z
            product += weight * z.x * z.y
        }

        /// By elimination of the slopes; absent columns, all 0, leave the level's equation as it is alone.
        func solve(_ v: Vector) -> Vector {
            let determinant = squares.x * squares.y - product * product
            func inner(_ r: SIMD2<Double>) -> SIMD2<Double> {
                SIMD2(squares.y * r.x - product * r.y, squares.x * r.y - product * r.x) / determinant
            }
            let own = inner(beside)
            let level = (v.level - (own * v.slopes).sum()) / (self.level - (own * beside).sum())
            return Vector(level: level, slopes: inner(v.slopes - level * beside))
        }
    }
}
