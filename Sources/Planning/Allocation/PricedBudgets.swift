/// What eight prompts buy at two prices: the budgets that maximise U(B) − λB.
///
/// Where a prompt's majorant crosses both prices at the same budget, its segments need not be cut at all. That is so for
/// nearly every prompt of a large problem once the price is known within a few parts in a hundred, and eight prompts are
/// looked through in the time that cutting one takes.
struct PricedBudgets {
    /// By lane: the smallest best budget at the upper price.
    private(set) var least: UtilityBlock.Lanes
    /// By lane: the largest best budget at the lower price.
    private(set) var most: UtilityBlock.Lanes

    /// Looks through a block's curves. Precondition: both prices are finite.
    ///
    /// - Parameters:
    ///   - floors: By lane: the smallest size allowed.
    ///   - caps: By lane: the largest.
    init(
        _ values: [UtilityBlock.Lanes], sizes: [Int], floors: UtilityBlock.Lanes, caps: UtilityBlock.Lanes,
        prices: ClosedRange<Double>
    ) {
        typealias Lanes = UtilityBlock.Lanes
        var bestAtUpper = Lanes(repeating: -.infinity)
        var bestAtLower = bestAtUpper
        least = floors
        most = floors
        for size in sizes {
            let budget = Lanes(repeating: Double(size))
            let isAllowed = (budget .>= floors) .& (budget .<= caps)
            let atUpper = values[size] - prices.upperBound * budget
            let atLower = values[size] - prices.lowerBound * budget
            let isBetter = isAllowed .& (atUpper .> bestAtUpper)
            bestAtUpper.replace(with: atUpper, where: isBetter)
            least.replace(with: budget, where: isBetter)
            let isAsGood = isAllowed .& (atLower .>= bestAtLower)
            bestAtLower.replace(with: atLower, where: isAsGood)
            most.replace(with: budget, where: isAsGood)
        }
    }
}
