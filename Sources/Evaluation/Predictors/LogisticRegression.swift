internal import Scoring

/// Logistic regression on embedding and surface features, fitted to one context: a simple baseline.
///
/// Columns are scaled by the context: the mean is subtracted from the embedding, which is then divided by one number so
/// that the rows' mean squared norm is 1. Each surface feature is standardised, clipped to [−4, 4] and divided by the
/// root of their number, so that its block has norm 1 too. The loss is the cross-entropy summed over rows (rates count
/// as they are), plus half the squared norm of the weights (scikit-learn's C = 1); the intercept is not penalised. The
/// strength is not tuned: with both blocks of norm 1 it is a standard normal prior, under which each block changes the
/// log-odds by about one.
///
/// Newton's method, with steps by conjugate gradients. Cost: about 200 products with the `(N, F)` matrix.
struct LogisticRegression {
    private let columns: ContextColumns
    /// Weights by column, then the intercept; padded with zeros.
    private let weights: [SIMD8<Double>]
    /// The prediction if all rewards of the context are equal; the intercept would have no bound then.
    private let constant: Double?

    private static let newtonMax = 50
    private static let gradientMin = 1e-9

    /// Fits a context of at least one row. Precondition: as many rewards as rows, `embeddingColumns ≤ columns`.
    init(context: FeatureMatrix, rewards: [Double], embeddingColumns: Int) {
        precondition(
            context.rows == rewards.count, "LogisticRegression: \(context.rows) rows, \(rewards.count) rewards")
        let columns = ContextColumns(context, embeddingColumns: embeddingColumns)
        self.columns = columns
        if let first = rewards.first, rewards.allSatisfy({ $0 == first }) {
            constant = first
            weights = []
            return
        }
        constant = nil
        let rows = (0..<context.rows).flatMap { columns.vector(context.row($0)) }
        weights = Self.fit(
            LogisticProblem(rows: rows, width: columns.width, columns: context.columns, rewards: rewards))
    }

    /// `(Q, F)` to Q probabilities.
    func predict(_ queries: FeatureMatrix) -> [Double] {
        (0..<queries.rows).map { row in
            if let constant { return constant }
            var sum = SIMD8<Double>.zero
            for (a, b) in zip(columns.vector(queries.row(row)), weights) { sum += a * b }
            return LogisticProblem.sigmoid(sum.sum())
        }
    }

    private static func fit(_ problem: LogisticProblem) -> [SIMD8<Double>] {
        var weights = [SIMD8<Double>](repeating: .zero, count: problem.width)
        var state = problem.state(at: weights)
        for _ in 0..<newtonMax {
            let size = LogisticProblem.dot(state.gradient, state.gradient).squareRoot()
            if size < gradientMin * Double(problem.count) { break }
            let step = problem.newtonStep(state)
            var scale = 1.0
            var next = state
            var moved = weights
            repeat {
                moved = zip(weights, step).map { $0 - $1 * scale }
                next = problem.state(at: moved)
                scale /= 2
            } while next.loss > state.loss && scale > 1e-6
            // Only rounding errors are left to improve.
            guard next.loss <= state.loss else { break }
            weights = moved
            state = next
        }
        return weights
    }
}
