/// Results of treating one model as new to its fleet.
public struct RouteNewcomer: Hashable, Sendable, Codable {
    /// Name of the model.
    public let model: String
    /// Rows of history in the "few" case.
    public let rows: Int
    /// Rows of history in the "many" case.
    public let rowsMany: Int
    /// Area under the fleet's curve with few rows.
    public let area: Double
    /// The same with many rows.
    public let areaMany: Double
    /// The same if the model is never chosen.
    public let areaWithout: Double

    /// Area lost by the missing rows.
    public var regret: Double { areaMany - area }
}
