import Foundation

/// Finds the setting of a rule that has a wanted cost or quality, on a corpus like the prompts that will be routed.
///
/// A setting found on one mix of prompts has another cost on another mix. So calibrate on your own prompts, and again
/// when they change.
public struct RouteCalibration: Hashable, Sendable, Codable {
    /// `weighted` or `target`.
    public let rule: String
    /// The β or target found.
    public let parameter: Double
    /// Cost at this setting, in US dollars per prompt.
    public let cost: Double
    /// Cost as a share of the cost of sending everything to the most expensive model.
    public let costShare: Double
    /// Mean reward where outcomes are known, otherwise mean probability.
    public let quality: Double
    /// Share of prompts by model.
    public let shares: [String: Double]
    /// Number of prompts of the corpus.
    public let prompts: Int

    /// The goal.
    public enum Goal: Hashable, Sendable {
        /// Cost as a share of the cost of sending everything to the most expensive model, in [0, 1].
        case costShare(Double)
        /// US dollars per prompt.
        case cost(Double)
        /// The cheapest setting with at least this mean quality, in [0, 1].
        case quality(Double)
    }

    /// The rule whose setting is searched. Cost-aware labels need a preparation per setting, so they are not
    /// calibrated.
    public enum Kind: String, Sendable, CaseIterable {
        /// β of the weighted rule.
        case weighted
        /// The target of the target rule.
        case target
    }

    /// Calibrates by bisection: cost and expected quality rise with β and, except for chance, with the target.
    ///
    /// The result is the setting whose cost is nearest to the goal; for a quality, the lowest setting that reaches it.
    /// Throws `nothingToTrade`, and `outOfReach` if no setting is within one hundredth of the wanted cost or reaches
    /// the wanted quality. Cost: about fifty passes over the corpus.
    public static func find(
        _ goal: Goal, kind: Kind, on table: RouteTable
    ) throws(RoutingError) -> RouteCalibration {
        guard table.prompts > 0 else { throw .noDecisions(path: "the corpus") }
        let singles = table.singles
        guard let axis = RouteCurve.axis(of: singles) else { throw .nothingToTrade(models: table.models.count) }
        let rule: (Double) -> RouteRule = { kind == .weighted ? .weighted(Self.beta($0)) : .target($0) }
        let point = { (setting: Double) in table.point(table.choices(rule(setting)), label: kind.rawValue) }
        let value: (RoutePoint) -> Double
        let wanted: Double
        switch goal {
        case .costShare(let share): (value, wanted) = ({ $0.cost / axis.upperBound }, share)
        case .cost(let dollars): (value, wanted) = ({ $0.cost }, dollars)
        case .quality(let quality): (value, wanted) = ({ $0.quality }, quality)
        }
        let (low, high) = bisect { value(point($0)) >= wanted }
        let (below, above) = (point(low), point(high))
        let setting: Double
        if case .quality = goal {
            setting = high
        } else {
            setting = abs(value(below) - wanted) <= abs(value(above) - wanted) ? low : high
        }
        let found = point(setting)
        try check(goal, found: value(found), wanted: wanted, least: value(point(0)), most: value(point(1)), axis: axis)
        return RouteCalibration(
            rule: kind.rawValue, parameter: rule(setting).parameter, cost: found.cost,
            costShare: found.cost / axis.upperBound, quality: found.quality,
            shares: Dictionary(uniqueKeysWithValues: zip(table.models, found.shares)), prompts: table.prompts)
    }

    /// β by its position between 0 and 1 on a logarithmic scale of odds, on which cost changes evenly.
    private static func beta(_ place: Double) -> Double {
        if place <= 0 { return 0 }
        if place >= 1 { return 1 }
        let odds = pow(10, place * 14 - 7)
        return odds / (1 + odds)
    }

    /// The two neighbouring values in [0, 1] between which `reaches` becomes true; (1, 1) if it never does.
    private static func bisect(_ reaches: (Double) -> Bool) -> (Double, Double) {
        if reaches(0) { return (0, 0) }
        if !reaches(1) { return (1, 1) }
        var (low, high) = (0.0, 1.0)
        for _ in 0..<48 {
            let middle = (low + high) / 2
            if reaches(middle) { high = middle } else { low = middle }
        }
        return (low, high)
    }

    private static func check(
        _ goal: Goal, found: Double, wanted: Double, least: Double, most: Double, axis: ClosedRange<Double>
    ) throws(RoutingError) {
        switch goal {
        case .quality:
            guard found >= wanted else {
                throw .outOfReach(what: "a quality", wanted: wanted, least: least, most: most)
            }
        case .costShare:
            guard abs(found - wanted) <= 0.01 else {
                throw .outOfReach(what: "a cost share", wanted: wanted, least: least, most: most)
            }
        case .cost:
            guard abs(found - wanted) <= 0.01 * axis.upperBound else {
                throw .outOfReach(what: "a cost", wanted: wanted, least: least, most: most)
            }
        }
    }
}
