import Foundation
import Scoring

/// Steps 6 and 7 of the head: from log-odds to a probability, and the concentration of the belief.
struct CompactHeadCalibration: Sendable {
    private let scale: Double
    private let level: Double
    private let shift: Double
    private let centre: Double
    private let offset: Double
    /// With references, from the calibrated log-odds to the probability.
    private(set) var link: OutcomeLink?

    private static let probabilityMin = 0.005
    /// 0.2 … 50 in equal steps of the logarithm.
    private static let concentrations = (0...40).map { 0.2 * pow(250, Double($0) / 40) }

    /// For a context of `rows` rows at a level.
    init(constants: CompactHeadConstants, rows: Int, level: Double, hasReferences: Bool = false) {
        let size = log2(Double(rows + 1) / 257)
        let k = constants.probability
        scale = exp(k[0] + k[1] * size)
        self.level = level
        shift = (k[2] + k[3] * size) * level + k[4] + k[5] * size
        let change = hasReferences && constants.concentration.count > 3 ? constants.concentration[3] : 0
        centre = constants.concentration[0] + constants.concentration[1] * size + change
        offset = constants.concentration[2]
    }

    /// Fits the link on the context's rows without their own rewards.
    mutating func fitLink(_ references: CompactHeadReferences, leftOut: [Double], outcomes: [Outcome]) {
        link = OutcomeLink(
            scores: leftOut.map { scale * ($0 - level) + shift }, rewards: outcomes.map(\.reward),
            deviations: references.linkDeviations)
    }

    /// P(success) in [0.005, 0.995]; not a number if the log-odds are not.
    func probability(_ logOdds: Double) -> Double {
        if let link { return link.probability(scale * (logOdds - level) + shift) }
        let p = CompactHeadConstants.sigmoid(scale * (logOdds - level) + shift)
        return p.isNaN ? p : min(1 - Self.probabilityMin, max(Self.probabilityMin, p))
    }

    /// The likeliest κ given each row's log-odds without its own reward, with a log-normal prior on κ.
    ///
    /// Beta-binomial likelihood, continuous in k so that partial credit is used unchanged. A row of one rollout has
    /// no information about κ and is left out; without other rows κ is the prior's. Cost: 164 lnΓ a row.
    func concentration(leftOut: [Double], outcomes: [Outcome]) -> Double {
        let rows = zip(leftOut, outcomes).filter { $0.1.n > 1 }.map { (p: probability($0.0), outcome: $0.1) }
        guard !rows.isEmpty else { return exp(centre) }
        let counts = Dictionary(grouping: rows, by: \.outcome.n).map {
            (n: Double($0.key), rows: Double($0.value.count))
        }
        .sorted { $0.n < $1.n }
        var best = (kappa: exp(centre), score: -Double.infinity)
        for kappa in Self.concentrations {
            let deviation = log(kappa) - (centre - offset)
            var score = -deviation * deviation / 2
            // a + b is κ for every row, so its part of the beta functions is the same for all rows of equal n.
            for (n, rows) in counts {
                score += rows * (BetaDistribution.logGamma(kappa) - BetaDistribution.logGamma(kappa + n))
            }
            for (p, outcome) in rows {
                let (a, b) = (p * kappa, (1 - p) * kappa)
                score += Self.rise(a, outcome.successes) + Self.rise(b, Double(outcome.n) - outcome.successes)
            }
            if score > best.score { best = (kappa, score) }
        }
        return best.kappa * exp(offset)
    }

    /// ln Γ(a + k) − ln Γ(a).
    private static func rise(_ a: Double, _ k: Double) -> Double {
        k == 0 ? 0 : BetaDistribution.logGamma(a + k) - BetaDistribution.logGamma(a)
    }
}
