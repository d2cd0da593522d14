/// How much each reference counts: how its residuals go with the context's own outcomes, shrunk to how it agrees with the
/// other references.
///
/// A reference that succeeds where the policy fails gets a weight below 0, so that an inverted one is as good as a
/// straight one. With few rows or a single reference the context is not asked: a correlation over few rows is mostly noise.
enum ReferenceWeights {
    /// Weights nearer to 0 than this do not count as use.
    static let useMin = 0.1
    private static let rowsMin = 128
    /// As if so many rows of the usual correlation had been seen.
    private static let priorRows = 16.0
    private static let usualCorrelation = 0.3
    private static let limit = 2.0

    /// By reference; `entries` are those of the context's rows, in order.
    static func weights(
        from start: [Double], entries: [[ReferenceOutcomes.Entry]], rewards: [Double]
    ) -> [Double] {
        let count = start.count
        guard count >= 2, rewards.count >= rowsMin else { return start }
        let mean = rewards.reduce(0, +) / Double(rewards.count)
        var products = [Double](repeating: 0, count: count)
        var (squares, rewardSquares, shared) = (products, products, products)
        for (row, reward) in rewards.enumerated() {
            let difference = reward - mean
            for entry in entries[row] {
                products[entry.reference] += entry.residual * difference
                squares[entry.reference] += entry.residual * entry.residual
                rewardSquares[entry.reference] += difference * difference
                shared[entry.reference] += 1
            }
        }
        return (0..<count).map { reference in
            let spread = (squares[reference] * rewardSquares[reference]).squareRoot()
            let correlation = spread > 0 ? products[reference] / spread : 0
            let shrunk =
                (shared[reference] * correlation + priorRows * usualCorrelation * start[reference])
                / (shared[reference] + priorRows)
            return min(limit, max(-limit, shrunk / usualCorrelation))
        }
    }
}
