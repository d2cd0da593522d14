public import Planning
public import Scoring

/// What a replay refuses.
public enum ReplayError: Error, Equatable, CustomStringConvertible {
    /// No row of a log has two rollouts.
    case noGroups(source: String)
    /// Nothing of a log can be replayed as it was asked.
    case nothingToReplay(source: String, mode: ReplayMode)
    /// A setting that is not in its range.
    case optionOutOfRange(name: String, value: Int, range: String)
    /// The model refused.
    case model(source: String, ValueModelError)
    /// Planning refused.
    case planning(source: String, PlanningError)

    /// What happened, where, and what to do next.
    public var description: String {
        switch self {
        case .noGroups(let source):
            "source \(source): every outcome is of a single rollout; groups can be replayed from n of 2 or more only"
        case .nothingToReplay(let source, .steps):
            "source \(source): no version of a policy has an earlier one and as many later visits as are pooled; "
                + "lower --pool, or replay it --by roles"
        case .nothingToReplay(let source, .roles):
            "source \(source): no policy has both context rows and query rows; give roles, or replay it --by steps"
        case .optionOutOfRange(let name, let value, let range):
            "\(name) is \(value), it must lie in \(range)"
        case .model(let source, let error):
            "source \(source): the model refused: \(error)"
        case .planning(let source, let error):
            "source \(source): \(error)"
        }
    }
}
