/// Results of one draw of the histories.
public struct RouteStudySeed: Sendable, Codable {
    /// Metrics of the weighted rule on the value model's probabilities.
    public let router: RouteMetrics
    /// Area of the best single model that each budget can pay for, chosen by the same histories.
    public let areaKnownSingle: Double
    /// Area of the target rule on the same probabilities.
    public let targetArea: Double
    /// Metrics of the weighted rule on ten nearest neighbours; `nil` without an embedding.
    public let neighbours: RouteMetrics?
    /// Area of the paper's cost-aware labels; `nil` where they were not requested.
    public internal(set) var costAwareArea: Double?
    /// Mean over models of the AUC within the model's prompts; `nil` where it is not defined.
    public let auc: Double?
    /// Expected calibration error over all models' predictions (15 bins of equal mass).
    public let ece: Double
    /// Mean squared error of the same predictions.
    public let brier: Double
    /// Each model as a newcomer; `nil` where newcomers were not requested.
    public internal(set) var newcomers: [RouteNewcomer]?

    init(_ set: StudyTables, source: String) throws(RoutingError) {
        let table = set.table
        let sweep = try RouteSweep(table)
        router = RouteMetrics(sweep)
        areaKnownSingle = sweep.bestSingleArea(knownBy: set.known)
        targetArea =
            try RouteSweep(table, rule: { .target($0) }, settings: RouteSweep.targets, label: "target").curve.area
        if let scores = set.neighbours {
            neighbours = RouteMetrics(try RouteSweep(table, scores: scores, label: "neighbours"))
        } else {
            neighbours = nil
        }
        let quality = try StudyQuality(table, source: source)
        (auc, ece, brier) = (quality.auc, quality.ece, quality.brier)
    }
}
