import PredictionMetrics
public import Scoring

/// Compares predictions with the outcomes that came back, by model, and says when a model has drifted.
///
/// A history describes a model as it was. A provider that replaces the weights, or prompts of a new kind, make p wrong
/// without any error. The alarm tests the mean: under correct beliefs the sum of (reward − p) has a known variance, and an
/// alarm is a sum of more than `deviationsMax` standard deviations. The calibration error is reported beside the one that
/// chance alone would show. Kept are the newest pairs of each model. A plain value.
public struct CalibrationWatch: Sendable {
    /// A prediction and what became of it.
    public struct Pair: Hashable, Sendable {
        /// The belief's mean.
        public let p: Double
        /// Its concentration; infinite for a point estimate.
        public let kappa: Double
        /// The outcome.
        public let outcome: Outcome

        /// `nil` for a p outside [0, 1] or a κ that is not positive.
        public init?(p: Double, kappa: Double, outcome: Outcome) {
            guard p >= 0, p <= 1, kappa > 0 else { return nil }
            self.p = p
            self.kappa = kappa
            self.outcome = outcome
        }

        /// Variance of the reward if the belief is right; see `EvaluationMetrics.calibrationErrorExpected`.
        fileprivate var variance: Double {
            let share = 1 / Double(outcome.n)
            return p * (1 - p) * (share + (1 - share) / (kappa + 1))
        }
    }

    /// A model's figures.
    public struct Report: Hashable, Sendable, Codable {
        /// Pairs behind them.
        public var outcomes: Int
        /// Mean of p.
        public var meanP: Double?
        /// Mean reward.
        public var meanReward: Double?
        /// Expected calibration error, in [0, 1]; see `EvaluationMetrics`.
        public var calibrationError: Double?
        /// The calibration error that chance alone would show.
        public var calibrationErrorExpected: Double?
        /// The difference of rewards and p, in standard deviations.
        public var deviations: Double?
        /// Whether the model has drifted.
        public var hasDrifted: Bool

        enum CodingKeys: String, CodingKey {
            case outcomes, deviations
            case meanP = "mean_p"
            case meanReward = "mean_reward"
            case calibrationError = "calibration_error"
            case calibrationErrorExpected = "calibration_error_expected"
            case hasDrifted = "drift"
        }
    }

    /// Pairs kept of a model.
    public static let pairsMax = 512
    /// Fewest pairs for an alarm.
    public static let pairsMin = 30
    /// Standard deviations beyond which a model has drifted: once in 16,000 by chance.
    public static let deviationsMax = 4.0

    private var pairs: [[Pair]]
    private var next: [Int]

    /// Nothing is known of so many models.
    public init(models: Int) {
        pairs = Array(repeating: [], count: models)
        next = Array(repeating: 0, count: models)
    }

    /// Adds a pair; the oldest one of the model gives way.
    public mutating func add(_ pair: Pair, of model: Int) {
        guard pairs.indices.contains(model) else { return }
        if pairs[model].count < Self.pairsMax {
            pairs[model].append(pair)
        } else {
            pairs[model][next[model]] = pair
            next[model] = (next[model] + 1) % Self.pairsMax
        }
    }

    /// A model's figures. Cost: a sort of at most `pairsMax` pairs.
    public func report(of model: Int) -> Report {
        let known = pairs[model]
        guard !known.isEmpty else { return Report(outcomes: 0, hasDrifted: false) }
        let count = Double(known.count)
        let p = known.reduce(0) { $0 + $1.p }
        let reward = known.reduce(0) { $0 + $1.outcome.reward }
        // A p of exactly 0 or 1 has no variance; one outcome against it would be an infinite deviation.
        let deviation = max(known.reduce(0) { $0 + $1.variance }, 0.25).squareRoot()
        let deviations = (reward - p) / deviation
        var report = Report(
            outcomes: known.count, meanP: p / count, meanReward: reward / count, deviations: deviations,
            hasDrifted: known.count >= Self.pairsMin && abs(deviations) > Self.deviationsMax)
        let queries = try? ScoredQueries(
            context: "routed", promptIDs: known.indices.map { "\($0)" }, predictions: known.map(\.p),
            outcomes: known.map(\.outcome), kappas: known.map(\.kappa))
        if let queries {
            report.calibrationError = EvaluationMetrics.calibrationError([queries])
            report.calibrationErrorExpected = EvaluationMetrics.calibrationErrorExpected([queries])
        }
        return report
    }
}
