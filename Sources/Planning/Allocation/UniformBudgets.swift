import Scoring

/// Equal budgets, as far as allowed sizes and limits permit.
///
/// All prompts are raised together, size by size, each between its own floor and cap. Rollouts that are too few for all
/// go to the lowest ranks. With regular sizes this reaches the total. Otherwise the rest is spent so that budgets stay
/// as near to the mean as possible; this also detects that no budgets add up to the total.
struct UniformBudgets {
    /// By rank: rollouts; their sum is the total.
    let budgets: [Int]

    /// Throws `totalUnreachable` with the nearest reachable totals.
    ///
    /// Precondition: the total is between the sum of floors and the sum of caps.
    init(_ sizes: GroupSizes, places: [ClosedRange<Int>]?, count: Int, total: Int) throws(PlanningError) {
        let values = sizes.values
        var level = Self.level(sizes, places, count: count, total: total)
        // If there is only one size, it is the level.
        level = min(level, values.count - 1)
        let next = min(level + 1, values.count - 1)
        let step = values[next] - values[level]
        var budgets = [Int](repeating: values[level], count: count)
        var left = total
        if let places {
            for rank in 0..<count {
                budgets[rank] = values[level.clamped(to: places[rank])]
                left -= budgets[rank]
            }
        } else {
            left -= count * values[level]
        }
        var boundary = 0
        if step > 0 {
            while boundary < count, left >= step {
                if places?[boundary].contains(next) ?? true, budgets[boundary] == values[level] {
                    budgets[boundary] = values[next]
                    left -= step
                }
                boundary += 1
            }
        }
        if left != 0 {
            let half = RemainderSettlement.rowsMin / 2
            let near = Array(max(0, boundary - half)..<min(count, boundary + half))
            let mean = Double(total) / Double(count)
            let worth = values.map { -(Double($0) - mean) * (Double($0) - mean) }
            let nearest = RemainderSettlement(sizes, places: places, count: count)
                .settle(&budgets, remainder: left, near: near) { $0.map { _ in worth } }
            if let nearest {
                throw .totalUnreachable(
                    total: total, below: nearest.below.map { total - left + $0 },
                    above: nearest.above.map { total - left + $0 })
            }
        }
        self.budgets = budgets
    }

    /// Index of the largest size to which all prompts can be raised, within their limits and the total.
    private static func level(_ sizes: GroupSizes, _ places: [ClosedRange<Int>]?, count: Int, total: Int) -> Int {
        guard let places else { return max(0, sizes.place(atMost: total / count)) }
        // By size: number of prompts with this floor, and number with this cap.
        var floors = [Int](repeating: 0, count: sizes.values.count)
        var caps = floors
        var sum = 0
        for range in places {
            floors[range.lowerBound] += 1
            caps[range.upperBound] += 1
            sum += sizes.values[range.lowerBound]
        }
        var rising = 0
        for place in 0..<sizes.values.count - 1 {
            rising += floors[place] - caps[place]
            sum += rising * (sizes.values[place + 1] - sizes.values[place])
            if sum > total { return place }
        }
        return sizes.values.count - 1
    }
}
