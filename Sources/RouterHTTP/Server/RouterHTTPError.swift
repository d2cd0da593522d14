public import Corpora
public import HTTPServing
public import Scoring
public import Threads

/// Why `route serve` or one of its decisions fails.
public enum RouterHTTPError: Error, CustomStringConvertible {
    /// The value model could not be made.
    case modelNotLoaded(String)
    /// A history could not be read.
    case history(model: String, CorporaError)
    /// The reference files could not be read.
    case references(CorporaError)
    /// The value model refused.
    case valueModel(ValueModelError)
    /// Too many decisions wait.
    case overloaded
    /// No answer of the value model in time.
    case late
    /// The server is stopping.
    case stopped
    /// The fleet has models without an endpoint.
    case noEndpoint(models: [String])
    /// A key that the fleet file names is not in the environment.
    case noKey(variable: String, owner: String)
    /// Two clients have the same key, or one has the server's.
    case sameKey(client: String, variable: String)
    /// The client has left before its answer.
    case clientLeft
    /// The address may not be served.
    case address(HTTPServingError)
    /// The state folder or a file in it.
    case state(path: String, reason: String)
    /// The server could not be started, or ended.
    case server(String)
    /// No wake-up for the inference thread.
    case wakeup(ThreadError)

    /// What happened, where and with which values, and what to do next.
    public var description: String {
        switch self {
        case .modelNotLoaded(let reason): "the value model cannot be loaded: \(reason)"
        case .history(let model, let error): "history of \"\(model)\": \(error)"
        case .references(let error): "references of the fleet file: \(error)"
        case .valueModel(let error): error.description
        case .overloaded: "too many decisions are waiting; try again in a second"
        case .late: "the decision took too long"
        case .stopped: "the server is stopping"
        case .noEndpoint(let models):
            "no endpoint for \(models.joined(separator: ", ")); `route serve` forwards, so every model needs one"
        case .noKey(let variable, let owner):
            "the environment has no \(variable), the variable with the key of \"\(owner)\"; set it, or remove key_env"
        case .sameKey(let client, let variable):
            "the key of \"\(client)\" in \(variable) is also another's; give each client its own key"
        case .clientLeft: "the client has left before its answer"
        case .address(let error): error.description
        case .state(let path, let reason): "\(path): \(reason)"
        case .server(let reason): "the server ended: \(reason)"
        case .wakeup(let error): "\(error)"
        }
    }
}
