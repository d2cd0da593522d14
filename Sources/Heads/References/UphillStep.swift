import Foundation

/// Keeps Newton's method for a logistic regression from circling about the maximum.
///
/// Where probabilities are near 0 or 1 the curvature is nearly nothing and a full step goes far beyond the maximum; the
/// next one goes back as far. Few rows that contradict a steep slope suffice.
enum UphillStep {
    private static let halvings = 10
    /// What the objective may lose by rounding, relative to 1 plus its absolute value.
    private static let slack = 1e-9

    /// The share of a step to take: 1, halved until the objective does not fall.
    ///
    /// `objective` is its value after that share of the step. Cost: two values of it where the full step is good.
    static func share(_ objective: (Double) -> Double) -> Double {
        let start = objective(0)
        let least = start - slack * (1 + abs(start))
        var (share, halved) = (1.0, 0)
        while halved < halvings, objective(share) < least {
            share /= 2
            halved += 1
        }
        return share
    }

    /// y·η − ln(1 + e^η): what a reward y in [0, 1] says for log-odds η.
    static func logLikelihood(_ reward: Double, _ logOdds: Double) -> Double {
        reward * logOdds - max(logOdds, 0) - log1p(exp(-abs(logOdds)))
    }
}
