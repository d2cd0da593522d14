public import Planning
internal import Scoring

/// What a replay found.
public struct ReplayReport: Codable, Sendable {
    /// What one policy made of one kind of visits. Counts and utility are means over seeds.
    public struct Line: Codable, Sendable {
        /// The policy.
        public let policy: AllocationStrategy
        /// What it planned from.
        public let belief: ReplayBelief
        /// Groups drawn.
        public let groups: Double
        /// Rollouts drawn, thrown away or not.
        public let spent: Double
        /// Groups with both outcomes, and those without.
        public let signalGroups, silentGroups: Double
        /// Utility of the rollouts drawn, over all luck.
        public let utility: Double
        /// The same of the rollouts that the seed's luck gave.
        public let realised: Double
        /// Utility a rollout over that of the uniform plan, − 1.
        public let gain: ReplayFigure?
        /// The same over our plan on one belief for all prompts: what knowing one prompt from another adds. Our plans
        /// only.
        public let gainOverBlind: ReplayFigure?
        /// Share of the oracle's gain; absent from who spends otherwise than planned.
        public let share: ReplayFigure?
        /// Prompt tokens of all rollouts, estimated at four bytes each.
        public let promptTokens: Double
        /// Response tokens; absent where the log has none.
        public let responseTokens: Double?
        /// Cost in the log's unit; absent where the log has none.
        public let cost: Double?
        /// Rollouts beyond those that the log has of the prompt, as a share of all: what they come to is a guess.
        public let beyondLog: Double

        /// Less than uniform by more than two standard errors.
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
        /// Which.
        public let stratum: ReplayStratum
        /// Its policies, in the order of `AllocationStrategy`.
        public let lines: [Line]

        /// A policy's line by what it planned from.
        public func line(_ policy: AllocationStrategy, _ belief: ReplayBelief) -> Line? {
            lines.first { $0.policy == policy && $0.belief == belief }
        }
    }

    /// One log.
    public struct Source: Codable, Sendable {
        /// Its name.
        public let source: String
        /// How it was cut.
        public let mode: ReplayMode
        /// Policies, versions of them that were planned, prompts and visits.
        public let policies, versions, prompts, visits: Int
        /// Visits at first versions, of which nothing was known.
        public let withoutRecord: Int
        /// Visits that too few visits of the prompt follow.
        public let withoutLater: Int
        /// What rollouts come to.
        public let truth: ReplayTruthKind
        /// Rollouts behind that, least and most of a visit.
        public let truthRollouts: [Int]
        /// Kinds of visits.
        public let parts: [Part]
        /// Solvers on its rates.
        public let knownRates: KnownRates

        enum CodingKeys: String, CodingKey {
            case source, mode, policies, versions, prompts, visits
            case withoutRecord = "visits_without_record"
            case withoutLater = "visits_without_later"
            case truth
            case truthRollouts = "truth_rollouts"
            case parts
            case knownRates = "known_rates"
        }
    }

    /// Name and digest of the model whose beliefs were used.
    public let model: String
    /// How it was done.
    public let options: ReplayOptions
    /// In the order given.
    public let sources: [Source]
    /// Solvers on rates that nobody measured.
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

extension ReplayReport.Source {
    init(
        _ log: ReplayLog, _ schedule: ReplaySchedule, _ tally: ReplayTally, options: ReplayOptions
    ) throws(ReplayError) {
        source = log.name
        mode = schedule.mode
        policies = Set(schedule.versions.map(\.policy.id)).count
        versions = schedule.versions.count
        prompts = Set(schedule.visits.map { log.rows[$0.row].prompt }).count
        visits = schedule.visits.count
        (withoutRecord, withoutLater) = (schedule.withoutRecord, schedule.withoutLater)
        truth = schedule.truth
        let rollouts = schedule.visits.map(\.rollouts)
        truthRollouts = [rollouts.min() ?? 0, rollouts.max() ?? 0]
        let strata = tally.strata.map { ReplayReport.Part($0, tally, seeds: options.seeds) }
        // A kind of which all prompts are held out is not told twice.
        parts = strata.filter { part in
            guard part.stratum.isHeldOut else { return true }
            let all = strata.first { $0.stratum.visit == part.stratum.visit && !$0.stratum.isHeldOut }
            return all?.line(.uniform, .none)?.groups != part.line(.uniform, .none)?.groups
        }
        let steps = schedule.versions.flatMap { schedule.steps(of: $0, seed: 0, prompts: options.stepPrompts) }
        do {
            knownRates = try KnownRates(
                source: log.name, steps: steps.map { $0.visits.map { schedule.visits[$0].rate } })
        } catch {
            throw .planning(source: log.name, error)
        }
    }
}

extension ReplayReport.Part {
    init(_ stratum: ReplayStratum, _ tally: ReplayTally, seeds: Int) {
        self.stratum = stratum
        let comparison = ReplayComparison(tally: tally, stratum: stratum)
        let mean = { (values: [Double]) in values.reduce(0, +) / Double(seeds) }
        var lines: [ReplayReport.Line] = []
        for policy in AllocationStrategy.allCases {
            // On a first visit there is no record, and its lines would be the model's.
            for belief in ReplayBelief.allCases where belief != .record || stratum.visit != 1 {
                let series = ReplaySeries(policy: policy, belief: belief)
                let sums = tally.seeds.compactMap { $0[.init(stratum: stratum, series: series)] }
                guard !sums.isEmpty else { continue }
                let spent = mean(sums.map { Double($0.spent) })
                let groups = mean(sums.map { Double($0.groups) })
                let signals = mean(sums.map { Double($0.signalGroups) })
                let responses = sums.compactMap(\.responseTokens)
                let costs = sums.compactMap(\.cost)
                lines.append(
                    ReplayReport.Line(
                        policy: policy, belief: belief, groups: groups, spent: spent, signalGroups: signals,
                        silentGroups: groups - signals, utility: mean(sums.map(\.worth)),
                        realised: mean(sums.map(\.realised)), gain: comparison.gain(series),
                        gainOverBlind: policy == .ours && belief != .blind
                            ? comparison.gain(series, over: .blind) : nil,
                        share: policy == .dapoFilter ? nil : comparison.share(series),
                        promptTokens: mean(sums.map(\.promptTokens)),
                        responseTokens: responses.count == sums.count ? mean(responses) : nil,
                        cost: costs.count == sums.count ? mean(costs) : nil,
                        beyondLog: mean(sums.map { Double($0.beyond) }) / max(spent, 1)))
            }
        }
        self.lines = lines
    }
}
