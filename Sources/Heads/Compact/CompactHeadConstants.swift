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
    /// Centre of ln κ, its change when the context doubles, an offset, and from version 2 the centre's change with
    /// references.
    let concentration: [Double]
    /// What the kernel of character runs is multiplied by in a context of wide scripts.
    let wide: Double
    /// How references are read; `nil` in files of version 1.
    let references: CompactHeadReferences?

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
        /// Scale of the kernel of character runs.
        let gram: Double
        /// Scale of the linear kernel of centred embeddings.
        let linear: Double
        /// Log-odds of the twin that does not believe the difficulty; `nil` without one.
        let twinLogOdds: Double?
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
        let hasTwins = tensors.configuration.hasTwins
        let table = try tensors.doubles("regression.settings", Shape(hasTwins ? 9 : 6, count))
        settings = (0..<count).map { k in
            Setting(
                slope: table[k], share: table[count + k], smooth: table[2 * count + k], factor: table[3 * count + k],
                surface: table[4 * count + k], logOdds: table[5 * count + k],
                gram: hasTwins ? table[6 * count + k] : 0, linear: hasTwins ? table[8 * count + k] : 0,
                twinLogOdds: hasTwins ? table[7 * count + k] : nil)
        }
        probability = try tensors.doubles("calibration.probability", Shape(6))
        concentration = try tensors.doubles("calibration.concentration", Shape(hasTwins ? 4 : 3))
        wide = hasTwins ? try tensors.doubles("regression.wide", Shape(1))[0] : 0
        references = hasTwins ? try CompactHeadReferences(tensors) : nil
    }

    /// Options whose score is so far below another's cannot have odds that count: a little more than the logarithm of the
    /// least odds, so that rounding cannot leave out what counts.
    static let scoreRange = log(oddsMin) - 0.1
    /// Odds below this are left out.
    static let oddsMin = 1e-3

    /// 1 / (1 + e^(−v)).
    static func sigmoid(_ value: Double) -> Double { 1 / (1 + exp(-value)) }
}
