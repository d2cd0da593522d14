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
