import Foundation

/// What a member's context says about the columns of its table: how each value becomes a number for the encoder.
///
/// **All of it comes from the context rows alone.** *Why:* a query's answer must not depend on its batch-mates. The
/// reference computes two masks from context and queries together: which columns are constant, and how many of a group
/// vary. *In practice:* they differ from the context's only for a column that is constant in the context and varies
/// among the queries, and V0's preprocessing has removed those (zero padding is constant everywhere, and fingerprints
/// differ), so for V0 this is exact. *Otherwise*, in a table given to TabPFN directly, such a column would change every
/// query's answer as soon as one query has another value in it; the golden `masks` shows by how much.
struct TableScaling: Sendable {
    /// Columns of the table as it comes.
    let columns: Int
    /// Groups of `perGroup` columns.
    let groups: Int
    let perGroup: Int
    private let places: [Place?]

    private struct Place {
        let column: Int
        let finiteMean: Double
        let low: Double
        let high: Double
        let mean: Double
        let deviation: Double
        var factor: Double
    }

    /// Fits `(N, columns)`, row-major.
    init(context values: [Float], rows: Int, columns: Int, perGroup: Int, sigma: Double) {
        self.columns = columns
        self.perGroup = perGroup
        groups = (columns + perGroup - 1) / perGroup
        var places: [Place?] = []
        for group in 0..<groups {
            // Columns that vary move to the front of their group and keep their order; what is constant becomes 0.
            let members = (group * perGroup..<min((group + 1) * perGroup, columns)).filter { column in
                (1..<max(rows, 1)).contains { !(values[$0 * columns + column] == values[column]) }
            }
            var fitted = members.map { column in
                Self.fit((0..<rows).map { values[$0 * columns + column] }, column: column, sigma: sigma)
            }
            let used = zip(members, fitted).count { column, place in
                let first = Self.scaled(values[column], by: place)
                return (1..<rows).contains { !(Self.scaled(values[$0 * columns + column], by: place) == first) }
            }
            let factor = (Double(perGroup) / Double(max(used, 1))).squareRoot()
            for index in fitted.indices { fitted[index].factor = factor }
            places += fitted.map { Optional($0) } + [Place?](repeating: nil, count: perGroup - fitted.count)
        }
        self.places = places
    }

    /// One row to `(groups, 2 · perGroup)`: the group's values, then their indicators (-2 for not a number, 2 and 4 for
    /// the infinities, which count as the context's mean).
    func apply(_ row: ArraySlice<Float>, _ body: (_ index: Int, _ value: Float) -> Void) {
        for (index, place) in places.enumerated() {
            let at = index / perGroup * 2 * perGroup + index % perGroup
            guard let place else {
                body(at, 0)
                body(at + perGroup, 0)
                continue
            }
            let value = row[row.startIndex + place.column]
            body(at, Float(Double(Self.scaled(value, by: place)) * place.factor))
            body(at + perGroup, value.isNaN ? -2 : value == .infinity ? 2 : value == -.infinity ? 4 : 0)
        }
    }

    private static func fit(_ raw: [Float], column: Int, sigma: Double) -> Place {
        let finite = raw.filter(\.isFinite).map(Double.init)
        let finiteMean = finite.isEmpty ? 0 : finite.reduce(0, +) / Double(finite.count)
        let values = raw.map { $0.isFinite ? Double($0) : finiteMean }
        // Bounds from all rows, then again from those within them.
        let (allMean, allDeviation) = moments(values)
        let within = values.filter {
            $0 >= allMean - sigma * allDeviation && $0 <= allMean + sigma * allDeviation
        }
        let (mean, deviation) = moments(within)
        let (low, high) = (mean - sigma * deviation, mean + sigma * deviation)
        let (clippedMean, clippedDeviation) = moments(values.map { clipped($0, low, high) })
        return Place(
            column: column, finiteMean: finiteMean, low: low, high: high, mean: clippedMean,
            deviation: clippedDeviation == 0 || raw.count == 1 ? 1 : clippedDeviation, factor: 1)
    }

    // Mean, and deviation with divisor n - 1.
    private static func moments(_ values: [Double]) -> (mean: Double, deviation: Double) {
        let mean = values.reduce(0, +) / Double(max(values.count, 1))
        let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        return (mean, (squares / Double(max(values.count - 1, 1))).squareRoot())
    }

    // Soft: beyond the bounds a value still moves, by a logarithm. The second line sees what the first one made.
    private static func clipped(_ value: Double, _ low: Double, _ high: Double) -> Double {
        let raised = max(low - log1p(abs(value)), value)
        return min(high + log1p(abs(raised)), raised)
    }

    private static func scaled(_ value: Float, by place: Place) -> Float {
        let finite = value.isFinite ? Double(value) : place.finiteMean
        let centred = clipped(finite, place.low, place.high) - place.mean
        return Float(min(100, max(-100, centred / (place.deviation + 1e-16))))
    }
}
