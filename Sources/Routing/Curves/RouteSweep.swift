import Foundation

/// A rule at all of its settings on one corpus, with baselines and oracle.
public struct RouteSweep: Hashable, Sendable {
    /// Curve of the rule.
    public let curve: RouteCurve
    /// By model: every prompt sent to that model.
    public let singles: [RoutePoint]
    /// Curve of decisions that know the rewards; `nil` on a corpus without outcomes.
    public let oracle: RouteCurve?

    /// Sweeps a rule. `scores` replaces the table's probabilities. Throws `nothingToTrade` if all models cost the same.
    public init(
        _ table: RouteTable, rule: (Double) -> RouteRule = { .weighted($0) }, settings: [Double] = RouteSweep.betas,
        scores: [Double]? = nil, label: String = "router", withOracle: Bool = true
    ) throws(RoutingError) {
        singles = table.singles
        guard let axis = RouteCurve.axis(of: singles) else { throw .nothingToTrade(models: table.models.count) }
        let points = settings.map { setting in
            table.point(table.choices(rule(setting), scores: scores), label: label, parameter: setting)
        }
        guard let curve = RouteCurve(points, axis: axis) else { throw .nothingToTrade(models: table.models.count) }
        self.curve = curve
        oracle = (withOracle ? table.rewards : nil).flatMap { Self.oracle(table, rewards: $0, axis: axis) }
    }

    /// Decisions in hindsight by the weighted rule. No decisions of equal cost are better, because this rule trades
    /// reward against cost directly.
    private static func oracle(_ table: RouteTable, rewards: [Double], axis: ClosedRange<Double>) -> RouteCurve? {
        let points = betas.map { beta in
            table.point(table.choices(.weighted(beta), scores: rewards), label: "oracle", parameter: beta)
        }
        return RouteCurve(points, axis: axis)
    }

    /// β from 0 to 1, with odds in equal ratios from 1 : 1000 to 10,000 : 1. Cheap models may differ by a thousandth of
    /// the most expensive one's cost, and only a β that near to 1 separates them.
    public static let betas: [Double] =
        [0]
        + (-12...16).map { step in
            let odds = pow(10, Double(step) / 4)
            return odds / (1 + odds)
        } + [1]

    /// Targets from 0 to 1 in steps of 0.02.
    public static let targets: [Double] = (0...50).map { Double($0) / 50 }

    /// Random mixtures of the cheapest and the most expensive model: the straight line between the two.
    public var randomLine: RouteCurve? {
        let ends = singles.sorted { ($0.cost, -$0.quality) < ($1.cost, -$1.quality) }
        guard let first = ends.first, let last = ends.first(where: { $0.cost == curve.axis.upperBound })
        else { return nil }
        return RouteCurve([first, last], axis: curve.axis)
    }

    /// Area of the best single model within each budget, in hindsight. The curve is a staircase, so its area is a sum.
    public var bestSingleArea: Double {
        let stairs = Self.stairs(singles, curve)
        var area = 0.0
        for (index, stair) in stairs.enumerated() {
            let end = index + 1 < stairs.count ? stairs[index + 1].place : 1
            area += stair.quality * (end - stair.place)
        }
        return area
    }

    /// The same with models chosen from earlier knowledge: `known` is by model, for example the mean reward over its
    /// history. This is possible without reading any prompt.
    public func bestSingleArea(knownBy known: [Double]) -> Double {
        let order = singles.indices.sorted {
            (singles[$0].cost, -known[$0], $0) < (singles[$1].cost, -known[$1], $1)
        }
        var area = 0.0
        var best: Int?
        for (place, index) in order.enumerated() {
            if known[index] > best.map({ known[$0] }) ?? -1 { best = index }
            let start = curve.place(of: singles[index].cost)
            let end = place + 1 < order.count ? curve.place(of: singles[order[place + 1]].cost) : 1
            area += (best.map { singles[$0].quality } ?? 0) * (end - start)
        }
        return area
    }

    /// Single models by rising cost, each better than all before it.
    private static func stairs(_ singles: [RoutePoint], _ curve: RouteCurve) -> [(place: Double, quality: Double)] {
        var stairs: [(place: Double, quality: Double)] = []
        for single in singles.sorted(by: { ($0.cost, -$0.quality) < ($1.cost, -$1.quality) })
        where single.quality > stairs.last?.quality ?? -1 {
            stairs.append((curve.place(of: single.cost), single.quality))
        }
        return stairs
    }

    /// Random mixtures of the two best single models for each budget, in hindsight: the least concave line above all
    /// single models. It is the best possible without reading any prompt.
    public var singlesHull: RouteCurve? {
        var hull: [RoutePoint] = []
        for single in singles.sorted(by: { ($0.cost, -$0.quality) < ($1.cost, -$1.quality) })
        where single.quality > hull.last?.quality ?? -1 {
            while hull.count > 1, Self.isBelow(hull[hull.count - 1], from: hull[hull.count - 2], to: single) {
                hull.removeLast()
            }
            hull.append(single)
        }
        return RouteCurve(hull, axis: curve.axis)
    }

    private static func isBelow(_ middle: RoutePoint, from left: RoutePoint, to right: RoutePoint) -> Bool {
        (middle.quality - left.quality) * (right.cost - left.cost) <= (right.quality - left.quality)
            * (middle.cost - left.cost)
    }
}
