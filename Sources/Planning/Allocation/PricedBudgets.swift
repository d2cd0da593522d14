/// Budgets of eight prompts at two prices: those that maximise U(B) − λB.
///
/// If a prompt has the same budget at both prices, its segments need not be cut at all. This holds for nearly every
/// prompt of a large problem once the price is known within a few percent, and eight prompts are compared in the time
/// that cutting one takes.
struct PricedBudgets {
    /// By lane: the smallest best budget at the upper price.
    private(set) var least: UtilityBlock.Lanes
    /// By lane: the largest best budget at the lower price.
    private(set) var most: UtilityBlock.Lanes

    /// Finds the budgets for a block's curves. Precondition: both prices are finite.
    ///
    /// - Parameters:
    ///   - floors: By lane: the smallest allowed size.
    ///   - caps: By lane: the largest allowed size.
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
