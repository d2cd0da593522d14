import Foundation
import Kernels
import ModelFiles

/// The regression's and the calibration's numbers, as training left them.
struct CompactHeadConstants: Sendable {
    /// γ of the radial kernel.
    let gamma: Double
    /// ν, noise of one rollout over what its variance would be.
    let noise: Double
    /// v₀, variance of the level.
    let levelVariance: Double
    /// ω, what of a rollout's noise more rollouts do not remove.
    let overdispersion: Double
    /// μ, level of the population.
    let population: Double
    /// t, exponent of the evidence.
    let temper: Double
    /// β, stretch of the difficulty before it is linearised.
    let expansion: Double
    /// Variances of six columns.
    let columnVariance: [Double]
    /// Variances of thirty surface features' weights.
    let surfaceVariance: [Double]
    /// Prior means of those weights.
    let surfacePrior: [Double]
    /// What is averaged.
    let settings: [Setting]
    /// Slope, level and shift of the probability, each with its change when the context doubles.
    let probability: [Double]
    /// Centre of ln κ, its change when the context doubles, and an offset.
    let concentration: [Double]

    /// One way to divide what the context says among the parts of the regression.
    struct Setting: Sendable {
        /// What a unit of difficulty counts for.
        let slope: Double
        /// What of the surface features' prior is believed.
        let share: Double
        /// Scale of the radial kernel.
        let smooth: Double
        /// Scale of the columns' kernel.
        let factor: Double
        /// Scale of the surface features' kernel.
        let surface: Double
        /// Before the context is seen.
        let logOdds: Double
    }

    /// Throws what is wrong with a tensor.
    init(_ tensors: CompactHeadTensors) throws(ModelError) {
        let constants = try tensors.doubles("regression.constants", Shape(7))
        (gamma, noise, levelVariance) = (constants[0], constants[1], constants[2])
        (overdispersion, population, temper) = (constants[3], constants[4], constants[5])
        expansion = constants[6]
        let factors = CompactHeadConfiguration.factors
        let variance = try tensors.doubles("regression.variance", Shape(factors + SurfaceFeatures.count))
        columnVariance = Array(variance.prefix(factors))
        surfaceVariance = Array(variance.suffix(SurfaceFeatures.count))
        surfacePrior = try tensors.doubles("regression.prior", Shape(SurfaceFeatures.count))
        let count = CompactHeadConfiguration.settings
        let table = try tensors.doubles("regression.settings", Shape(6, count))
        settings = (0..<count).map { k in
            Setting(
                slope: table[k], share: table[count + k], smooth: table[2 * count + k], factor: table[3 * count + k],
                surface: table[4 * count + k], logOdds: table[5 * count + k])
        }
        probability = try tensors.doubles("calibration.probability", Shape(6))
        concentration = try tensors.doubles("calibration.concentration", Shape(3))
    }

    /// `softmax(t·evidence + log-odds)`, with what is below 0.001 left out.
    func odds(evidence: [Double]) -> [Double] {
        let scores = zip(evidence, settings).map { temper * $0 + $1.logOdds }
        let best = scores.max() ?? 0
        let weights = scores.map { exp($0 - best) }
        let total = weights.reduce(0, +)
        let kept = weights.map { $0 / total < Self.oddsMin ? 0 : $0 }
        let keptTotal = kept.reduce(0, +)
        return kept.map { $0 / keptTotal }
    }

    /// Whether a setting can still have odds that count, as far as evidence is known; it is known for the setting.
    func mayCount(_ index: Int, evidence: ArraySlice<Double>) -> Bool {
        let scores = zip(evidence, settings).map { temper * $0 + $1.logOdds }
        // A little more than the bound's logarithm, so that rounding cannot leave out what counts.
        return scores[index] >= (scores.max() ?? 0) + log(Self.oddsMin) - 0.1
    }

    private static let oddsMin = 1e-3

    /// 1 / (1 + e^(−v)).
    static func sigmoid(_ value: Double) -> Double { 1 / (1 + exp(-value)) }
}
