/// A figure with its standard errors.
public struct ReplayFigure: Hashable, Codable, Sendable {
    /// The figure over all seeds and prompts.
    public let value: Double
    /// Standard error over seeds; `nil` for one seed.
    public let seedError: Double?
    /// Standard error over prompts; all visits of a prompt count as one observation.
    public let promptError: Double?

    /// The larger of the two standard errors.
    public var error: Double { max(seedError ?? 0, promptError ?? 0) }

    enum CodingKeys: String, CodingKey {
        case value
        case seedError = "se_seeds"
        case promptError = "se_prompts"
    }
}
