internal import ReferenceDraws

/// Whether a replay supports a claim.
public struct ReplayVerdict: Hashable, Codable, Sendable {
    /// The claims.
    public enum Claim: String, Codable, Sendable {
        /// Plans from the model's belief alone are not worth less than equal budgets by more than two standard errors.
        case notBelowUniform = "not_below_uniform"
        /// Plans with own records, from the third visit on, have at least 40 % of the oracle's gain.
        case oracleShare = "oracle_share"
        /// Plans from the model's belief with references, where prompts have no own record, have at least 40 % of the
        /// oracle's gain.
        case referenceShare = "reference_share"
        /// On known rates the envelope solver's plans are worth at least 20 % more than those of the paper's greedy
        /// solver.
        case solver
    }

    /// The claim.
    public let claim: Claim
    /// Source and kind of visits.
    public let place: String
    /// The figure, a share.
    public let value: Double
    /// Its standard error; absent where there was no random draw.
    public let error: Double?
    /// Least value that supports the claim. Only `notBelowUniform` may be below it by two standard errors.
    public let least: Double
    /// Whether the claim is supported.
    public let isShown: Bool

    enum CodingKeys: String, CodingKey {
        case claim, place, value
        case error = "se"
        case least
        case isShown = "shown"
    }
}

extension ReplayReport {
    /// The claims about all sources.
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
                let isFirst = part.stratum.visit == 1 || source.mode == .roles
                if options.references != .none, isFirst, let share = part.line(.ours, .model)?.share {
                    verdicts.append(
                        ReplayVerdict(
                            claim: .referenceShare, place: place, value: share.value, error: share.error, least: 0.4,
                            isShown: share.value >= 0.4))
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
