public import Cluster
public import Wire

/// What makes the rollouts, from its start to its end; after a death there is a new one.
///
/// Two kinds: a process that reads and writes JSON lines (`ProcessProgram`), and rewards drawn from given rates
/// (`SimulatedProgram`). Its events go to the mailbox it was created with; `ended` is the last one.
public protocol RolloutProgram: Sendable {
    /// Starts an assignment. Never waits; the caller bounds the number of assignments that run.
    func run(_ assignment: Assignment)
    /// Ends the program. Never waits: `ended` follows within `stopTimeMax`.
    func stop()
    /// The longest time from `stop` to `ended`.
    var stopTimeMax: Duration { get }
}

/// What happened in a program.
public enum ProgramEvent: Sendable {
    /// Rollouts ended.
    case report(RolloutReport)
    /// An output line is not a report: its 1-based number, and what is wrong with it.
    case badLine(Int, String)
    /// The program has ended: how, for people. The last event.
    case ended(String)
}
