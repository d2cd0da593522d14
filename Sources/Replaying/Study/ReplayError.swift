public import Planning
public import ReferenceDraws
public import Scoring

/// Why a replay is refused.
public enum ReplayError: Error, Equatable, CustomStringConvertible {
    /// No row of a log has two rollouts.
    case noGroups(source: String)
    /// No part of a log can be replayed in this mode.
    case nothingToReplay(source: String, mode: ReplayMode)
    /// No policy version of a log has the references asked for.
    case noReferences(source: String, ReferenceArm)
    /// An option that is not in its range.
    case optionOutOfRange(name: String, value: Int, range: String)
    /// The model failed.
    case model(source: String, ValueModelError)
    /// Planning failed.
    case planning(source: String, PlanningError)

    /// What happened, where, and what to do next.
    public var description: String {
        switch self {
        case .noGroups(let source):
            "source \(source): every outcome has a single rollout; replaying groups needs rows with n of 2 or more"
        case .nothingToReplay(let source, .steps):
            "source \(source): no policy version has both an earlier version and enough later visits to pool; "
                + "lower --pool, or use --by roles"
        case .nothingToReplay(let source, .roles):
            "source \(source): no policy has both context rows and query rows; add roles, or use --by steps"
        case .noReferences(let source, let arm):
            "source \(source): no policy version has enough references for \(arm): other policies count with outcomes on "
                + "half of its prompts, earlier versions with any; ask for fewer, or give files"
        case .optionOutOfRange(let name, let value, let range):
            "\(name) is \(value); it must be in \(range)"
        case .model(let source, let error):
            "source \(source): the model failed: \(error)"
        case .planning(let source, let error):
            "source \(source): \(error)"
        }
    }
}
