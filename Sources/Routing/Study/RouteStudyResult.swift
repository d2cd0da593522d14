/// Results of a routing study on one source.
public struct RouteStudyResult: Sendable, Codable {
    /// Name of the source.
    public let source: String
    /// Names of the fleet's models.
    public let models: [String]
    /// Prompts routed at the first seed.
    public let prompts: Int
    /// Rows of history per model.
    public let historyRows: Int
    /// Results by seed.
    public let seeds: [RouteStudySeed]
    /// The router's area minus each baseline's, with intervals.
    public let differences: RouteDifferences
    /// The curves of the first seed, for a plot.
    public let curves: RouteStudyCurves
    /// What references bring, by kind; empty where none were requested.
    public let references: [RouteReferenceResult]

    /// A figure over seeds with its 95 % interval (Student's t); the interval is `nil` for one seed.
    public func overSeeds(_ figure: (RouteStudySeed) -> Double?) -> Interval? {
        Interval(seeds.compactMap(figure))
    }
}
