internal import Foundation

/// The loss of a logistic regression, its gradient and its curvature.
struct LogisticProblem {
    /// The loss at some weights, with the data of a Newton step.
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

    /// The s with H·s = gradient, by conjugate gradients, to a precision that suffices for a Newton step.
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
