public import Scoring

/// What `Routing` refuses.
public enum RoutingError: Error, Equatable, CustomStringConvertible {
    /// A fleet without models.
    case emptyFleet
    /// Two models of one name.
    case duplicateModel(String)
    /// A name that is no model's.
    case unknownModel(String, role: String, known: [String])
    /// The fleet file is not YAML.
    case badYAML(path: String, reason: String)
    /// Something in the fleet file is not as it should be.
    case badFleet(path: String, line: Int, key: String, problem: String)
    /// There are no decisions to work on.
    case noDecisions(path: String)
    /// A line of a decision log that cannot be read.
    case badDecision(path: String, line: Int, reason: String)
    /// A decision names a model that the fleet, or the rest of the log, does not have.
    case foreignDecision(path: String, line: Int, model: String)
    /// Nothing can be swept over: all prices are equal, or there is one model only.
    case nothingToTrade(models: Int)
    /// What was asked for lies outside what the corpus can give.
    case outOfReach(what: String, wanted: Double, least: Double, most: Double)
    /// A value model refused.
    case model(source: String, ValueModelError)
    /// A metric refused its numbers.
    case metric(source: String, String)

    /// What happened with which values, where, and what to do next.
    public var description: String {
        switch self {
        case .emptyFleet:
            "the fleet has no models; list at least one under `models`"
        case .duplicateModel(let name):
            "two models of the fleet are called \"\(name)\"; give each a name of its own"
        case .unknownModel(let name, let role, let known):
            "the \(role) \"\(name)\" is no model of the fleet; there are \(known.joined(separator: ", "))"
        case .badYAML(let path, let reason):
            "\(path): this is not YAML: \(reason)"
        case .badFleet(let path, let line, let key, let problem):
            "\(path):\(line): \(key): \(problem)"
        case .noDecisions(let path):
            "\(path): there are no decisions in it; make some by `statezero route decide` or `route serve`"
        case .badDecision(let path, let line, let reason):
            "\(path):\(line): not a decision: \(reason)"
        case .foreignDecision(let path, let line, let model):
            "\(path):\(line): \"\(model)\" is no model of this fleet; give the fleet file that the decisions were made with"
        case .nothingToTrade(let models):
            "nothing can be traded between \(models) models of one price; give prices that differ"
        case .outOfReach(let what, let wanted, let least, let most):
            "\(what) of \(wanted) cannot be had on this corpus; it can give \(least) to \(most)"
        case .model(let source, let error):
            "\(source): \(error)"
        case .metric(let source, let reason):
            "\(source): \(reason)"
        }
    }
}
