public import Scoring

/// Errors of `Routing`.
public enum RoutingError: Error, Equatable, CustomStringConvertible {
    /// The fleet has no models.
    case emptyFleet
    /// Two models have the same name.
    case duplicateModel(String)
    /// A name that is not a model of the fleet.
    case unknownModel(String, role: String, known: [String])
    /// The fleet file is not YAML.
    case badYAML(path: String, reason: String)
    /// A value in the fleet file is invalid.
    case badFleet(path: String, line: Int, key: String, problem: String)
    /// There are no decisions.
    case noDecisions(path: String)
    /// A line of a decision log that cannot be read.
    case badDecision(path: String, line: Int, reason: String)
    /// A decision names a model that is not in the fleet, or not in the rest of the log.
    case foreignDecision(path: String, line: Int, model: String)
    /// There is no trade-off: all prices are equal, or there is only one model.
    case nothingToTrade(models: Int)
    /// The goal is outside the range that the corpus can reach.
    case outOfReach(what: String, wanted: Double, least: Double, most: Double)
    /// A value model failed.
    case model(source: String, ValueModelError)
    /// A metric rejected its input.
    case metric(source: String, String)

    /// What happened, with its values, where, and what to do next.
    public var description: String {
        switch self {
        case .emptyFleet:
            "the fleet has no models; list at least one under `models`"
        case .duplicateModel(let name):
            "two models of the fleet are named \"\(name)\"; give each its own name"
        case .unknownModel(let name, let role, let known):
            "the \(role) \"\(name)\" is not a model of the fleet; its models are \(known.joined(separator: ", "))"
        case .badYAML(let path, let reason):
            "\(path): the file is not valid YAML: \(reason)"
        case .badFleet(let path, let line, let key, let problem):
            "\(path):\(line): \(key): \(problem)"
        case .noDecisions(let path):
            "\(path): there are no decisions; create them with `statezero route decide` or `route serve`"
        case .badDecision(let path, let line, let reason):
            "\(path):\(line): not a decision: \(reason)"
        case .foreignDecision(let path, let line, let model):
            "\(path):\(line): \"\(model)\" is not a model of this fleet; pass the fleet file with which the decisions were made"
        case .nothingToTrade(let models):
            "there is no trade-off between \(models) models of equal price; give at least two models with different prices"
        case .outOfReach(let what, let wanted, let least, let most):
            "\(what) of \(wanted) is out of reach on this corpus; possible values are \(least) to \(most)"
        case .model(let source, let error):
            "\(source): \(error)"
        case .metric(let source, let reason):
            "\(source): \(reason)"
        }
    }
}
