/// Probability, cost and, where known, reward of every prompt and model of a corpus. The input of sweeps, calibration
/// and metrics.
///
/// Matrices are `(P, M)`, row-major: P prompts, M models.
public struct RouteTable: Hashable, Sendable {
    /// Names of the M models.
    public let models: [String]
    /// P(success), `(P, M)`.
    public var p: [Double]
    /// Expected costs in US dollars, `(P, M)`; decisions use them.
    public let cost: [Double]
    /// Paid costs in US dollars, `(P, M)`; the expected cost where the paid one is unknown.
    public let paid: [Double]
    /// Mean rewards in [0, 1], `(P, M)`; `nil` for a corpus without outcomes.
    public let rewards: [Double]?
    /// US dollars that count as relative cost 1.
    public let costUnit: Double

    /// Number of prompts.
    public var prompts: Int { models.isEmpty ? 0 : p.count / models.count }

    /// Precondition: all matrices are `(P, M)`.
    public init(
        models: [String], p: [Double], cost: [Double], paid: [Double]? = nil, rewards: [Double]? = nil,
        costUnit: Double
    ) {
        let paid = paid ?? cost
        precondition(
            p.count == cost.count && paid.count == p.count && (rewards?.count ?? p.count) == p.count
                && (models.isEmpty || p.count % models.count == 0),
            "RouteTable: \(p.count) probabilities, \(cost.count) costs, \(models.count) models")
        self.models = models
        self.p = p
        self.cost = cost
        self.paid = paid
        self.rewards = rewards
        self.costUnit = costUnit
    }

    /// By prompt: the model that a rule chooses. Ties are broken as in `RouteRule`.
    ///
    /// - Parameter scores: Used in place of `p`, for example predictions of neighbours or an oracle. For cost-aware
    ///   rules the caller computes the scores.
    public func choices(_ rule: RouteRule, scores: [Double]? = nil) -> [Int] {
        let scores = scores ?? p
        let count = models.count
        return (0..<prompts).map { prompt in
            let row = prompt * count
            var best = 0
            for model in 1..<max(count, 1) where isBetter(model, than: best, rule, row: row, scores) { best = model }
            return best
        }
    }

    private func isBetter(_ model: Int, than best: Int, _ rule: RouteRule, row: Int, _ scores: [Double]) -> Bool {
        let (left, right) = (scores[row + model], scores[row + best])
        let (leftCost, rightCost) = (cost[row + model], cost[row + best])
        switch rule {
        case .weighted(let beta), .lowerBound(let beta):
            let unit = costUnit > 0 ? 1 / costUnit : 0
            let gain = beta * (left - right) - (1 - beta) * (leftCost - rightCost) * unit
            return gain != 0 ? gain > 0 : leftCost < rightCost
        case .costAware:
            return left != right ? left > right : leftCost < rightCost
        case .target(let target):
            switch (Float(left) >= Float(target), Float(right) >= Float(target)) {
            case (true, false): return true
            case (false, true): return false
            case (true, true): return leftCost < rightCost
            case (false, false): return left != right ? left > right : leftCost < rightCost
            }
        }
    }

    /// Mean cost and quality of a choice of models. `choices` is by prompt.
    public func point(_ choices: [Int], label: String, parameter: Double? = nil) -> RoutePoint {
        var cost = 0.0
        var quality = 0.0
        var counts = [Int](repeating: 0, count: models.count)
        for (prompt, model) in choices.enumerated() {
            let index = prompt * models.count + model
            cost += paid[index]
            quality += rewards?[index] ?? p[index]
            counts[model] += 1
        }
        let prompts = Double(max(choices.count, 1))
        return RoutePoint(
            label: label, parameter: parameter, cost: cost / prompts, quality: quality / prompts,
            shares: counts.map { Double($0) / prompts })
    }

    /// By model: every prompt sent to that model.
    public var singles: [RoutePoint] {
        models.indices.map { point(Array(repeating: $0, count: prompts), label: models[$0]) }
    }

    /// The given prompts, in the given order. A prompt may appear several times, as in a bootstrap.
    public func selecting(_ rows: [Int]) -> RouteTable {
        let pick = { (matrix: [Double]) in
            rows.flatMap { matrix[$0 * models.count..<($0 + 1) * models.count] }
        }
        return RouteTable(
            models: models, p: pick(p), cost: pick(cost), paid: pick(paid), rewards: rewards.map(pick),
            costUnit: costUnit)
    }
}
