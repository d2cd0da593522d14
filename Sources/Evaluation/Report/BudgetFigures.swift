internal import PredictionMetrics
internal import Scoring

/// Realised value of plans from one head's beliefs, on one source at one context size. Objective: expectedContrast;
/// solver: the default.
public struct BudgetFigures: Codable, Hashable, Sendable {
    /// Average value of plans, relative to the uniform plan and the oracle's.
    public struct Share: Codable, Hashable, Sendable {
        /// (realised − uniform)/(oracle − uniform): 1 is as good as knowing the rates, 0 as good as the uniform plan.
        public let share: Double
        /// Its standard error over seeds; absent for one seed.
        public let standardError: Double?
        /// realised/uniform − 1.
        public let gain: Double

        enum CodingKeys: String, CodingKey {
            case share, gain
            case standardError = "stderr"
        }
    }

    /// One policy version.
    public struct Version: Codable, Hashable, Sendable {
        /// The policy at its version.
        public let policy: String
        /// Prompts of the plan.
        public let prompts: Int
        /// Plans from the belief.
        public let belief: Share
        /// Plans from the mean, as if it were certain.
        public let meanAlone: Share
        /// oracle/uniform − 1: the largest possible gain.
        public let oracleGain: Double
        /// Gain over the uniform plan that the plans from the belief expect themselves.
        public let expectedGain: Double?

        enum CodingKeys: String, CodingKey {
            case policy, prompts, belief
            case expectedGain = "expected_gain"
            case meanAlone = "mean_alone"
            case oracleGain = "oracle_gain"
        }
    }

    /// Rows per context.
    public let contextSize: Int
    /// Name of the head.
    public let predictor: String
    /// Name of the source.
    public let source: String
    /// Plans from the belief: means over the policy versions of a seed, then over seeds.
    public let belief: Share
    /// The same for plans from the mean, as if it were certain.
    public let meanAlone: Share
    /// Mean over policy versions and seeds.
    public let oracleGain: Double
    /// Gain over the uniform plan that the plans from the belief expect themselves; mean over policy versions and seeds.
    public let expectedGain: Double?
    /// By policy version.
    public let versions: [Version]

    enum CodingKeys: String, CodingKey {
        case predictor, source, belief, versions
        case contextSize = "context_size"
        case expectedGain = "expected_gain"
        case meanAlone = "mean_alone"
        case oracleGain = "oracle_gain"
    }
}

extension BudgetFigures {
    private struct Planned {
        let policy: Policy
        let seed: Int
        let budgets: RealisedBudgets
    }

    /// `nil` where no context has a plan, or the rates offer no gain.
    init?(_ tally: PredictorTally, contextSize: Int) {
        // Seeds that only repeat others are left out; of others, repeated draws count, as in `PredictorTally.bySeed`.
        let planned = tally.bySeed.joined().compactMap { score in
            score.budgets.map { Planned(policy: score.policy, seed: score.seed, budgets: $0) }
        }
        guard let whole = Self.figures(planned) else { return nil }
        let versions = Dictionary(grouping: planned, by: \.policy).sorted { $0.key < $1.key }
        self.init(
            contextSize: contextSize, predictor: tally.predictor.name, source: tally.source, belief: whole.belief,
            meanAlone: whole.meanAlone, oracleGain: whole.oracleGain, expectedGain: Self.expectedGain(planned),
            versions: versions.compactMap { policy, planned in
                Self.figures(planned).map { figures in
                    Version(
                        policy: "\(policy)", prompts: planned.first?.budgets.prompts ?? 0, belief: figures.belief,
                        meanAlone: figures.meanAlone, oracleGain: figures.oracleGain,
                        expectedGain: Self.expectedGain(planned))
                }
            })
    }

    private static func expectedGain(_ planned: [Planned]) -> Double? {
        MeanEstimate(planned.compactMap(\.budgets.expectedGain))?.mean
    }

    private static func figures(_ planned: [Planned]) -> (belief: Share, meanAlone: Share, oracleGain: Double)? {
        let values = planned.map(\.budgets)
        guard let belief = share(planned, \.belief), let meanAlone = share(planned, \.meanAlone),
            let oracle = MeanEstimate(values.compactMap(\.belief.oracleGain))
        else { return nil }
        return (belief, meanAlone, oracle.mean)
    }

    /// Mean over versions by seed, then over seeds.
    private static func share(_ planned: [Planned], _ value: KeyPath<RealisedBudgets, BudgetValue>) -> Share? {
        let seeds = Dictionary(grouping: planned, by: \.seed).sorted { $0.key < $1.key }.map(\.value)
        func mean(_ figure: (BudgetValue) -> Double?) -> MeanEstimate? {
            MeanEstimate(
                seeds.compactMap { seed in
                    MeanEstimate(seed.compactMap { figure($0.budgets[keyPath: value]) })?.mean
                })
        }
        guard let share = mean(\.share), let gain = mean(\.gain) else { return nil }
        return Share(share: share.mean, standardError: share.standardError, gain: gain.mean)
    }
}
