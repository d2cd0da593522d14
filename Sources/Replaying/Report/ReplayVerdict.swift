internal import Planning

/// Whether something that a replay is to show was shown.
public struct ReplayVerdict: Hashable, Codable, Sendable {
    /// What is to be shown.
    public enum Claim: String, Codable, Sendable {
        /// From the model's belief alone, plans are worth no less than equal budgets, beyond noise.
        case notBelowUniform = "not_below_uniform"
        /// With own records, from the third visit on, plans have at least 40 % of the oracle's gain.
        case oracleShare = "oracle_share"
        /// On known rates the envelope is worth at least 20 % more than the paper's greedy.
        case solver
    }

    /// What was to be shown.
    public let claim: Claim
    /// Where: source and kind of visits.
    public let place: String
    /// The figure, a share.
    public let value: Double
    /// Its standard error; absent where nothing was drawn.
    public let error: Double?
    /// What it had to be at least; noise of two standard errors is allowed to `notBelowUniform` only.
    public let least: Double
    /// Whether it was.
    public let isShown: Bool

    enum CodingKeys: String, CodingKey {
        case claim, place, value
        case error = "se"
        case least
        case isShown = "shown"
    }
}

extension ReplayReport {
    /// The claims about all sources, shown or not.
    public var verdicts: [ReplayVerdict] {
        var verdicts: [ReplayVerdict] = []
        for source in sources {
            for part in source.parts {
                let place = "\(source.source), \(part.stratum.name)"
                if let line = part.line(.ours, .model), let gain = line.gain {
                    verdicts.append(
                        ReplayVerdict(
                            claim: .notBelowUniform, place: place, value: gain.value, error: gain.error, least: 0,
                            isShown: !line.isBelowUniform))
                }
                if part.stratum.visit == 3, let share = part.line(.ours, .record)?.share {
                    verdicts.append(
                        ReplayVerdict(
                            claim: .oracleShare, place: place, value: share.value, error: share.error, least: 0.4,
                            isShown: share.value >= 0.4))
                }
            }
        }
        for rates in sources.map(\.knownRates) + knownRates {
            guard let advantage = rates.advantage else { continue }
            verdicts.append(
                ReplayVerdict(
                    claim: .solver, place: rates.source, value: advantage, error: nil, least: 0.2,
                    isShown: advantage >= 0.2))
        }
        return verdicts
    }
}
