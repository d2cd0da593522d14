/// As many rollouts for each prompt as for any other, as far as allowed sizes and limits let it be.
///
/// All prompts are raised together, size by size, each between its own floor and cap; what does not suffice for all goes
/// to the lowest ranks. With regular sizes that meets the total. Else the rest is settled so that budgets stay as near
/// to the mean as possible, and where no budgets at all have the total as their sum, this is how it is found out.
struct UniformBudgets {
    /// By rank: rollouts, which sum to the total.
    let budgets: [Int]

    /// Throws `totalUnreachable` with the nearest totals that can be met.
    ///
    /// Precondition: the total lies between the sums of floors and of caps.
    init(_ sizes: GroupSizes, places: [ClosedRange<Int>]?, count: Int, total: Int) throws(PlanningError) {
        let values = sizes.values
        var level = Self.level(sizes, places, count: count, total: total)
        // One size for all is its own level.
        level = min(level, values.count - 1)
        let next = min(level + 1, values.count - 1)
        let step = values[next] - values[level]
        var budgets = [Int](repeating: values[level], count: count)
        var left = total
        if let places {
            for rank in 0..<count {
                budgets[rank] = values[min(max(level, places[rank].lowerBound), places[rank].upperBound)]
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

    /// Place of the largest size that all prompts can be raised to, as far as their limits go, within the total.
    private static func level(_ sizes: GroupSizes, _ places: [ClosedRange<Int>]?, count: Int, total: Int) -> Int {
        guard let places else { return max(0, sizes.place(atMost: total / count)) }
        // How many prompts leave their floor at a size, and how many have reached their cap.
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
