/// One point of a reliability diagram: a bin of queries with similar predictions.
public struct ReliabilityPoint: Hashable, Codable, Sendable {
    /// Mean prediction in the bin, the x-coordinate of the diagram.
    public let prediction: Double
    /// Mean score in the bin, its y-coordinate; the points of a calibrated model are on the diagonal.
    public let score: Double
    /// Queries in the bin.
    public let count: Int

    /// A bin's means and size.
    public init(prediction: Double, score: Double, count: Int) {
        self.prediction = prediction
        self.score = score
        self.count = count
    }
}
