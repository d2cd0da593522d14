/// Why `ScoredQueries` rejects its input.
public enum MetricError: Error, Equatable, CustomStringConvertible {
    /// Lists that belong together have different lengths.
    case countMismatch(list: String, expected: Int, found: Int)
    /// A predicted probability that is not a number in [0, 1].
    case probabilityOutOfRange(promptID: String, value: Double)
    /// A concentration that is not above 0.
    case kappaOutOfRange(promptID: String, value: Double)
    /// An observed score that is not a number in [0, 1]; index −1 is the context's mean.
    case scoreOutOfRange(context: String, index: Int, value: Double)

    /// What happened, with its values, and what to do next.
    public var description: String {
        switch self {
        case .countMismatch(let list, let expected, let found):
            "\(list): expected \(expected) values, found \(found); give one value for each prompt"
        case .probabilityOutOfRange(let promptID, let value):
            "prompt \(promptID): success probability \(value) is not a number in [0, 1]; score the prompt again"
        case .kappaOutOfRange(let promptID, let value):
            "prompt \(promptID): concentration kappa \(value) is not above 0; omit it for a point estimate"
        case .scoreOutOfRange(let context, let index, let value):
            "context \(context), query \(index): score \(value) is not a number in [0, 1]"
        }
    }
}
