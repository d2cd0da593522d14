/// What a plan may cost in tokens: the expected length of each prompt's answers, and a limit for all of them together.
///
/// A rollout costs what its answer costs. Where lengths differ, the same tokens buy more signal on prompts with short
/// answers, so a plan is made of utility per token instead of utility per rollout.
public struct TokenLimit: Hashable, Sendable {
    /// By candidate, in the order of the request: expected tokens of one answer, above 0.
    public let lengths: [Double]
    /// Expected tokens of all answers are not more than this; infinity where only rollouts are limited.
    public let total: Double

    /// A limit. Throws `settingOutOfRange` where a length or the limit is not a number above 0.
    public init(lengths: [Double], total: Double) throws(PlanningError) {
        let range = Double.leastNonzeroMagnitude...Double.greatestFiniteMagnitude
        for length in lengths where !range.contains(length) {
            throw .settingOutOfRange(name: "expected tokens", value: length, range: range)
        }
        guard total > 0 else { throw .settingOutOfRange(name: "total_tokens", value: total, range: range) }
        self.lengths = lengths
        self.total = total
    }

    /// Expected tokens of budgets.
    public func tokens(of budgets: [Int]) -> Double {
        zip(budgets, lengths).reduce(0) { $0 + Double($1.0) * $1.1 }
    }
}
