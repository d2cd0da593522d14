import SwiftProtobuf

// Enumerations of plans and rollouts, both ways. A value we do not know is refused, as in `Reasons`.

extension RequestPlan.Mode {
    var proto: ProtoRequestPlan.Mode {
        switch self {
        case .active: .active
        case .shadow: .shadow
        }
    }

    init(_ proto: ProtoRequestPlan.Mode) throws(WireError) {
        switch proto {
        case .active: self = .active
        case .shadow: self = .shadow
        default: throw .badField("mode", found: "\(proto.rawValue)")
        }
    }
}

extension RequestPlan.Delivery {
    var proto: ProtoRequestPlan.Delivery {
        switch self {
        case .trainer: .trainer
        case .workers: .workers
        }
    }

    init(_ proto: ProtoRequestPlan.Delivery) throws(WireError) {
        switch proto {
        case .trainer: self = .trainer
        case .workers: self = .workers
        default: throw .badField("delivery", found: "\(proto.rawValue)")
        }
    }
}

extension RequestPlan.Fallback {
    var proto: ProtoRequestPlan.Fallback {
        switch self {
        case .uniform: .uniform
        case .refuse: .refuse
        }
    }

    init(_ proto: ProtoRequestPlan.Fallback) throws(WireError) {
        switch proto {
        case .uniform: self = .uniform
        case .refuse: self = .refuse
        default: throw .badField("fallback", found: "\(proto.rawValue)")
        }
    }
}

extension ContextChoice.Selection {
    var proto: ProtoContextChoice.Selection {
        switch self {
        case .uniform: .uniform
        case .recent: .recent
        case .stratified: .stratified
        case .prototypes: .prototypes
        }
    }

    init(_ proto: ProtoContextChoice.Selection) throws(WireError) {
        switch proto {
        case .uniform: self = .uniform
        case .recent: self = .recent
        case .stratified: self = .stratified
        case .prototypes: self = .prototypes
        default: throw .badField("selection", found: "\(proto.rawValue)")
        }
    }
}

extension RequestRefused.Reason {
    var proto: ProtoRequestRefused.Reason {
        switch self {
        case .invalid: .invalid
        case .conflict: .conflict
        case .capacity: .capacity
        case .deadline: .deadline
        case .unknown: .unknown
        }
    }

    init(_ proto: ProtoRequestRefused.Reason) throws(WireError) {
        switch proto {
        case .invalid: self = .invalid
        case .conflict: self = .conflict
        case .capacity: self = .capacity
        case .deadline: self = .deadline
        case .unknown: self = .unknown
        default: throw .badField("reason", found: "\(proto.rawValue)")
        }
    }
}

extension PlanEnd.Status {
    var proto: ProtoPlanEnd.Status {
        switch self {
        case .ok: .ok
        case .degraded: .degraded
        case .fallback: .fallback
        }
    }

    init(_ proto: ProtoPlanEnd.Status) throws(WireError) {
        switch proto {
        case .ok: self = .ok
        case .degraded: self = .degraded
        case .fallback: self = .fallback
        default: throw .badField("status", found: "\(proto.rawValue)")
        }
    }
}

extension RewardsRecorded.Verdict {
    var proto: ProtoRewardsRecorded.Verdict {
        switch self {
        case .recorded: .recorded
        case .superseded: .superseded
        case .rejected: .rejected
        }
    }

    init(_ proto: ProtoRewardsRecorded.Verdict) throws(WireError) {
        switch proto {
        case .recorded: self = .recorded
        case .superseded: self = .superseded
        case .rejected: self = .rejected
        default: throw .badField("verdict", found: "\(proto.rawValue)")
        }
    }
}

extension AssignmentReturn {
    var proto: ProtoAssignmentReturned.Reason {
        switch self {
        case .draining: .draining
        case .programDied: .programDied
        case .overCredit: .overCredit
        }
    }

    init(_ proto: ProtoAssignmentReturned.Reason) throws(WireError) {
        switch proto {
        case .draining: self = .draining
        case .programDied: self = .programDied
        case .overCredit: self = .overCredit
        default: throw .badField("reason", found: "\(proto.rawValue)")
        }
    }
}
