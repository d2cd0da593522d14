import ArgumentParser
import Cluster

/// How much a coordinator keeps in memory and in its journal.
struct CoordinatorBounds: ParsableArguments {
    @Option(
        name: .customLong("history-mib"),
        help: "MiB of outcomes and prompt texts of all policies. Beyond it, policies idle the longest are forgotten.")
    var historyMiB = 192

    @Option(
        name: .customLong("text-mib"),
        help:
            "MiB of a policy's prompt texts, for prompts named by id alone. Beyond it, the longest unused are forgotten."
    )
    var textMiB = 96

    @Option(
        name: .customLong("plan-mib"),
        help: "MiB of the requests of all plans kept. Beyond it, plans that are over are forgotten.")
    var planMiB = 1024

    @Option(help: "Outcomes kept for each policy, the latest.")
    var outcomes = 65_536

    @Option(help: "Policies with a history. Beyond it, the one idle the longest is forgotten.")
    var policies = 1024

    func validate() throws {
        for (name, value) in [
            ("--history-mib", historyMiB), ("--text-mib", textMiB), ("--plan-mib", planMiB), ("--outcomes", outcomes),
            ("--policies", policies),
        ] where !(1...1 << 24).contains(value) {
            throw ValidationError("\(name) is \(value); it must be a whole number from 1 to \(1 << 24)")
        }
    }

    /// Sets the bounds of a planner.
    func apply(to planner: inout PlannerState.Configuration) {
        planner.historyBytesMax = historyMiB << 20
        planner.textBytesMax = textMiB << 20
        planner.planBytesMax = planMiB << 20
        planner.outcomesMax = outcomes
        planner.policiesMax = policies
    }
}
