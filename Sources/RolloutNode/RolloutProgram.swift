public import Cluster
public import Wire

/// What makes the rollouts, as a rollout worker's thread sees it. One life; the next one is another value.
///
/// Two kinds: a process that speaks JSON lines (`ProcessProgram`), and rewards drawn from given rates
/// (`SimulatedProgram`). What it has to say goes to the mailbox it was made with; `ended` is its last word.
public protocol RolloutProgram: Sendable {
    /// Gives it an assignment. Never waits; the number of assignments it has is the giver's to bound.
    func give(_ assignment: Assignment)
    /// Asks it to end, and sees to it that it does. Never waits: `ended` follows within `stopTimeMax`.
    func stop()
    /// The longest that ending may take.
    var stopTimeMax: Duration { get }
}

/// What a program says.
public enum ProgramEvent: Sendable {
    /// Rollouts ended.
    case report(RolloutReport)
    /// A line of its output that is no report: its number from 1, and what is wrong with it.
    case badLine(Int, String)
    /// It is over; for people, how. Its last word.
    case ended(String)
}
