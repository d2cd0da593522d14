import Cluster
import Wire

/// A rollout worker's process and its program; each life is another incarnation.
struct SimulatedRollout {
    var process = SimulatedProcess<RolloutState>()
    /// Counts the program's lives. A report of a former program is dropped.
    var programLife = 0
    /// Rewards that were acknowledged, by assignment, over all lives: none of them may be lost.
    private(set) var acknowledged: Set<AssignmentName> = []

    mutating func start(name: String, seed: UInt64) {
        programLife += 1
        process.start(RolloutState(RolloutState.Configuration(name: name, slots: 2), seed: seed))
    }

    mutating func kill() {
        process.kill()
        programLife += 1
    }

    mutating func acknowledge(_ recorded: RewardsRecorded) {
        if recorded.verdict == .recorded { acknowledged.insert(recorded.name) }
    }
}
