public import Scoring

/// Why an evaluation is refused.
public enum EvaluationError: Error, Equatable, CustomStringConvertible {
    /// A source without outcomes.
    case noRows(source: String)
    /// A row names a prompt that the source does not contain.
    case unknownPrompt(source: String, promptID: String)
    /// A policy has two outcomes on one prompt at one version.
    case repeatedRow(source: String, policy: Policy, promptID: String)
    /// An option that is not in its range.
    case optionOutOfRange(name: String, value: Int, range: String)
    /// No heads (an empty name), two heads of one name, or a head with the name of a baseline.
    case headName(String)
    /// The width of the embedding is not in 1…columns of the model's features; baselines need it.
    case embeddingColumns(Int, columns: Int)
    /// The model failed.
    case model(source: String, ValueModelError)
    /// A metric cannot use the model's predictions.
    case metric(source: String, String)

    /// What happened, where, and what to do next.
    public var description: String {
        switch self {
        case .noRows(let source):
            "source \(source) has no outcomes; check that its outcomes file is not empty"
        case .unknownPrompt(let source, let promptID):
            "source \(source): an outcome names prompt \(promptID), which its prompts file does not contain; "
                + "pass the prompts file of this source"
        case .repeatedRow(let source, let policy, let promptID):
            "source \(source): policy \(policy) has two outcomes on prompt \(promptID); "
                + "merge them into one row with their mean and n"
        case .optionOutOfRange(let name, let value, let range):
            "\(name) is \(value); it must be in \(range)"
        case .headName(let name) where name.isEmpty:
            "there is no head to evaluate; give at least one"
        case .headName(let name):
            "another predictor is already named \(name); give each head its own name, as in NAME=FILE"
        case .embeddingColumns(let found, let columns):
            "the embedding width is \(found), but the model's features have \(columns) columns; "
                + "pass the encoder's width, or none to omit the baselines knn10 and logistic"
        case .model(let source, let error):
            "source \(source): the model failed: \(error)"
        case .metric(let source, let message):
            "source \(source): a prediction cannot be scored: \(message)"
        }
    }
}
