internal import Foundation
internal import Planning

/// How a fleet was routed on one source.
public struct RouteStudyResult: Sendable, Codable {
    /// The source.
    public let source: String
    /// The fleet.
    public let models: [String]
    /// Prompts routed, at the first seed.
    public let prompts: Int
    /// Rows of history a model.
    public let historyRows: Int
    /// By seed.
    public let seeds: [RouteStudySeed]
    /// The router's area less each baseline's, with intervals.
    public let differences: RouteDifferences
    /// The curves of the first seed, for a plot.
    public let curves: RouteStudyCurves

    /// A figure over seeds with its 95 % interval (Student's t); the interval is `nil` for one seed.
    public func overSeeds(_ figure: (RouteStudySeed) -> Double?) -> Interval? {
        Interval(seeds.compactMap(figure))
    }
}

/// A mean and its 95 % interval.
public struct Interval: Hashable, Sendable, Codable {
    /// The mean.
    public let mean: Double
    /// Half the interval's width; `nil` for one value.
    public let half: Double?

    /// By Student's t over independent values; `nil` for none.
    public init?(_ values: [Double]) {
        guard !values.isEmpty else { return nil }
        let count = Double(values.count)
        let mean = values.reduce(0, +) / count
        self.mean = mean
        guard values.count > 1 else {
            half = nil
            return
        }
        let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / (count - 1)
        // Quantiles 0.975 of Student's t for 1…10 degrees of freedom; beyond that the normal one is near.
        let quantiles = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228]
        let quantile = values.count <= quantiles.count + 1 ? quantiles[values.count - 2] : 1.96
        half = quantile * (variance / count).squareRoot()
    }
}

/// One draw of the histories.
public struct RouteStudySeed: Sendable, Codable {
    /// The weighted rule on the value model's probabilities.
    public let router: RouteMetrics
    /// Area of the best single model that each budget can pay for, chosen by the same histories.
    public let areaKnownSingle: Double
    /// The target rule on the same.
    public let targetArea: Double
    /// The weighted rule on ten nearest neighbours; `nil` without an embedding.
    public let neighbours: RouteMetrics?
    /// The paper's cost-aware labels; `nil` where they were not asked for.
    public internal(set) var costAwareArea: Double?
    /// Expected calibration error over all models' predictions (15 bins of equal mass).
    public let ece: Double
    /// Mean squared error of the same.
    public let brier: Double
    /// Models as newcomers.
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
        do throws(PlanningError) {
            let scored = try ScoredQueries(
                context: source, promptIDs: table.p.indices.map { "\($0)" }, predictions: table.p,
                scores: table.rewards ?? [])
            ece = EvaluationMetrics.calibrationError([scored]) ?? 0
            brier = EvaluationMetrics.brier([scored]) ?? 0
        } catch {
            throw .metric(source: source, "\(error)")
        }
    }
}

/// A model that is new to its fleet.
public struct RouteNewcomer: Hashable, Sendable, Codable {
    /// The model.
    public let model: String
    /// The few rows of history that it has.
    public let rows: Int
    /// The many rows that it is compared with.
    public let rowsMany: Int
    /// Area under the fleet's curve when it has few.
    public let area: Double
    /// The same when it has many.
    public let areaMany: Double
    /// The same when it is never chosen.
    public let areaWithout: Double

    /// What the missing rows cost.
    public var regret: Double { areaMany - area }
}

/// The curves of one draw, to be looked at.
public struct RouteStudyCurves: Sendable, Codable {
    /// Dollars at the ends of the axis.
    public let cheapest: Double
    /// Dollars at the other end.
    public let dearest: Double
    /// By name, points by rising cost.
    public let lines: [Line]
    /// Every prompt to one model.
    public let singles: [RoutePoint]

    /// One way of routing.
    public struct Line: Sendable, Codable {
        /// `router`, `neighbours`, `random` or `oracle`.
        public let name: String
        /// By rising cost.
        public let points: [RoutePoint]
    }

    init(_ set: StudyTables) throws(RoutingError) {
        let sweep = try RouteSweep(set.table)
        var lines = [Line(name: "router", points: sweep.curve.points)]
        if let neighbours = set.neighbours {
            let other = try RouteSweep(set.table, scores: neighbours, label: "neighbours")
            lines.append(Line(name: "neighbours", points: other.curve.points))
        }
        if let random = sweep.randomLine { lines.append(Line(name: "random", points: random.points)) }
        if let oracle = sweep.oracle { lines.append(Line(name: "oracle", points: oracle.points)) }
        self.init(sweep: sweep, lines: lines)
    }

    /// The curves of a sweep alone.
    public init(_ sweep: RouteSweep) {
        var lines = [Line(name: "router", points: sweep.curve.points)]
        if let random = sweep.randomLine { lines.append(Line(name: "random", points: random.points)) }
        if let oracle = sweep.oracle { lines.append(Line(name: "oracle", points: oracle.points)) }
        self.init(sweep: sweep, lines: lines)
    }

    private init(sweep: RouteSweep, lines: [Line]) {
        cheapest = sweep.curve.axis.lowerBound
        dearest = sweep.curve.axis.upperBound
        self.lines = lines
        singles = sweep.singles
    }
}
