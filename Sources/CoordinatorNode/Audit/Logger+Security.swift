import Cluster
import Logging
import Wire
import ZeroMQ

// Lines of the log about security: workers that others contradict, and connections that were cut off.

extension Logger {
    /// Logs what came of computing shards again. That a worker is put in quarantine, or no longer, is audited.
    func logVerification(_ note: CoordinatorState.LogEvent) {
        switch note {
        case .unverified(let job, let shard, let worker, let pieces):
            warning(
                "shard not verified",
                metadata: ["job": "\(job)", "shard": "\(shard)", "worker": "\(worker)", "pieces": "\(pieces)"])
        case .disagreement(let piece, let workers):
            error(
                "workers disagree",
                metadata: [
                    "job": "\(piece.job)", "shard": "\(piece.shard)", "workers": "\(workers.joined(separator: ", "))",
                ])
        case .workerQuarantined(let name, let identity, let piece, let withdrawn):
            error(
                "worker quarantined",
                metadata: [
                    "category": "audit", "worker": "\(name)", "identity": "\(identity)", "job": "\(piece.job)",
                    "shard": "\(piece.shard)", "withdrawn": "\(withdrawn)",
                ])
        case .quarantineLifted(let identities):
            notice(
                "quarantine lifted",
                metadata: ["category": "audit", "identities": "\(identities.joined(separator: ", "))"])
        default: break
        }
    }

    /// Logs connections that were cut off.
    func log(_ cuts: [ConnectionCut]) {
        for cut in cuts {
            warning("a connection was cut off", metadata: ["bound": "\(cut.bound.rawValue)", "value": "\(cut.value)"])
        }
    }
}
