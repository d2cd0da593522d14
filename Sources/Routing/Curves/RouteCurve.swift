/// Quality against cost, for one way of routing at many settings. Points on the line between two settings are reached
/// by mixing them.
///
/// The axis is relative to the fleet: 0 is the cost of the cheapest model alone, 1 that of the most expensive one.
/// Beyond the most expensive setting the curve is level, because a budget need not be spent. A setting with a higher
/// cost and a lower quality stays in the curve, because avoiding it would need hindsight.
public struct RouteCurve: Hashable, Sendable {
    /// Settings by rising cost; at least one.
    public let points: [RoutePoint]
    /// Costs at 0 and at 1 of the axis, in US dollars per prompt.
    public let axis: ClosedRange<Double>

    /// `nil` without points, or if the axis has no length.
    public init?(_ points: [RoutePoint], axis: ClosedRange<Double>) {
        guard !points.isEmpty, axis.upperBound > axis.lowerBound else { return nil }
        self.points = points.sorted { ($0.cost, $0.quality) < ($1.cost, $1.quality) }
        self.axis = axis
    }

    /// The axis of a fleet on a corpus; `nil` if all models cost the same.
    public static func axis(of singles: [RoutePoint]) -> ClosedRange<Double>? {
        let costs = singles.map(\.cost)
        guard let least = costs.min(), let most = costs.max(), most > least else { return nil }
        return least...most
    }

    /// Position of a cost on the axis: 0 for the cheapest model, 1 for the most expensive; other costs may be outside.
    public func place(of cost: Double) -> Double {
        (cost - axis.lowerBound) / (axis.upperBound - axis.lowerBound)
    }

    /// Quality at a position of the axis, by linear interpolation.
    public func quality(at place: Double) -> Double {
        let places = points.map { self.place(of: $0.cost) }
        guard let after = places.firstIndex(where: { $0 >= place }) else { return points[points.count - 1].quality }
        guard after > 0 else { return points[0].quality }
        let (left, right) = (places[after - 1], places[after])
        let share = right > left ? (place - left) / (right - left) : 1
        return points[after - 1].quality + share * (points[after].quality - points[after - 1].quality)
    }

    /// Area under the curve over [0, 1] of the axis, exact for straight lines. In [0, 1]: the mean quality at a cost
    /// drawn uniformly between the cheapest and the most expensive model.
    public var area: Double {
        let inner = points.map { place(of: $0.cost) }.filter { $0 > 0 && $0 < 1 }
        var area = 0.0
        var left = (place: 0.0, quality: qualityAfter(0))
        for place in inner + [1] {
            // Two settings of one cost form a step: the line ends at the lower one and starts again at the upper one.
            let right = quality(at: place)
            area += (place - left.place) * (left.quality + right) / 2
            left = (place, qualityAfter(place))
        }
        return area
    }

    /// Quality just after a position: that of the last of several settings with this cost.
    private func qualityAfter(_ place: Double) -> Double {
        points.last { self.place(of: $0.cost) == place }?.quality ?? quality(at: place)
    }

    /// The lowest position on the axis at which the curve reaches a quality; `nil` if it never does.
    public func place(reaching quality: Double) -> Double? {
        var left: (place: Double, quality: Double)?
        for point in points {
            let here = (place: place(of: point.cost), quality: point.quality)
            if here.quality >= quality {
                guard let left, here.quality > left.quality, left.quality < quality else { return max(0, here.place) }
                let share = (quality - left.quality) / (here.quality - left.quality)
                return max(0, left.place + share * (here.place - left.place))
            }
            left = here
        }
        return nil
    }

    /// The best quality of any setting.
    public var peak: Double { points.map(\.quality).max() ?? 0 }
}
