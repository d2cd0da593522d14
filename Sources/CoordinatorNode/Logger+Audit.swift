import Cluster
import Logging
import Wire
import ZeroMQ

// Lines of the log about security: what keys change, and connections that were cut off.

extension Logger {
    /// Logs what the holder of a key changes: a line of the category `audit`, with the key's name. Nothing without keys.
    func audit(_ message: Wire.Message, of key: String?) {
        guard let key, let facts = message.audited else { return }
        notice("audit", metadata: facts.merging(["category": "audit", "key": "\(key)"]) { $1 })
    }

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

extension Wire.Message {
    /// What the audit log says of a message that changes something; `nil` for one that does not.
    fileprivate var audited: Logger.Metadata? {
        switch self {
        case .hello(let hello): ["what": "\(kind)", "name": "\(hello.name)"]
        case .submitJob(let job): ["what": "\(kind)", "job": "\(job.job)"]
        case .closeJob(let id): ["what": "\(kind)", "job": "\(id)"]
        case .requestPlan(let request):
            ["what": "\(kind)", "policy": "\(request.plan.policyID)", "step": "\(request.plan.step)"]
        case .dropPlans(let request): ["what": "\(kind)", "policy": "\(request.policyID)"]
        case .reportOutcomes(let report):
            ["what": "\(kind)", "policy": "\(report.policyID)", "outcomes": "\(report.outcomes.count)"]
        case .rewards: ["what": "\(kind)"]
        default: nil
        }
    }
}
