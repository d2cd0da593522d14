import Scoring

/// Answers which totals a number of prompts can reach, if each has any of the allowed sizes.
///
/// Sums are counted in units above all minima. With regular sizes every number up to the sum of the maxima is
/// reachable. Otherwise the sums of a few prompts are tabulated. For more prompts, a sum counts as reachable if those
/// few reach it while each of the others has the smallest or the largest size. This may miss some reachable sums of
/// irregular sizes, but never reports an unreachable one.
struct SumReach {
    private let sizes: GroupSizes
    /// Sizes minus the minimum, in units; ascending.
    private let deltas: [Int]
    /// By number of prompts, then by sum: whether it is reachable. Empty with regular sizes.
    private var tables: [[Bool]] = []

    /// Number of prompts whose sums are tabulated: few where there are many sizes, because these reach every sum
    /// sooner.
    private static let tabulated = 4...64
    /// Most steps for a table, except for the smallest: some milliseconds.
    private static let stepsMax = 4_000_000

    /// Builds the tables. Cost: nothing with regular sizes, otherwise some milliseconds.
    init(_ sizes: GroupSizes, prompts: Int) {
        self.sizes = sizes
        deltas = sizes.values.map { ($0 - sizes.minimum) / sizes.unit }
        guard !sizes.isRegular, let largest = deltas.last else { return }
        // A table of c prompts costs c²/2 · sizes · largest steps.
        let affordable = Int((2 * Double(Self.stepsMax) / Double(deltas.count * largest)).squareRoot())
        let most = affordable.clamped(to: Self.tabulated)
        tables = [[true]]
        for count in 1...max(1, min(prompts, most)) {
            var next = [Bool](repeating: false, count: count * largest + 1)
            for (sum, isMet) in tables[count - 1].enumerated() where isMet {
                for delta in deltas { next[sum + delta] = true }
            }
            tables.append(next)
        }
    }

    /// Whether `prompts` budgets can add up to `total`.
    func contains(_ total: Int, prompts: Int) -> Bool {
        let above = total - prompts * sizes.minimum
        guard above >= 0, above % sizes.unit == 0, let largest = deltas.last else { return false }
        let sum = above / sizes.unit
        guard sum <= prompts * largest else { return false }
        guard !sizes.isRegular else { return true }
        let tabulated = min(prompts, tables.count - 1)
        let table = tables[tabulated]
        // Give the largest size to as many of the others as needed to leave a sum within the table.
        for others in 0...prompts - tabulated {
            let left = sum - others * largest
            if left < 0 { return false }
            if left < table.count, table[left] { return true }
        }
        return false
    }
}
