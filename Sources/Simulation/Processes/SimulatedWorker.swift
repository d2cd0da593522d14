import Cluster
import Scoring
import Wire

/// A worker's process; each life is another incarnation.
struct SimulatedWorker {
    var process = SimulatedProcess<WorkerState>()
    /// Whether its computations never end.
    var isHanging = false
    /// In which directions messages are lost, if any.
    var partition: FaultPlan.Direction?
    /// Contexts it has prepared.
    var contexts: Set<Digest> = []

    mutating func start(name: String, seed: UInt64) {
        isHanging = false
        contexts = []
        var configuration = WorkerState.Configuration(
            name: name, fingerprint: TableValueModel().fingerprint, credit: Credit(rows: 16, tokens: 400))
        configuration.peer.abandonTime = .seconds(120)
        process.start(WorkerState(configuration, seed: seed))
    }
}
