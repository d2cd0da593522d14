internal import Foundation
internal import Scoring

/// Logistic regression on embedding and surface features, fitted to one context: what anybody would try first.
///
/// Columns are the context's: the embedding less its mean, divided by one number so that the rows' mean squared norm is
/// 1; each surface feature standardised, clipped to [−4, 4] and divided by the root of their number, so that its block
/// has norm 1 too. The loss is the cross-entropy summed over rows, a rate counting as it is, plus half the squared norm
/// of the weights (scikit-learn's C = 1); the intercept is free. The strength is not tuned: with both blocks of norm 1
/// it is a standard normal prior that lets each of them move the log-odds by about one.
///
/// Newton's method, the step by conjugate gradients. Cost: some 200 products with the `(N, F)` matrix.
struct LogisticRegression {
    private let columns: ContextColumns
    /// Weights by column, then the intercept; filled up with zeros.
    private let weights: [SIMD8<Double>]
    /// Said where the context's rewards are all the same, for then the intercept has no bound.
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
            // Rounding is all that is left to gain.
            guard next.loss <= state.loss else { break }
            weights = moved
            state = next
        }
        return weights
    }
}

/// A context's own scale of columns.
private struct ContextColumns {
    private let mean: [Double]
    private let factor: [Double]
    private let embeddingColumns: Int
    /// Blocks of eight that hold the columns and the intercept's 1.
    let width: Int

    private static let limit = 4.0

    init(_ context: FeatureMatrix, embeddingColumns: Int) {
        let count = Double(max(1, context.rows))
        var mean = [Double](repeating: 0, count: context.columns)
        var variance = mean
        for row in 0..<context.rows {
            for (column, value) in context.row(row).enumerated() { mean[column] += Double(value) / count }
        }
        for row in 0..<context.rows {
            for (column, value) in context.row(row).enumerated() {
                let difference = Double(value) - mean[column]
                variance[column] += difference * difference / count
            }
        }
        let norm = variance.prefix(embeddingColumns).reduce(0, +).squareRoot()
        let surface = Double(max(1, context.columns - embeddingColumns)).squareRoot()
        self.mean = mean
        self.embeddingColumns = embeddingColumns
        width = (context.columns + 8) / 8
        // A column that does not vary in the context says nothing about the queries.
        factor = variance.enumerated().map { column, variance in
            if column < embeddingColumns { return norm > 1e-9 ? 1 / norm : 0 }
            return variance > 1e-12 ? 1 / (variance.squareRoot() * surface) : 0
        }
    }

    /// One row's columns, then 1 for the intercept.
    func vector(_ features: ArraySlice<Float>) -> [SIMD8<Double>] {
        var vector = [SIMD8<Double>](repeating: .zero, count: width)
        let limit = Self.limit / Double(max(1, mean.count - embeddingColumns)).squareRoot()
        for (column, feature) in features.enumerated() {
            var value = (Double(feature) - mean[column]) * factor[column]
            if column >= embeddingColumns { value = min(limit, max(-limit, value)) }
            vector[column / 8][column % 8] = value
        }
        vector[mean.count / 8][mean.count % 8] = 1
        return vector
    }
}

/// The loss that is minimised, its gradient and its curvature.
private struct LogisticProblem {
    /// The loss at some weights, with what a step needs.
    struct State {
        let loss: Double
        let gradient: [SIMD8<Double>]
        /// By row: p(1 − p).
        let curvature: [Double]
    }

    /// Row-major, `width` blocks a row.
    let rows: [SIMD8<Double>]
    let width: Int
    let rewards: [Double]
    /// 1 where a weight is penalised, 0 for the intercept.
    private let penalty: [SIMD8<Double>]

    var count: Int { rewards.count }

    init(rows: [SIMD8<Double>], width: Int, columns: Int, rewards: [Double]) {
        self.rows = rows
        self.width = width
        self.rewards = rewards
        var penalty = [SIMD8<Double>](repeating: SIMD8(repeating: 1), count: width)
        penalty[columns / 8][columns % 8] = 0
        self.penalty = penalty
    }

    static func sigmoid(_ x: Double) -> Double { x < 0 ? exp(x) / (1 + exp(x)) : 1 / (1 + exp(-x)) }

    static func dot(_ left: [SIMD8<Double>], _ right: [SIMD8<Double>]) -> Double {
        var sum = SIMD8<Double>.zero
        for index in left.indices { sum += left[index] * right[index] }
        return sum.sum()
    }

    func state(at weights: [SIMD8<Double>]) -> State {
        var gradient = zip(weights, penalty).map { $0 * $1 }
        var loss = Self.dot(gradient, weights) / 2
        var curvature: [Double] = []
        for row in 0..<count {
            let odds = product(row, weights)
            let p = Self.sigmoid(odds)
            // ln(1 + e^odds) − y·odds, without overflow.
            loss += max(odds, 0) + log1p(exp(-abs(odds))) - rewards[row] * odds
            curvature.append(p * (1 - p))
            add(row, p - rewards[row], to: &gradient)
        }
        return State(loss: loss, gradient: gradient, curvature: curvature)
    }

    /// The s with H·s = gradient, by conjugate gradients as exactly as a Newton step deserves.
    func newtonStep(_ state: State) -> [SIMD8<Double>] {
        var step = [SIMD8<Double>](repeating: .zero, count: width)
        var residual = state.gradient
        var direction = residual
        var square = Self.dot(residual, residual)
        let target = square * 1e-8
        for _ in 0..<200 where square > target {
            var image = zip(direction, penalty).map { $0 * $1 }
            for row in 0..<count { add(row, state.curvature[row] * product(row, direction), to: &image) }
            let length = square / Self.dot(direction, image)
            for index in 0..<width {
                step[index] += length * direction[index]
                residual[index] -= length * image[index]
            }
            let next = Self.dot(residual, residual)
            for index in 0..<width { direction[index] = residual[index] + next / square * direction[index] }
            square = next
        }
        return step
    }

    private func product(_ row: Int, _ weights: [SIMD8<Double>]) -> Double {
        var sum = SIMD8<Double>.zero
        for index in 0..<width { sum += rows[row * width + index] * weights[index] }
        return sum.sum()
    }

    private func add(_ row: Int, _ factor: Double, to vector: inout [SIMD8<Double>]) {
        for index in 0..<width { vector[index] += factor * rows[row * width + index] }
    }
}
