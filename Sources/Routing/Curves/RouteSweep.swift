import Foundation

/// A rule at all its settings on one corpus, with the lines that it must be seen beside.
public struct RouteSweep: Hashable, Sendable {
    /// The rule swept over.
    public let curve: RouteCurve
    /// By model: every prompt to it.
    public let singles: [RoutePoint]
    /// Decided with the rewards themselves; `nil` on a corpus without outcomes.
    public let oracle: RouteCurve?

    /// Sweeps. Throws `nothingToTrade` where all models cost the same. `scores` stands for the table's probabilities.
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

    /// Hindsight by the weighted rule; at each cost nobody does better, for this rule is the exchange of reward against
    /// dollars itself.
    private static func oracle(_ table: RouteTable, rewards: [Double], axis: ClosedRange<Double>) -> RouteCurve? {
        let points = betas.map { beta in
            table.point(table.choices(.weighted(beta), scores: rewards), label: "oracle", parameter: beta)
        }
        return RouteCurve(points, axis: axis)
    }

    /// β from 0 to 1. Odds of β in equal ratios, from 1 : 1000 to 10,000 : 1: cheap models may differ by a thousandth of
    /// the dearest one's cost, and β must come as near to 1 to tell them apart.
    public static let betas: [Double] =
        [0]
        + (-12...16).map { step in
            let odds = pow(10, Double(step) / 4)
            return odds / (1 + odds)
        } + [1]

    /// Targets from 0 to 1 in steps of 0.02, and one that nobody reaches.
    public static let targets: [Double] = (0...50).map { Double($0) / 50 }

    /// Prompts sent by chance: to the cheapest model, to the dearest, or mixed. The straight line between the two.
    public var randomLine: RouteCurve? {
        let ends = singles.sorted { ($0.cost, -$0.quality) < ($1.cost, -$1.quality) }
        guard let first = ends.first, let last = ends.first(where: { $0.cost == curve.axis.upperBound })
        else { return nil }
        return RouteCurve([first, last], axis: curve.axis)
    }

    /// The best single model that a budget can pay for, known in hindsight: a staircase, so its area is a sum.
    public var bestSingleArea: Double {
        let stairs = Self.stairs(singles, curve)
        var area = 0.0
        for (index, stair) in stairs.enumerated() {
            let end = index + 1 < stairs.count ? stairs[index + 1].place : 1
            area += stair.quality * (end - stair.place)
        }
        return area
    }

    /// The same with models chosen by what was known before: `known` is by model, say its mean reward over its history.
    /// What anybody can do who looks at no prompt.
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

    private static func stairs(_ singles: [RoutePoint], _ curve: RouteCurve) -> [(place: Double, quality: Double)] {
        var stairs: [(place: Double, quality: Double)] = []
        for single in singles.sorted(by: { ($0.cost, -$0.quality) < ($1.cost, -$1.quality) })
        where single.quality > stairs.last?.quality ?? -1 {
            stairs.append((curve.place(of: single.cost), single.quality))
        }
        return stairs
    }

    /// Prompts sent by chance between the two single models that are best for the budget, known in hindsight: the least
    /// concave line above all single models. The strongest that can be done without looking at a prompt.
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
