/// What references bring to the routing of one source: figures with them, and differences to none on the same draws.
public struct RouteReferenceResult: Sendable, Codable {
    /// The references, as `RouteReferences` writes them.
    public let references: String
    /// Area under the curve, by seed.
    public let areas: [Double]
    /// Area minus that without references.
    public let area: RouteDifferences.Difference
    /// Mean AUC within a model over seeds; `nil` where it is not defined.
    public let auc: Double?
    /// AUC minus that without references.
    public let aucDifference: Interval?
    /// Mean squared error of the probabilities, over seeds.
    public let brier: Double
    /// The same minus that without references; below 0 is better.
    public let brierDifference: Interval?
    /// Expected calibration error, over seeds.
    public let ece: Double
    /// By seed: each model as a newcomer; empty where newcomers were not requested.
    public let newcomers: [[RouteNewcomer]]

    /// Compares tables of the same draws, by seed. Cost: two sweeps per seed and resample.
    init(
        _ references: RouteReferences, tables: [RouteTable], without: [RouteTable], newcomers: [[RouteNewcomer]],
        source: String, resamples: Int
    ) throws(RoutingError) {
        self.references = references.description
        self.newcomers = newcomers
        func area(_ table: RouteTable) throws(RoutingError) -> Double {
            try RouteSweep(table, withOracle: false).curve.area
        }
        var areas: [Double] = []
        var differences: [Double] = []
        var quality: [(with: StudyQuality, without: StudyQuality)] = []
        for (table, other) in zip(tables, without) {
            areas.append(try area(table))
            differences.append(try area(table) - area(other))
            quality.append((try StudyQuality(table, source: source), try StudyQuality(other, source: source)))
        }
        let samples = try RouteDifferences.samples(prompts: tables.map(\.prompts), count: resamples) {
            (seed, rows) throws(RoutingError) in
            [try area(tables[seed].selecting(rows)) - area(without[seed].selecting(rows))]
        }
        self.areas = areas
        self.area = try RouteDifferences.Difference(differences, samples: samples.map { $0[0] })
        auc = Interval(quality.compactMap(\.with.auc))?.mean
        aucDifference = Interval(
            quality.compactMap { pair in pair.with.auc.flatMap { with in pair.without.auc.map { with - $0 } } })
        brier = Interval(quality.map(\.with.brier))?.mean ?? 0
        brierDifference = Interval(quality.map { $0.with.brier - $0.without.brier })
        ece = Interval(quality.map(\.with.ece))?.mean ?? 0
    }
}
