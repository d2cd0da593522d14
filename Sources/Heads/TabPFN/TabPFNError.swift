public import Kernels
public import ModelFiles

/// What the in-context head refuses of the data it is given. Weights are refused by `ModelError`.
public enum TabPFNError: Error, Equatable, CustomStringConvertible {
    /// Features of another width than the context's.
    case width(expected: Int, found: Int)
    /// As many labels, or values of a given column, as rows are needed.
    case count(what: String, expected: Int, found: Int)
    /// A value that is not a number, at a row of the call.
    case notFinite(stage: String, row: Int)
    /// No column varies from row to row: there is nothing to learn from.
    case constantContext(rows: Int, columns: Int)
    /// More columns than the weights have embeddings for.
    case tooManyColumns(found: Int, groups: Int, groupsMax: Int)
    /// The weights could not be read.
    case weights(ModelError)
    /// The compute library refused.
    case kernel(KernelError)

    /// What happened, with the values, and what to do next.
    public var description: String {
        switch self {
        case .width(let expected, let found):
            "features have \(found) columns, the context has \(expected); they come from another model"
        case .count(let what, let expected, let found):
            "\(found) \(what) were given for \(expected) rows"
        case .notFinite(let stage, let row):
            "\(stage) have a value that is not a number at row \(row); the weights may be damaged, "
                + "try `statezero model inspect`"
        case .constantContext(let rows, let columns):
            "\(columns) features do not vary over the \(rows) rows of the context; give rows of different prompts"
        case .tooManyColumns(let found, let groups, let groupsMax):
            "\(found) columns make \(groups) groups, the weights have embeddings for \(groupsMax); "
                + "convert the model again with the width of its features"
        case .weights(let error):
            error.description
        case .kernel(let error):
            error.description
        }
    }
}
