/// Spends a remainder that is too small for any segment, exactly and only in allowed sizes.
///
/// The prompts next to the critical price are changed in the best way (`ExactSum`). With regular sizes one prompt is
/// enough, so the first attempt succeeds. With a list like {4, 7, 16} more may be needed: each attempt uses four times
/// as many prompts and allows four times as large partial sums, up to all prompts. So the rejection of a total is
/// certain as long as this fits into `stepsMax`. Beyond that a total is rejected if some hundred prompts of all kinds
/// cannot reach it.
struct RemainderSettlement {
    let sizes: GroupSizes
    /// By rank: range of allowed indices in `sizes`; `nil` where all are allowed.
    let places: [ClosedRange<Int>]?
    let count: Int

    /// Prompts of the first attempt.
    static let rowsMin = 32
    /// Most steps of an attempt: some tenths of a second.
    static let stepsMax = 200_000_000

    init(_ sizes: GroupSizes, places: [ClosedRange<Int>]?, count: Int) {
        self.sizes = sizes
        self.places = places
        self.count = count
    }

    /// Changes `budgets` so that their sum grows by `remainder`.
    ///
    /// - Parameters:
    ///   - near: Ranks that should be changed, in order of preference; others are added as needed.
    ///   - values: For some ranks: by rank and index in `sizes`, the value of a budget.
    /// - Returns: `nil` on success; otherwise the nearest remainders that can be spent.
    func settle(
        _ budgets: inout [Int], remainder: Int, near: [Int], values: ([Int]) -> [[Double]]
    ) -> (below: Int?, above: Int?)? {
        guard remainder != 0 else { return nil }
        let unit = sizes.unit
        // Rounded down also below 0.
        let target = (remainder - ((remainder % unit) + unit) % unit) / unit
        let isBetween = target * unit != remainder
        let span = (sizes.maximum - sizes.minimum) / unit
        var nearest: (below: Int?, above: Int?) = (nil, nil)
        var rowsMax = Self.rowsMin
        var slack = 2 * span
        while true {
            let ranks = ranks(near, count: min(rowsMax, count))
            let problem = ExactSum(rows: zip(ranks, values(ranks)).map { choices(budgets[$0], $0, $1) })
            // The first attempt is small and always made.
            let isTooMuch = problem.steps(target: target, slack: slack) > Self.stepsMax
            if isTooMuch, rowsMax > Self.rowsMin { return nearest }
            var found: (below: Int?, above: Int?)
            if isBetween {
                found = problem.nearest(notAbove: target, notBelow: target + 1, slack: slack)
            } else {
                switch problem.solve(target: target, slack: slack) {
                case .picks(let picks):
                    for (rank, pick) in zip(ranks, picks) {
                        budgets[rank] = sizes.values[(places?[rank].lowerBound ?? 0) + pick]
                    }
                    return nil
                case .unreachable(let below, let above): found = (below, above)
                }
            }
            nearest = (
                Self.nearer(nearest.below, found.below, unit, >), Self.nearer(nearest.above, found.above, unit, <)
            )
            // Partial sums of all prompts' changes are within this range, so there is nothing more to try.
            if rowsMax >= count, slack >= span * count { return nearest }
            rowsMax = min(count, rowsMax * 4)
            slack = min(span * count, slack * 4)
        }
    }

    private static func nearer(
        _ old: Int?, _ new: Int?, _ unit: Int, _ precedes: (Int, Int) -> Bool
    ) -> Int? {
        guard let new = new.map({ $0 * unit }) else { return old }
        return old.map { precedes(new, $0) ? new : $0 } ?? new
    }

    /// The preferred ranks first, then others spread evenly over all prompts, so that all kinds of limits are included.
    private func ranks(_ near: [Int], count rowsMax: Int) -> [Int] {
        var chosen = Set(near.prefix(rowsMax))
        var index = 0
        while chosen.count < rowsMax, index < rowsMax {
            chosen.insert(index * count / rowsMax)
            index += 1
        }
        index = 0
        while chosen.count < rowsMax {
            chosen.insert(index)
            index += 1
        }
        return chosen.sorted()
    }

    private func choices(_ budget: Int, _ rank: Int, _ values: [Double]) -> [ExactSum.Choice] {
        let range = places?[rank] ?? 0...sizes.values.count - 1
        let now = values[sizes.place(atLeast: budget)]
        return range.map {
            ExactSum.Choice(delta: (sizes.values[$0] - budget) / sizes.unit, gain: values[$0] - now)
        }
    }
}
