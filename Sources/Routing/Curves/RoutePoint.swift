/// Mean cost and quality of routing by one setting, over a corpus.
public struct RoutePoint: Hashable, Sendable, Codable {
    /// Name of a model or rule.
    public let label: String
    /// β or the target.
    public let parameter: Double?
    /// US dollars per prompt.
    public let cost: Double
    /// Mean reward, or mean probability where rewards are unknown; in [0, 1].
    public let quality: Double
    /// Share of prompts by model.
    public let shares: [Double]

    /// A setting with its results.
    public init(label: String, parameter: Double?, cost: Double, quality: Double, shares: [Double]) {
        self.label = label
        self.parameter = parameter
        self.cost = cost
        self.quality = quality
        self.shares = shares
    }
}
