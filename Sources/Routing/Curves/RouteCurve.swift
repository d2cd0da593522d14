/// Quality against cost, for one way of routing at many settings; the line between two settings is had by mixing them.
///
/// The axis is the fleet's own: 0 is the cost of the cheapest model alone, 1 that of the dearest. Behind the dearest
/// setting the curve is level, for money need not be spent; a setting that costs more and is worth less stays as it is,
/// because choosing another one would take hindsight.
public struct RouteCurve: Hashable, Sendable {
    /// By rising cost. At least one.
    public let points: [RoutePoint]
    /// Dollars at 0 and at 1 of the axis.
    public let axis: ClosedRange<Double>

    /// `nil` without points, or where the axis has no length.
    public init?(_ points: [RoutePoint], axis: ClosedRange<Double>) {
        guard !points.isEmpty, axis.upperBound > axis.lowerBound else { return nil }
        self.points = points.sorted { ($0.cost, $0.quality) < ($1.cost, $1.quality) }
        self.axis = axis
    }

    /// The axis of a fleet on a corpus; `nil` where all models cost the same.
    public static func axis(of singles: [RoutePoint]) -> ClosedRange<Double>? {
        let costs = singles.map(\.cost)
        guard let least = costs.min(), let most = costs.max(), most > least else { return nil }
        return least...most
    }

    /// Place of a cost on the axis: 0 for the cheapest model, 1 for the dearest; outside it for others.
    public func place(of cost: Double) -> Double {
        (cost - axis.lowerBound) / (axis.upperBound - axis.lowerBound)
    }

    /// Quality at a place of the axis, on the line between the settings around it.
    public func quality(at place: Double) -> Double {
        let places = points.map { self.place(of: $0.cost) }
        guard let after = places.firstIndex(where: { $0 >= place }) else { return points[points.count - 1].quality }
        guard after > 0 else { return points[0].quality }
        let (left, right) = (places[after - 1], places[after])
        let share = right > left ? (place - left) / (right - left) : 1
        return points[after - 1].quality + share * (points[after].quality - points[after - 1].quality)
    }

    /// Area under the curve over [0, 1] of the axis, exact for straight lines. In [0, 1]; the mean quality at a cost
    /// drawn evenly between the cheapest and the dearest model.
    public var area: Double {
        let inner = points.map { place(of: $0.cost) }.filter { $0 > 0 && $0 < 1 }
        var area = 0.0
        var left = (place: 0.0, quality: qualityBehind(0))
        for place in inner + [1] {
            // Two settings of one cost make a step: the lower of them comes first, the line starts at the upper.
            let right = quality(at: place)
            area += (place - left.place) * (left.quality + right) / 2
            left = (place, qualityBehind(place))
        }
        return area
    }

    /// Quality just behind a place: of several settings at this cost, the last.
    private func qualityBehind(_ place: Double) -> Double {
        points.last { self.place(of: $0.cost) == place }?.quality ?? quality(at: place)
    }

    /// The least place on the axis at which the curve reaches a quality; `nil` where it never does.
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
