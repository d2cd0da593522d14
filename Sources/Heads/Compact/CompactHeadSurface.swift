/// Step 2 of the head: surface features in units of the context's own spread, shrunk towards the population's.
struct CompactHeadSurface: Sendable {
    private let mean: [Double]
    private let deviation: [Double]

    private static let count = SurfaceFeatures.count
    private static let limit = 4.0
    /// As if so many rows of a quarter's variance had been seen.
    private static let shrinkageRows = 8.0
    private static let shrinkageSquares = 2.0

    /// Learns from the context's `(N, 30)`, in units of the population's spread; without rows it is the population's.
    init(context surface: [Double]) {
        let rows = Double(surface.count / Self.count)
        var mean = [Double](repeating: 0, count: Self.count)
        for (index, value) in surface.enumerated() { mean[index % Self.count] += value }
        for feature in mean.indices { mean[feature] /= rows + 1 }
        var squares = [Double](repeating: Self.shrinkageSquares, count: Self.count)
        for (index, value) in surface.enumerated() {
            let difference = value - mean[index % Self.count]
            squares[index % Self.count] += difference * difference
        }
        self.mean = mean
        deviation = squares.map { ($0 / (rows + Self.shrinkageRows)).squareRoot() }
    }

    /// `(P, 30)` to `(P, 30)`, each in [−4, 4].
    func standardise(_ surface: [Double]) -> [Double] {
        var result = surface
        for index in result.indices {
            let feature = index % Self.count
            let value = (surface[index] - mean[feature]) / deviation[feature]
            result[index] = min(Self.limit, max(-Self.limit, value))
        }
        return result
    }
}
