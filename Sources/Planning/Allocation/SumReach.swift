/// Which totals some number of prompts can still add up to, each taking any of the allowed sizes.
///
/// Sums are counted in units above all minima. With regular sizes it is every number up to the sum of the maxima. Else
/// the sums of a few prompts are tabulated, and of more prompts it counts what those few can add up to while each of the
/// others takes the smallest or the largest size: true of everything but perhaps some sums of irregular sizes, and never
/// claimed wrongly.
struct SumReach {
    private let sizes: GroupSizes
    /// Changes above the minimum, in units; ascending.
    private let deltas: [Int]
    /// By number of prompts: by sum, whether it can be met. Empty with regular sizes.
    private var tables: [[Bool]] = []

    /// Prompts whose sums are tabulated: few where there are many sizes, which reach every sum the sooner.
    private static let tabulated = 4...64
    /// Steps that a table may take, but for the smallest: some milliseconds.
    private static let stepsMax = 4_000_000

    /// Cost: nothing with regular sizes; else some milliseconds.
    init(_ sizes: GroupSizes, prompts: Int) {
        self.sizes = sizes
        deltas = sizes.values.map { ($0 - sizes.minimum) / sizes.unit }
        guard !sizes.isRegular, let largest = deltas.last else { return }
        // A table of c prompts takes c²/2 · sizes · largest steps.
        let affordable = Int((2 * Double(Self.stepsMax) / Double(deltas.count * largest)).squareRoot())
        let most = min(max(affordable, Self.tabulated.lowerBound), Self.tabulated.upperBound)
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
        // As many of the others take the largest size as leave a sum within the table.
        for others in 0...prompts - tabulated {
            let left = sum - others * largest
            if left < 0 { return false }
            if left < table.count, table[left] { return true }
        }
        return false
    }
}
