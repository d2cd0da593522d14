internal import Scoring

/// Results of a replay.
public struct ReplayReport: Codable, Sendable {
    /// One strategy on one kind of visits. Counts and utility are means over seeds.
    public struct Line: Codable, Sendable {
        /// The strategy.
        public let policy: AllocationStrategy
        /// The belief that it planned from.
        public let belief: ReplayBelief
        /// Groups drawn.
        public let groups: Double
        /// Rollouts drawn, including discarded ones.
        public let spent: Double
        /// Groups with both outcomes, and those without.
        public let signalGroups, silentGroups: Double
        /// Expected utility of the rollouts drawn, at the true rates.
        public let utility: Double
        /// Utility of the outcomes that were drawn.
        public let realised: Double
        /// Utility per rollout divided by that of the uniform plan, − 1.
        public let gain: ReplayFigure?
        /// The same relative to our plan on one belief for all prompts: the value of distinguishing prompts. Only for
        /// our plans.
        public let gainOverBlind: ReplayFigure?
        /// Share of the oracle's gain; absent for strategies that do not spend exactly the plan's total.
        public let share: ReplayFigure?
        /// Prompt tokens of all rollouts, estimated at four bytes each.
        public let promptTokens: Double
        /// Response tokens; absent where the log has none.
        public let responseTokens: Double?
        /// Cost in the log's unit; absent where the log has none.
        public let cost: Double?
        /// Share of rollouts beyond those that the log has of the prompt: their outcomes are a guess.
        public let beyondLog: Double

        /// Whether the gain is below 0 by more than two standard errors.
        public var isBelowUniform: Bool { gain.map { $0.value < -2 * $0.error } ?? false }

        enum CodingKeys: String, CodingKey {
            case policy, belief, groups, spent
            case signalGroups = "signal_groups"
            case silentGroups = "silent_groups"
            case utility
            case realised = "realised_utility"
            case gain
            case gainOverBlind = "gain_over_blind"
            case share = "oracle_share"
            case promptTokens = "prompt_tokens_estimated"
            case responseTokens = "response_tokens"
            case cost
            case beyondLog = "beyond_log"
        }
    }

    /// One kind of visits.
    public struct Part: Codable, Sendable {
        /// The kind.
        public let stratum: ReplayStratum
        /// Its strategies, in the order of `AllocationStrategy`.
        public let lines: [Line]

        /// The line of a strategy and a belief.
        public func line(_ policy: AllocationStrategy, _ belief: ReplayBelief) -> Line? {
            lines.first { $0.policy == policy && $0.belief == belief }
        }
    }

    /// One log.
    public struct Source: Codable, Sendable {
        /// Its name.
        public let source: String
        /// How it was split.
        public let mode: ReplayMode
        /// Numbers of policies, planned versions of them, prompts and visits.
        public let policies, versions, prompts, visits: Int
        /// Visits at first versions, before which nothing was known.
        public let withoutRecord: Int
        /// Visits that are followed by too few visits of the prompt.
        public let withoutLater: Int
        /// Visits left out because their policy version lacks the references asked for; mean over seeds, rounded down.
        public let withoutReferences: Int
        /// Source of true outcomes.
        public let truth: ReplayTruthKind
        /// Fewest and most rollouts behind a visit's truth.
        public let truthRollouts: [Int]
        /// Kinds of visits.
        public let parts: [Part]
        /// The solvers on its rates.
        public let knownRates: KnownRates
        /// Plans by tokens against plans by rollouts; `nil` where the log lacks the lengths of answers.
        public internal(set) var tokenPlans: [TokenComparison]?

        enum CodingKeys: String, CodingKey {
            case source, mode, policies, versions, prompts, visits
            case withoutRecord = "visits_without_record"
            case withoutLater = "visits_without_later"
            case withoutReferences = "visits_without_references"
            case truth
            case truthRollouts = "truth_rollouts"
            case parts
            case knownRates = "known_rates"
            case tokenPlans = "token_plans"
        }
    }

    /// Name and digest of the model.
    public let model: String
    /// Its options.
    public let options: ReplayOptions
    /// In the order given.
    public let sources: [Source]
    /// The solvers on generated rates.
    public let knownRates: [KnownRates]

    enum CodingKeys: String, CodingKey {
        case model, options, sources
        case knownRates = "known_rates"
    }

    init(model: ModelFingerprint, options: ReplayOptions, sources: [Source], knownRates: [KnownRates]) {
        self.model = "\(model)"
        self.options = options
        self.sources = sources
        self.knownRates = knownRates
    }
}
