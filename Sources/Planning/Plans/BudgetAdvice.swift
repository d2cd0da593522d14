import Scoring

/// What a tenth more of a plan's budget is expected to buy, and so whether the step's total should be raised or lowered.
///
/// It is the difference of two relaxed optima, whose prompts may end inside a segment (`EnvelopeAllocator`), so the division of
/// the last rollouts does not disturb it. The budget is in rollouts or, of plans within tokens, in tokens.
public struct BudgetAdvice: Hashable, Sendable, Codable {
    /// The larger budget: a tenth more, or what the caps of all prompts allow if that is less.
    public let total: Double
    /// Expected utility that is added.
    public let utility: Double

    /// Describes an advice.
    package init(total: Double, utility: Double) {
        self.total = total
        self.utility = utility
    }

    /// Most prompts whose curves are cut; of more, as many at equal distances in rank.
    static let samplesMax = 1024

    /// Of a plan of a problem; `nil` where every prompt has its largest budget. A uniform plan stays uniform.
    ///
    /// Cost: curves of at most `samplesMax` prompts, and a sort of their segments.
    init?(_ problem: AllocationProblem, multipleOf: Int, isUniform: Bool) {
        let count = problem.beliefs.count
        let caps = AllocationProblem.bounds(problem.sizes, problem.places, count: count).upperBound
        let tenth = (problem.total + 9) / 10
        let more = min(tenth + (multipleOf - tenth % multipleOf) % multipleOf, caps - problem.total)
        guard more > 0 else { return nil }
        let step = max(1, (count + Self.samplesMax - 1) / Self.samplesMax)
        let ranks = Array(stride(from: 0, to: count, by: step))
        // Every prompt of the sample stands for so many.
        let weight = Double(count) / Double(ranks.count)
        let curves = Curves(problem, ranks: ranks)
        let before = Double(problem.total) / weight
        let after = Double(problem.total + more) / weight
        let gain =
            isUniform
            ? curves.even(after) - curves.even(before) : curves.relaxed(after) - curves.relaxed(before)
        self.init(total: Double(problem.total + more), utility: max(0, gain) * weight)
    }

    /// The utility of some prompts together, as a function of their rollouts, which need not be whole.
    private struct Curves {
        let sizes: [Int]
        let places: [ClosedRange<Int>]
        /// By prompt and index in `sizes`.
        let values: [[Double]]

        init(_ problem: AllocationProblem, ranks: [Int]) {
            sizes = problem.sizes.values
            places = ranks.map { problem.places(of: $0) }
            values = problem.values(of: ranks)
        }

        /// The relaxed optimum.
        func relaxed(_ rollouts: Double) -> Double {
            var left = rollouts
            var sum = 0.0
            for (values, range) in zip(values, places) {
                sum += values[range.lowerBound]
                left -= Double(sizes[range.lowerBound])
            }
            for segment in TokenPurchase.segments(sizes: sizes, places: places, values: values)
                .sorted(by: { $0.slope > $1.slope }) where left > 0
            {
                let width = min(left, Double(sizes[segment.to] - sizes[segment.from]))
                sum += segment.slope * width
                left -= width
            }
            return sum
        }

        /// Equal budgets: between the two sizes around the mean, as far as limits allow.
        func even(_ rollouts: Double) -> Double {
            let mean = rollouts / Double(values.count)
            let upper = min(sizes.count - 1, sizes.firstIndex { Double($0) > mean } ?? sizes.count - 1)
            let lower = max(0, upper - 1)
            let width = Double(sizes[upper] - sizes[lower])
            let share = width > 0 ? min(1, max(0, (mean - Double(sizes[lower])) / width)) : 0
            return zip(values, places).reduce(0) { sum, prompt in
                let (values, range) = prompt
                let (low, high) = (values[lower.clamped(to: range)], values[upper.clamped(to: range)])
                return sum + low + share * (high - low)
            }
        }
    }
}
