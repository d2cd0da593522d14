import Cluster

/// Actions that are carried out once their entries are durable.
struct CoordinatorBatch {
    var actions: [CoordinatorMachines.Action]
    /// Number of its commit; `nil` without entries.
    var commit: Int?
    /// What is answered after its actions.
    var replies: [LocalPeers.Reply] = []
}
