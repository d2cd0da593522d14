/// Why `Planning` rejects its input: invalid numbers, and plans that cannot exist.
public enum PlanningError: Error, Equatable, CustomStringConvertible {
    /// There are no prompts.
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
    /// The same prompt appears twice in one request.
    case duplicatePrompt(promptID: String)
    /// A range of rollouts per prompt that is empty, or not inside 0…`BudgetRequest.rolloutsMax`.
    case rangeInvalid(minimum: Int, maximum: Int)
    /// Sizes should be multiples of a number below 1.
    case multipleInvalid(multipleOf: Int)
    /// An allowed group size that is outside the range or not a multiple.
    case groupSizeRefused(size: Int, minimum: Int, maximum: Int, multipleOf: Int)
    /// No multiple is in the range, or the list of allowed sizes is empty.
    case noGroupSize(minimum: Int, maximum: Int, multipleOf: Int)
    /// No allowed size is between a prompt's own floor and cap.
    case limitsInvalid(promptID: String, floor: Int, cap: Int)
    /// The total is less than the sum of the smallest budgets.
    case totalTooSmall(total: Int, prompts: Int, least: Int)
    /// The smallest budgets are expected to cost more tokens than there are.
    case tokensTooFew(tokens: Double, prompts: Int, least: Double)
    /// A limit of tokens, but no length of any answer is known.
    case noAnswerLengths(tokens: Int)
    /// A limit of tokens and a share for exploration, which are not planned together.
    case tokensWithExploration
    /// The total is not a multiple of the number of which all budgets are multiples; the nearest multiples.
    case totalNotMultiple(total: Int, multipleOf: Int, below: Int, above: Int)
    /// No budgets of the allowed sizes add up to the total; the nearest reachable totals.
    case totalUnreachable(total: Int, below: Int?, above: Int?)
    /// More candidates than a streamed plan was announced with.
    case tooManyCandidates(expected: Int, found: Int)
    /// More prompts or rollouts than one plan can have.
    case totalTooLarge(total: Int, prompts: Int)
    /// The exact solver's table would be too large.
    case exactTooLarge(steps: Int, limit: Int)
    /// Lists that belong together have different lengths.
    case countMismatch(what: String, expected: Int, found: Int)

    /// What happened, with its values, and what to do next.
    public var description: String {
        switch self {
        case .noPrompts:
            "there are no prompts to plan for; check that the scores file has rows without errors"
        case .probabilityOutOfRange(let promptID, let value):
            "prompt \(promptID): success probability \(value) is not a number in [0, 1]; score the prompt again"
        case .kappaOutOfRange(let promptID, let value):
            "prompt \(promptID): concentration kappa \(value) is not above 0; omit it for a point estimate"
        case .decayOutOfRange(let value):
            "decay \(value) is not in [0, 1]; 1 keeps every outcome, 0 keeps only those of age 0"
        case .ageOutOfRange(let promptID, let value):
            "prompt \(promptID): an outcome's age is \(value) steps, below 0; is it from a later step than the plan?"
        case .duplicatePrompt(let promptID):
            "prompt \(promptID) appears twice in the request; give each prompt one row"
        case .rangeInvalid(let minimum, let maximum):
            "rollouts per prompt from \(minimum) to \(maximum) is not a range inside 0…\(BudgetRequest.rolloutsMax)"
        case .recordOutOfRange(let promptID, let entry, let k, let n):
            "prompt \(promptID), record entry \(entry): \(k) of \(n) rollouts is not valid; it must be 0 ≤ k ≤ n with n ≥ 1"
        case .rewardOutOfRange(let promptID, let index, let value, let range):
            """
            prompt \(promptID), rollout \(index): reward \(value) is not a number in \(range.lowerBound)…\
            \(range.upperBound); state the range of your rewards
            """
        case .settingOutOfRange(let name, let value, let range):
            "\(name) is \(value); it must be a number in \(range.lowerBound)…\(range.upperBound)"
        case .multipleInvalid(let multipleOf):
            "budgets cannot be multiples of \(multipleOf); give 1 or more"
        case .groupSizeRefused(let size, let minimum, let maximum, let multipleOf):
            """
            group size \(size) is not a multiple of \(multipleOf) from \(minimum) to \(maximum); \
            remove it from the list or widen the range
            """
        case .noGroupSize(let minimum, let maximum, let multipleOf):
            "there is no group size: no allowed multiple of \(multipleOf) is in \(minimum)…\(maximum)"
        case .limitsInvalid(let promptID, let floor, let cap):
            "prompt \(promptID): no allowed group size is between its floor \(floor) and its cap \(cap)"
        case .totalTooSmall(let total, let prompts, let least):
            """
            a total of \(total) rollouts is less than the minimum of \(least) for \(prompts) prompts; \
            raise the total, lower the minimum or plan fewer prompts
            """
        case .tokensTooFew(let tokens, let prompts, let least):
            """
            \(tokens) tokens are less than the \(least) that the smallest budgets of \(prompts) prompts are expected to cost; \
            raise the limit, lower the minimum or plan fewer prompts
            """
        case .noAnswerLengths(let tokens):
            """
            no length of an answer is known yet, so \(tokens) tokens cannot be planned; send expected_tokens with items, or \
            total beside total_tokens, or report tokens first
            """
        case .tokensWithExploration: "explore and total_tokens cannot be used together; leave one out"
        case .totalNotMultiple(let total, let multipleOf, let below, let above):
            "a total of \(total) rollouts is not a multiple of \(multipleOf); the nearest multiples are \(below) and \(above)"
        case .totalUnreachable(let total, let below, let above):
            "no budgets of the allowed sizes add up to \(total) rollouts" + Self.nearest(below, above)
        case .tooManyCandidates(let expected, let found):
            "the plan was announced with \(expected) prompts, but there are \(found); announce the number that will arrive"
        case .totalTooLarge(let total, let prompts):
            "a plan of \(total) rollouts for \(prompts) prompts is too large for one step; split it"
        case .exactTooLarge(let steps, let limit):
            """
            the exact solver would need \(steps) steps, but its limit is \(limit); \
            use the envelope solver, which states its largest distance from the optimum
            """
        case .countMismatch(let what, let expected, let found):
            "\(what): expected \(expected) values, found \(found); give one value for each prompt"
        }
    }

    private static func nearest(_ below: Int?, _ above: Int?) -> String {
        switch (below, above) {
        case (let below?, let above?): "; the nearest reachable totals are \(below) and \(above)"
        case (let nearest?, nil), (nil, let nearest?): "; the nearest reachable total is \(nearest)"
        case (nil, nil): "; change the total or allow more sizes"
        }
    }
}
