/// A corpus as a fleet sees it: by prompt and model the probability, the cost, and where known the reward.
///
/// What is swept, calibrated and measured. `(P, M)` row-major: P prompts, M models.
public struct RouteTable: Hashable, Sendable {
    /// Names, M of them.
    public let models: [String]
    /// P(success), `(P, M)`.
    public var p: [Double]
    /// Dollars, `(P, M)`: what decisions expect.
    public let cost: [Double]
    /// Dollars, `(P, M)`: what was really paid; the expected cost where nobody knows better.
    public let paid: [Double]
    /// Mean rewards in [0, 1], `(P, M)`; `nil` for a corpus without outcomes.
    public let rewards: [Double]?
    /// Dollars that count as relative cost 1.
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

    /// The model that a rule chooses for every prompt; ties as `RouteRule` breaks them. `scores` stands for `p` where
    /// something else predicts (neighbours, an oracle). Cost-aware scores are the caller's to make, as `p`.
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
        case .weighted(let beta):
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

    /// What some choice of models came to, by prompt and on average.
    public func point(_ choices: [Int], label: String, parameter: Double? = nil) -> RoutePoint {
        var cost = 0.0
        var quality = 0.0
        var counts = [Int](repeating: 0, count: models.count)
        for (prompt, model) in choices.enumerated() {
            let place = prompt * models.count + model
            cost += paid[place]
            quality += rewards?[place] ?? p[place]
            counts[model] += 1
        }
        let prompts = Double(max(choices.count, 1))
        return RoutePoint(
            label: label, parameter: parameter, cost: cost / prompts, quality: quality / prompts,
            shares: counts.map { Double($0) / prompts })
    }

    /// Every prompt to one model; by model.
    public var singles: [RoutePoint] {
        models.indices.map { point(Array(repeating: $0, count: prompts), label: models[$0]) }
    }

    /// The prompts named, in the order named; one may be named twice, as a bootstrap does.
    public func selecting(_ rows: [Int]) -> RouteTable {
        let pick = { (matrix: [Double]) in
            rows.flatMap { matrix[$0 * models.count..<($0 + 1) * models.count] }
        }
        return RouteTable(
            models: models, p: pick(p), cost: pick(cost), paid: pick(paid), rewards: rewards.map(pick),
            costUnit: costUnit)
    }
}

/// What routing by one setting comes to, on average over a corpus.
public struct RoutePoint: Hashable, Sendable, Codable {
    /// What it is: a model's name, or a rule's.
    public let label: String
    /// β or the target.
    public let parameter: Double?
    /// Dollars a prompt.
    public let cost: Double
    /// Mean reward, or mean probability where rewards are not known; in [0, 1].
    public let quality: Double
    /// Share of prompts by model.
    public let shares: [Double]

    /// A setting with what it came to.
    public init(label: String, parameter: Double?, cost: Double, quality: Double, shares: [Double]) {
        self.label = label
        self.parameter = parameter
        self.cost = cost
        self.quality = quality
        self.shares = shares
    }
}
