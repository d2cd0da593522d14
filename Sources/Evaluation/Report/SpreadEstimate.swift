internal import PredictionMetrics

/// A figure with its standard error over policy versions and over draws of context rows.
///
/// The error is √(policies² + draws²). Both parts have the spread of the other in them a little, so it is rather too large
/// than too small. A figure of one policy version has only the part of the draws, and the other way round.
public struct SpreadEstimate: Hashable, Codable, Sendable {
    /// The figure: mean over the distinct draws of a policy version, then over policy versions.
    public let value: Double
    /// Its standard error over policy versions; absent for one.
    public let overPolicies: Double?
    /// Its standard error over draws: over the seeds' deviations from the policies' own means; absent for one draw.
    public let overDraws: Double?

    enum CodingKeys: String, CodingKey {
        case value
        case overPolicies = "stderr_policies"
        case overDraws = "stderr_draws"
        case error = "stderr"
    }

    init(value: Double, overPolicies: Double?, overDraws: Double?) {
        self.value = value
        self.overPolicies = overPolicies
        self.overDraws = overDraws
    }

    /// √(policies² + draws²) of the parts that there are; `nil` without any.
    public var error: Double? {
        guard let overPolicies else { return overDraws }
        guard let overDraws else { return overPolicies }
        return (overPolicies * overPolicies + overDraws * overDraws).squareRoot()
    }

    /// The mean of independent estimates: √(Σ variances) divided by their number, by part. An estimate without a part
    /// adds none to it. `nil` for none.
    init?(meanOf estimates: [SpreadEstimate]) {
        guard let mean = MeanEstimate(estimates.map(\.value)) else { return nil }
        func error(_ part: (SpreadEstimate) -> Double?) -> Double? {
            let errors = estimates.compactMap(part)
            if errors.count == 1, estimates.count == 1 { return errors[0] }
            let variance = errors.reduce(0) { $0 + $1 * $1 }
            return errors.isEmpty ? nil : variance.squareRoot() / Double(estimates.count)
        }
        self.init(value: mean.mean, overPolicies: error(\.overPolicies), overDraws: error(\.overDraws))
    }

    /// Reads what `encode` writes.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        value = try container.decode(Double.self, forKey: .value)
        overPolicies = try container.decodeIfPresent(Double.self, forKey: .overPolicies)
        overDraws = try container.decodeIfPresent(Double.self, forKey: .overDraws)
    }

    /// Writes the value, both parts, and the error made of them.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(value, forKey: .value)
        try container.encodeIfPresent(overPolicies, forKey: .overPolicies)
        try container.encodeIfPresent(overDraws, forKey: .overDraws)
        try container.encodeIfPresent(error, forKey: .error)
    }
}
