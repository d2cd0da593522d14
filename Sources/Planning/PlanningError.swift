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
    /// The same prompt stands twice in one request.
    case duplicatePrompt(promptID: String)
    /// A range of rollouts a prompt that holds nothing, or lies outside 0…`BudgetRequest.rolloutsMax`.
    case rangeInvalid(minimum: Int, maximum: Int)
    /// Fewer rollouts than the smallest budgets add up to.
    case totalTooSmall(total: Int, prompts: Int, minimum: Int)
    /// More prompts or rollouts than one plan holds.
    case totalTooLarge(total: Int, prompts: Int)
    /// The exact solver's table would be too large.
    case exactTooLarge(steps: Int, limit: Int)
    /// Lists that belong together have different lengths.
    case countMismatch(what: String, expected: Int, found: Int)
    /// An observed score that is not a number in [0, 1].
    case scoreOutOfRange(context: String, index: Int, value: Double)

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
        case .totalTooSmall(let total, let prompts, let minimum):
            """
            a total of \(total) rollouts is less than the \(Self.product(prompts, minimum)) that \(prompts) prompts \
            need at \(minimum) each; raise the total, lower the minimum or plan fewer prompts
            """
        case .totalTooLarge(let total, let prompts):
            "a plan of \(total) rollouts over \(prompts) prompts is too large for one step; split it"
        case .exactTooLarge(let steps, let limit):
            """
            the exact solver would need \(steps) steps, its limit is \(limit); \
            use the envelope solver, which states how far from the optimum it can be
            """
        case .countMismatch(let what, let expected, let found):
            "\(what): expected \(expected) values, found \(found); the lists must run in step"
        case .scoreOutOfRange(let context, let index, let value):
            "context \(context), query \(index): score \(value) is not a number in [0, 1]"
        }
    }

    private static func product(_ left: Int, _ right: Int) -> String {
        let (value, overflow) = left.multipliedReportingOverflow(by: right)
        return overflow ? "\(left) × \(right)" : "\(value)"
    }
}
