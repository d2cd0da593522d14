/// The curves of one draw, for a plot.
public struct RouteStudyCurves: Sendable, Codable {
    /// Cost at the lower end of the axis, in US dollars per prompt.
    public let cheapest: Double
    /// Cost at the upper end of the axis, in US dollars per prompt.
    public let dearest: Double
    /// One line for each way of routing.
    public let lines: [Line]
    /// By model: every prompt sent to that model.
    public let singles: [RoutePoint]

    /// One way of routing.
    public struct Line: Sendable, Codable {
        /// `router`, `neighbours`, `random` or `oracle`.
        public let name: String
        /// Points by rising cost.
        public let points: [RoutePoint]
    }

    init(_ set: StudyTables) throws(RoutingError) {
        let sweep = try RouteSweep(set.table)
        var neighbours: [Line] = []
        if let scores = set.neighbours {
            let other = try RouteSweep(set.table, scores: scores, label: "neighbours")
            neighbours.append(Line(name: "neighbours", points: other.curve.points))
        }
        self.init(sweep, others: neighbours)
    }

    /// The curves of a sweep alone.
    public init(_ sweep: RouteSweep) { self.init(sweep, others: []) }

    private init(_ sweep: RouteSweep, others: [Line]) {
        var lines = [Line(name: "router", points: sweep.curve.points)] + others
        if let random = sweep.randomLine { lines.append(Line(name: "random", points: random.points)) }
        if let oracle = sweep.oracle { lines.append(Line(name: "oracle", points: oracle.points)) }
        cheapest = sweep.curve.axis.lowerBound
        dearest = sweep.curve.axis.upperBound
        self.lines = lines
        singles = sweep.singles
    }
}
