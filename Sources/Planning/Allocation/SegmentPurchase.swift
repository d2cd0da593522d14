/// Buys segments of all prompts in falling order of slope until the total is spent. Two solvers share it.
///
/// The segments of a million prompts would need gigabytes, and sorting them would cost more time than everything else.
/// But only the price at which the money runs out has to be found, and a sample of prompts estimates it well. So:
/// estimate an interval of prices from a sample; in one pass over all prompts buy segments above it, collect those
/// inside, and ignore those below; then select among the collected ones. If the estimate was wrong, the pass is
/// repeated with a wider interval. So the result is exactly that of a full sort.
struct SegmentPurchase {
    /// By rank: rollouts bought in whole segments.
    private(set) var budgets: [Int]
    /// Segments that are not bought, in order; the remainder is too small for the first. In a large problem only some
    /// of them.
    private(set) var next: ArraySlice<UtilitySegment> = []
    /// Some of the segments bought last, the one with the highest slope first.
    private(set) var last: ArraySlice<UtilitySegment> = []
    /// Remaining rollouts, fewer than the width of the first of `next`; 0 if `next` is empty.
    private(set) var remainder = 0

    /// Number of prompts from which the price is estimated.
    static let sampleMax = 4096
    /// Number of segments that are sorted; larger sets are partitioned first.
    static let windowMax = 16_384

    private let problem: AllocationProblem
    private var segments: UtilitySegments
    private var block: UtilityBlock

    /// Buys for a problem. Cost: one curve up to the maximum for each prompt. Memory: O(prompts).
    init(_ problem: AllocationProblem, rule: UtilitySegments.Rule) {
        self.problem = problem
        segments = UtilitySegments(rule: rule, maximum: problem.maximum)
        block = UtilityBlock(objective: problem.objective, budgetMax: problem.maximum)
        budgets = []
        let money = problem.total - problem.floorTotal
        // Four standard errors are wrong once in 16,000 requests; the second interval contains all prices.
        var errors = 4.0
        while true {
            let prices = priceInterval(money: money, standardErrors: errors)
            var pool: [UtilitySegment] = []
            let spent = pass(prices, pool: &pool)
            let inside = pool.reduce(0) { $0 + Int($1.width) }
            if spent <= money, spent + inside >= money {
                select(&pool, money: money - spent)
                return
            }
            errors = .infinity
        }
    }

    /// The interval of prices in which the money runs out, estimated from every k-th prompt.
    private mutating func priceInterval(money: Int, standardErrors: Double) -> ClosedRange<Double> {
        let everything = -Double.infinity...Double.infinity
        let count = problem.beliefs.count
        guard count > Self.sampleMax, standardErrors.isFinite else { return everything }
        let ranks = (0..<Self.sampleMax).map { $0 * count / Self.sampleMax }
        let sample = ranks.map { problem.beliefs[$0] }
        var pool: [UtilitySegment] = []
        for start in stride(from: 0, to: sample.count, by: UtilityBlock.width) {
            let end = min(start + UtilityBlock.width, sample.count)
            block.fill(sample[start..<end], upTo: problem.maximum)
            for index in start..<end {
                cut(
                    lane: index - start, rank: index, places: problem.places(of: ranks[index]), prices: everything,
                    pool: &pool)
            }
        }
        pool.sort { $0.precedes($1) }
        let target = Double(money) / Double(count)
        var spent = [Int](repeating: 0, count: sample.count)
        var sum = 0.0
        for segment in pool {
            guard sum < target * Double(sample.count) else { break }
            spent[Int(segment.rank)] += Int(segment.width)
            sum += Double(segment.width)
        }
        let mean = sum / Double(sample.count)
        let variance = spent.reduce(0) { $0 + (Double($1) - mean) * (Double($1) - mean) } / Double(sample.count)
        // Even with a deviation of zero the estimate may be wrong by one segment.
        let margin = standardErrors * (variance * Double(sample.count)).squareRoot() + Double(problem.maximum)
        var low = -Double.infinity
        var high = Double.infinity
        sum = 0
        for segment in pool {
            if sum <= target * Double(sample.count) - margin { high = segment.slope }
            sum += Double(segment.width)
            if sum >= target * Double(sample.count) + margin {
                low = segment.slope
                break
            }
        }
        return low...high
    }

    /// Buys segments above the interval and collects those inside in `pool`. Returns the number of rollouts bought.
    private mutating func pass(_ prices: ClosedRange<Double>, pool: inout [UtilitySegment]) -> Int {
        let beliefs = problem.beliefs
        budgets = problem.floors
        var spent = 0
        for start in stride(from: 0, to: beliefs.count, by: UtilityBlock.width) {
            let end = min(start + UtilityBlock.width, beliefs.count)
            block.fill(beliefs[start..<end], upTo: problem.maximum)
            let priced = priced(start..<end, prices)
            for rank in start..<end {
                let lane = rank - start
                if let priced, priced.least[lane] == priced.most[lane] {
                    let budget = Int(priced.least[lane])
                    spent += budget - budgets[rank]
                    budgets[rank] = budget
                    continue
                }
                let bought = cut(
                    lane: lane, rank: rank, places: problem.places(of: rank), prices: prices, pool: &pool)
                budgets[rank] += bought
                spent += bought
            }
        }
        return spent
    }

    /// Budgets of the block's prompts at both ends of the interval; `nil` where they cannot save work.
    private func priced(_ ranks: Range<Int>, _ prices: ClosedRange<Double>) -> PricedBudgets? {
        guard segments.rule == .majorant, prices.lowerBound.isFinite, prices.upperBound.isFinite else { return nil }
        let sizes = problem.sizes.values
        var floors = UtilityBlock.Lanes(repeating: Double(problem.minimum))
        var caps = UtilityBlock.Lanes(repeating: Double(problem.maximum))
        if let places = problem.places {
            for rank in ranks {
                floors[rank - ranks.lowerBound] = Double(sizes[places[rank].lowerBound])
                caps[rank - ranks.lowerBound] = Double(sizes[places[rank].upperBound])
            }
        }
        return PricedBudgets(block.values, sizes: sizes, floors: floors, caps: caps, prices: prices)
    }

    /// Cuts one lane's curve into segments: buys those above the prices and collects those inside. Returns the number
    /// of rollouts bought.
    @discardableResult
    private mutating func cut(
        lane: Int, rank: Int, places: ClosedRange<Int>, prices: ClosedRange<Double>, pool: inout [UtilitySegment]
    ) -> Int {
        segments.cut(block.values, lane: lane, sizes: problem.sizes.values, places: places)
        var end = problem.sizes.values[places.lowerBound]
        var bought = 0
        for index in 0..<segments.count {
            let slope = segments.slopes[index]
            guard slope >= prices.lowerBound else { break }
            let width = segments.ends[index] - end
            end = segments.ends[index]
            if slope > prices.upperBound {
                bought += width
            } else {
                pool.append(UtilitySegment(slope: slope, rank: Int32(rank), width: Int32(width)))
            }
        }
        return bought
    }

    /// Buys from the pool in order. It is partitioned like in quicksort, towards the price; only the last window is
    /// sorted. No two segments are equal in order, so the median of three always makes progress.
    private mutating func select(_ pool: inout [UtilitySegment], money: Int) {
        var money = money
        var start = 0
        var end = pool.count
        while end - start > Self.windowMax {
            let pivot = Self.median(pool[start], pool[(start + end) / 2], pool[end - 1])
            let middle = Self.partition(&pool, start..<end, before: pivot)
            let width = pool[start..<middle].reduce(0) { $0 + Int($1.width) }
            guard width <= money else {
                end = middle
                continue
            }
            for segment in pool[start..<middle] { budgets[Int(segment.rank)] += Int(segment.width) }
            money -= width
            start = middle
        }
        pool[start..<end].sort { $0.precedes($1) }
        let first = start
        while start < end, Int(pool[start].width) <= money {
            budgets[Int(pool[start].rank)] += Int(pool[start].width)
            money -= Int(pool[start].width)
            start += 1
        }
        last = pool[first..<start]
        next = pool[start..<end]
        remainder = money
    }

    private static func median(_ a: UtilitySegment, _ b: UtilitySegment, _ c: UtilitySegment) -> UtilitySegment {
        let (low, high) = a.precedes(b) ? (a, b) : (b, a)
        return c.precedes(low) ? low : high.precedes(c) ? high : c
    }

    /// Moves segments that precede the pivot to the front. Returns the index of the first other segment.
    private static func partition(
        _ pool: inout [UtilitySegment], _ range: Range<Int>, before pivot: UtilitySegment
    ) -> Int {
        var middle = range.lowerBound
        for index in range where pool[index].precedes(pivot) {
            pool.swapAt(index, middle)
            middle += 1
        }
        return middle
    }
}
