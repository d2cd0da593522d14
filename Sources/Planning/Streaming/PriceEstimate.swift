import Scoring

/// Estimates the current price of a rollout: the slope at which prompts like those seen so far would spend what is
/// left.
///
/// Prompts that have arrived represent those to come. Demand at a price is the mean number of rollouts that they would
/// buy along their majorants. The price is where demand equals the mean budget that is still to be spent. Demand falls
/// in steps, so at the price some segments are bought by only a share of the prompts; `StreamingPlan` distributes them.
struct PriceEstimate {
    /// A price with the share of segments bought at it.
    struct Price {
        /// Segments of a higher slope are bought by all prompts.
        var above: Double
        /// Segments of a slope above this, but not above `above`, are bought by `share` of the prompts.
        var below: Double
        /// Share of the prompts that buy segments between `below` and `above`.
        var share: Double
        /// Standard deviation of the budgets.
        var deviation: Double
        /// Whether budgets at this price have a higher expected value than equal budgets, also under doubt (`DoubtedGain`).
        var isGain: Bool
    }

    /// One prompt's demand.
    struct Demand {
        /// The smallest allowed budget.
        let floor: Int
        /// By segment: slope, strictly falling.
        let slopes: [Double]
        /// By segment: the budget at its end.
        let ends: [Int]
        /// By index in the sizes: expected value.
        let values: [Double]
        /// Whether the belief is the model's alone, and is doubted.
        let isPredicted: Bool

        /// The budget that the prompt buys above a price.
        func budget(above price: Double) -> Int {
            var low = 0
            var high = slopes.count
            while low < high {
                let middle = (low + high) / 2
                if slopes[middle] > price { low = middle + 1 } else { high = middle }
            }
            return low > 0 ? ends[low - 1] : floor
        }
    }

    /// Number of latest prompts that are kept. More would make the price slightly steadier for prompts in random order;
    /// fewer would let it follow faster for prompts in another order.
    static let samplesMax = 256

    private let objective: BudgetObjective
    private let sizes: GroupSizes
    private let gainMin: Double
    private var segments: UtilitySegments
    private var block: UtilityBlock
    private var samples: [Demand] = []
    /// The segments of the same prompts.
    private var demands: DemandSamples
    private(set) var seen = 0

    init(_ request: BudgetRequest, sizes: GroupSizes) {
        objective = request.objective
        self.sizes = sizes
        gainMin = request.gainMin
        demands = DemandSamples(width: sizes.values.count)
        segments = UtilitySegments(rule: .majorant, maximum: sizes.maximum)
        block = UtilityBlock(objective: request.objective, budgetMax: sizes.maximum)
    }

    /// The demand of a belief between two sizes, given by their indices. It is added to the samples.
    mutating func add(_ belief: Belief, isPredicted: Bool, places: ClosedRange<Int>) -> Demand {
        block.fill([belief][...], upTo: sizes.maximum)
        segments.cut(block.values, lane: 0, sizes: sizes.values, places: places)
        let demand = Demand(
            floor: sizes.values[places.lowerBound], slopes: Array(segments.slopes[..<segments.count]),
            ends: Array(segments.ends[..<segments.count]), values: sizes.values.map { block.values[$0][0] },
            isPredicted: isPredicted)
        let place = seen % Self.samplesMax
        seen += 1
        if samples.count < Self.samplesMax { samples.append(demand) } else { samples[place] = demand }
        demands.set(place, floor: demand.floor, slopes: demand.slopes, ends: demand.ends)
        return demand
    }

    /// The price at which prompts like the samples spend `mean` rollouts each. Precondition: there are samples.
    func price(mean: Double) -> Price {
        let target = mean * Double(samples.count)
        var search = PriceSearch(demands, from: -1, to: demands.slopeMax)
        // Sixty halvings exhaust the precision of a double.
        for _ in 0..<60 { search.halve(target: target) }
        let budgets = samples.indices.map { search.budgets(of: $0) }
        let (least, most) = budgets.reduce((0, 0)) { ($0.0 + $1.least, $0.1 + $1.most) }
        let share = most > least ? min(1, max(0, (target - Double(least)) / Double(most - least))) : 0
        let squares = budgets.reduce(0.0) { sum, budget in
            let (least, most) = (Double(budget.least) - mean, Double(budget.most) - mean)
            return sum + (1 - share) * least * least + share * most * most
        }
        return Price(
            above: search.high, below: search.low, share: share,
            deviation: (squares / Double(samples.count)).squareRoot(), isGain: isGain(mean: mean, budgets, share))
    }

    /// Compares the samples' relaxed optimum with equal budgets.
    private func isGain(mean: Double, _ budgets: [(least: Int, most: Int)], _ share: Double) -> Bool {
        let lower = sizes.place(atMost: Int(mean)).clamped(to: 0...sizes.values.count - 1)
        let upper = min(lower + 1, sizes.values.count - 1)
        let width = Double(sizes.values[upper] - sizes.values[lower])
        let weight = width > 0 ? min(1, max(0, (mean - Double(sizes.values[lower])) / width)) : 0
        let mean = meanValues()
        var (optimal, even, exchanged) = (0.0, 0.0, 0.0)
        for (sample, budget) in zip(samples, budgets) {
            let least = sizes.place(atLeast: budget.least)
            let most = sizes.place(atLeast: budget.most)
            func value(_ values: [Double]) -> Double { values[least] + share * (values[most] - values[least]) }
            optimal += value(sample.values)
            exchanged += value(sample.isPredicted ? mean : sample.values)
            even += sample.values[lower] + weight * (sample.values[upper] - sample.values[lower])
        }
        let doubted = (1 - DoubtedGain.doubt) * optimal + DoubtedGain.doubt * exchanged
        return optimal > even * (1 + gainMin) && doubted > even * (1 + DoubtedGain.rounding)
    }

    /// By index in the sizes: the mean over predicted samples.
    private func meanValues() -> [Double] {
        var sums = [Double](repeating: 0, count: sizes.values.count)
        var count = 0.0
        for sample in samples where sample.isPredicted {
            count += 1
            for place in sums.indices { sums[place] += sample.values[place] }
        }
        return count > 0 ? sums.map { $0 / count } : sums
    }
}
