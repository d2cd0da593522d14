/// Buys segments of all prompts within a limit of tokens and a limit of rollouts, the most utility for its cost first.
///
/// The cost of a rollout is a mixture of its share of either limit:
///
///     c_i = α·length_i / tokens + (1 − α) / rollouts        0 ≤ α ≤ 1
///
/// No plan within both limits costs more than 1, so the best that 1 buys is an upper bound for every α. α = 1 is a limit
/// of tokens alone, α = 0 one of rollouts alone; where both bind, a few values between are tried.
struct TokenPurchase {
    /// By rank: rollouts.
    private(set) var budgets: [Int]
    /// Upper bound of the utility of all plans within the limits.
    private(set) var upperBound: Double
    /// Utility of the budgets.
    private(set) var utility: Double

    /// What is bought. Utility is by rank and index in `sizes`.
    struct Market {
        let sizes: [Int]
        let places: [ClosedRange<Int>]
        let values: [[Double]]
        /// By rank: tokens of one answer.
        let lengths: [Double]
        let tokens: Double
        let rollouts: Int
        /// All segments of all prompts; `slope` is the gain of a rollout.
        let segments: [Segment]
    }

    /// A run of one prompt's majorant.
    struct Segment {
        let rank: Int
        let from: Int
        let to: Int
        let slope: Double
    }

    /// The segments of all prompts' majorants: by prompt, of falling slope.
    static func segments(sizes: [Int], places: [ClosedRange<Int>], values: [[Double]]) -> [Segment] {
        var segments: [Segment] = []
        for (rank, range) in places.enumerated() {
            var hull: [Int] = [range.lowerBound]
            let slope = { (from: Int, to: Int) in
                (values[rank][to] - values[rank][from]) / Double(sizes[to] - sizes[from])
            }
            for place in range.dropFirst() {
                while hull.count > 1,
                    slope(hull[hull.count - 2], hull[hull.count - 1]) <= slope(hull[hull.count - 1], place)
                {
                    hull.removeLast()
                }
                hull.append(place)
            }
            for (from, to) in zip(hull, hull.dropFirst()) {
                segments.append(Segment(rank: rank, from: from, to: to, slope: slope(from, to)))
            }
        }
        return segments
    }

    /// Buys with one mixture.
    private init(_ market: Market, share alpha: Double) {
        let costs = market.lengths.map { alpha * $0 / market.tokens + (1 - alpha) / Double(market.rollouts) }
        // The order is stable: by slope, then by rank, and within a prompt by size.
        let order = market.segments.indices.sorted { left, right in
            let (first, second) = (market.segments[left], market.segments[right])
            let (a, b) = (first.slope / costs[first.rank], second.slope / costs[second.rank])
            return a != b ? a > b : left < right
        }
        budgets = market.places.map { market.sizes[$0.lowerBound] }
        var tokens = market.tokens - zip(budgets, market.lengths).reduce(0) { $0 + Double($1.0) * $1.1 }
        var rollouts = market.rollouts - budgets.reduce(0, +)
        utility = zip(market.values, market.places).reduce(0) { $0 + $1.0[$1.1.lowerBound] }
        upperBound = utility
        var money = 1 - zip(budgets, costs).reduce(0) { $0 + Double($1.0) * $1.1 }
        var isClosed = [Bool](repeating: false, count: budgets.count)
        for index in order {
            let segment = market.segments[index]
            let width = market.sizes[segment.to] - market.sizes[segment.from]
            if money > 0 {
                let cost = Double(width) * costs[segment.rank]
                upperBound += segment.slope * Double(width) * min(1, money / cost)
                money -= cost
            }
            guard !isClosed[segment.rank] else { continue }
            // The largest size of the segment that both limits allow; a prompt that does not get all of it gets no more.
            let place = stride(from: segment.to, to: segment.from, by: -1).first { place in
                let more = market.sizes[place] - market.sizes[segment.from]
                return more <= rollouts && Double(more) * market.lengths[segment.rank] <= tokens
            }
            isClosed[segment.rank] = place != segment.to
            let values = market.values[segment.rank]
            guard let place, values[place] > values[segment.from] else { continue }
            let more = market.sizes[place] - market.sizes[segment.from]
            budgets[segment.rank] = market.sizes[place]
            rollouts -= more
            tokens -= Double(more) * market.lengths[segment.rank]
            utility += values[place] - values[segment.from]
        }
    }

    /// The best purchase found. Precondition: the floors are within both limits.
    ///
    /// Cost: a sort of all segments; nine of them where both limits bind.
    init(_ market: Market) {
        let ends = [1.0, 0].map { TokenPurchase(market, share: $0) }
        var best = ends[0].utility >= ends[1].utility ? ends[0] : ends[1]
        var bound = min(ends[0].upperBound, ends[1].upperBound)
        var (low, high) = (0.0, 1.0)
        // The bound is convex in α: thirds towards its least value.
        if bound > best.utility * (1 + 1e-9) {
            for _ in 0..<4 {
                let shares = [low + (high - low) / 3, high - (high - low) / 3]
                let tried = shares.map { TokenPurchase(market, share: $0) }
                for purchase in tried where purchase.utility > best.utility { best = purchase }
                bound = min(bound, tried[0].upperBound, tried[1].upperBound)
                if tried[0].upperBound < tried[1].upperBound { high = shares[1] } else { low = shares[0] }
            }
        }
        self = best
        upperBound = max(bound, best.utility)
    }
}
