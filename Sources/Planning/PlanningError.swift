/// What `Planning` refuses: bad numbers at the door, and plans that cannot exist.
public enum PlanningError: Error, Equatable, CustomStringConvertible {
    /// There is nothing to plan for, or nothing to evaluate.
    case noPrompts
    /// A success probability that is not a number in [0, 1].
    case probabilityOutOfRange(promptID: String, value: Double)
    /// A concentration that is not above 0.
    case kappaOutOfRange(promptID: String, value: Double)
    /// A decay per step that is not in [0, 1].
    case decayOutOfRange(value: Double)
    /// A record's age in steps that is below 0 or not a number.
    case ageOutOfRange(promptID: String, value: Double)
    /// An entry of a prompt's record that is not 0 ≤ k ≤ n with n ≥ 1.
    case recordOutOfRange(promptID: String, entry: Int, k: Double, n: Int)
    /// A reward that is not a number in the stated range.
    case rewardOutOfRange(promptID: String, index: Int, value: Double, range: ClosedRange<Double>)
    /// A setting that is not a number in its range.
    case settingOutOfRange(name: String, value: Double, range: ClosedRange<Double>)
    /// The same prompt stands twice in one request.
    case duplicatePrompt(promptID: String)
    /// A range of rollouts a prompt that holds nothing, or lies outside 0…`BudgetRequest.rolloutsMax`.
    case rangeInvalid(minimum: Int, maximum: Int)
    /// Sizes are to be multiples of something below 1.
    case multipleInvalid(multipleOf: Int)
    /// An allowed group size outside the range, or no multiple.
    case groupSizeRefused(size: Int, minimum: Int, maximum: Int, multipleOf: Int)
    /// No multiple lies in the range, or the list of allowed sizes is empty.
    case noGroupSize(minimum: Int, maximum: Int, multipleOf: Int)
    /// Between a prompt's own floor and cap lies no allowed size.
    case limitsInvalid(promptID: String, floor: Int, cap: Int)
    /// Fewer rollouts than the smallest budgets add up to.
    case totalTooSmall(total: Int, prompts: Int, least: Int)
    /// A total that is no multiple of what all budgets are to be multiples of; the nearest that are.
    case totalNotMultiple(total: Int, multipleOf: Int, below: Int, above: Int)
    /// No budgets of the allowed sizes add up to the total; the nearest totals that can be met.
    case totalUnreachable(total: Int, below: Int?, above: Int?)
    /// More candidates than a streamed plan was to have.
    case tooManyCandidates(expected: Int, found: Int)
    /// More prompts or rollouts than one plan holds.
    case totalTooLarge(total: Int, prompts: Int)
    /// The exact solver's table would be too large.
    case exactTooLarge(steps: Int, limit: Int)
    /// Lists that belong together have different lengths.
    case countMismatch(what: String, expected: Int, found: Int)

    /// What happened, with its values, and what to do next.
    public var description: String {
        switch self {
        case .noPrompts:
            "there are no prompts to plan for; check that the scores are not empty or all error rows"
        case .probabilityOutOfRange(let promptID, let value):
            "prompt \(promptID): success probability \(value) is not a number in [0, 1]; score the prompt again"
        case .kappaOutOfRange(let promptID, let value):
            "prompt \(promptID): concentration kappa \(value) is not above 0; leave it out for a point estimate"
        case .decayOutOfRange(let value):
            "decay \(value) is not in [0, 1]; 1 keeps every outcome for ever, 0 only those of age 0"
        case .ageOutOfRange(let promptID, let value):
            "prompt \(promptID): an outcome's age of \(value) steps is below 0; is it from a later step than the plan's?"
        case .duplicatePrompt(let promptID):
            "prompt \(promptID) stands twice in the request; give each prompt one row"
        case .rangeInvalid(let minimum, let maximum):
            "rollouts a prompt from \(minimum) to \(maximum) is not a range inside 0…\(BudgetRequest.rolloutsMax)"
        case .recordOutOfRange(let promptID, let entry, let k, let n):
            "prompt \(promptID), record entry \(entry): \(k) of \(n) rollouts is not a count; it must be 0 ≤ k ≤ n, n ≥ 1"
        case .rewardOutOfRange(let promptID, let index, let value, let range):
            """
            prompt \(promptID), rollout \(index): reward \(value) is not a number in \(range.lowerBound)…\
            \(range.upperBound); state the range that rewards have
            """
        case .settingOutOfRange(let name, let value, let range):
            "\(name) is \(value); it must be a number in \(range.lowerBound)…\(range.upperBound)"
        case .multipleInvalid(let multipleOf):
            "budgets cannot be multiples of \(multipleOf); give 1 or more"
        case .groupSizeRefused(let size, let minimum, let maximum, let multipleOf):
            """
            group size \(size) is not a multiple of \(multipleOf) from \(minimum) to \(maximum); \
            take it off the list or widen the range
            """
        case .noGroupSize(let minimum, let maximum, let multipleOf):
            "no group size is left: no allowed multiple of \(multipleOf) lies in \(minimum)…\(maximum)"
        case .limitsInvalid(let promptID, let floor, let cap):
            "prompt \(promptID): no allowed group size lies between its floor \(floor) and its cap \(cap)"
        case .totalTooSmall(let total, let prompts, let least):
            """
            a total of \(total) rollouts is less than the \(least) that \(prompts) prompts need at least; \
            raise the total, lower the minimum or plan fewer prompts
            """
        case .totalNotMultiple(let total, let multipleOf, let below, let above):
            "a total of \(total) rollouts is no multiple of \(multipleOf); the nearest are \(below) and \(above)"
        case .totalUnreachable(let total, let below, let above):
            "no budgets of the allowed sizes add up to \(total) rollouts" + Self.nearest(below, above)
        case .tooManyCandidates(let expected, let found):
            "the plan was to have \(expected) prompts, now there are \(found); announce as many as will come"
        case .totalTooLarge(let total, let prompts):
            "a plan of \(total) rollouts over \(prompts) prompts is too large for one step; split it"
        case .exactTooLarge(let steps, let limit):
            """
            the exact solver would need \(steps) steps, its limit is \(limit); \
            use the envelope solver, which states how far from the optimum it can be
            """
        case .countMismatch(let what, let expected, let found):
            "\(what): expected \(expected) values, found \(found); the lists must run in step"
        }
    }

    private static func nearest(_ below: Int?, _ above: Int?) -> String {
        switch (below, above) {
        case (let below?, let above?): "; the nearest totals that can be met are \(below) and \(above)"
        case (let nearest?, nil), (nil, let nearest?): "; the nearest total that can be met is \(nearest)"
        case (nil, nil): "; change the total or allow more sizes"
        }
    }
}
