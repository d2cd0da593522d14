public import Scoring

/// What an evaluation refuses.
public enum EvaluationError: Error, Equatable, CustomStringConvertible {
    /// A source without outcomes.
    case noRows(source: String)
    /// A row names a prompt that was not given.
    case unknownPrompt(source: String, promptID: String)
    /// A policy has two outcomes on one prompt at one version.
    case repeatedRow(source: String, policy: Policy, promptID: String)
    /// A context size, number of seeds or smallest class below 1, or a context above `ContextSet.rowsMax`.
    case optionOutOfRange(name: String, value: Int, range: String)
    /// No heads (an empty name), two of one name, or one with the name of a baseline.
    case headName(String)
    /// Baselines need the width of the embedding, which lies in 1…columns of the model's features.
    case embeddingColumns(Int, columns: Int)
    /// The model refused.
    case model(source: String, ValueModelError)
    /// A metric refused what the model predicted.
    case metric(source: String, String)

    /// What happened, where, and what to do next.
    public var description: String {
        switch self {
        case .noRows(let source):
            "source \(source) has no outcomes; check that its outcomes file is not empty"
        case .unknownPrompt(let source, let promptID):
            "source \(source): an outcome names prompt \(promptID), which its prompts do not hold; "
                + "pass the prompts file that belongs to it"
        case .repeatedRow(let source, let policy, let promptID):
            "source \(source): policy \(policy) has two outcomes on prompt \(promptID); "
                + "merge them into one row with their mean and n"
        case .optionOutOfRange(let name, let value, let range):
            "\(name) is \(value), it must lie in \(range)"
        case .headName(let name) where name.isEmpty:
            "there is no head to evaluate; name at least one"
        case .headName(let name):
            "the name \(name) is another predictor's already; give each head a name of its own, as in NAME=FILE"
        case .embeddingColumns(let found, let columns):
            "the embedding is said to have \(found) columns, but the model's features have \(columns); "
                + "pass the encoder's width, or none to leave out the baselines knn10 and logistic"
        case .model(let source, let error):
            "source \(source): the model refused: \(error)"
        case .metric(let source, let message):
            "source \(source): a prediction cannot be scored: \(message)"
        }
    }
}
