import SwiftProtobuf

// The values of enumerations on the wire.

extension Refusal: WireEnumeration {
    static let field = "reason"
    static let protos: KeyValuePairs<Self, ProtoRefused.Reason> = [
        .protocolVersion: .protocol, .fingerprint: .fingerprint, .capacity: .capacity,
        .permission: .permission,
    ]
}

extension JobRefusal: WireEnumeration {
    static let field = "reason"
    static let protos: KeyValuePairs<Self, ProtoJobRefused.Reason> = [
        .fingerprint: .fingerprint, .capacity: .capacity, .context: .context, .verification: .verification,
    ]
}

extension ReturnReason: WireEnumeration {
    static let field = "reason"
    static let protos: KeyValuePairs<Self, ProtoShardReturned.Reason> = [
        .overCredit: .overCredit, .draining: .draining,
    ]
}

extension RequestPlan.Mode: WireEnumeration {
    static let field = "mode"
    static let protos: KeyValuePairs<Self, ProtoRequestPlan.Mode> = [.active: .active, .shadow: .shadow]
}

extension RequestPlan.Delivery: WireEnumeration {
    static let field = "delivery"
    static let protos: KeyValuePairs<Self, ProtoRequestPlan.Delivery> = [.trainer: .trainer, .workers: .workers]
}

extension RequestPlan.Fallback: WireEnumeration {
    static let field = "fallback"
    static let protos: KeyValuePairs<Self, ProtoRequestPlan.Fallback> = [.uniform: .uniform, .refuse: .refuse]
}

extension ContextChoice.Selection: WireEnumeration {
    static let field = "selection"
    static let protos: KeyValuePairs<Self, ProtoContextChoice.Selection> = [
        .uniform: .uniform, .recent: .recent, .stratified: .stratified, .prototypes: .prototypes,
    ]
}

extension RequestRefused.Reason: WireEnumeration {
    static let field = "reason"
    static let protos: KeyValuePairs<Self, ProtoRequestRefused.Reason> = [
        .invalid: .invalid, .conflict: .conflict, .capacity: .capacity, .deadline: .deadline, .unknown: .unknown,
    ]
}

extension PlanEnd.Status: WireEnumeration {
    static let field = "status"
    static let protos: KeyValuePairs<Self, ProtoPlanEnd.Status> = [
        .ok: .ok, .degraded: .degraded, .fallback: .fallback,
    ]
}

extension RewardsRecorded.Verdict: WireEnumeration {
    static let field = "verdict"
    static let protos: KeyValuePairs<Self, ProtoRewardsRecorded.Verdict> = [
        .recorded: .recorded, .superseded: .superseded, .rejected: .rejected,
    ]
}

extension AssignmentReturn: WireEnumeration {
    static let field = "reason"
    static let protos: KeyValuePairs<Self, ProtoAssignmentReturned.Reason> = [
        .draining: .draining, .programDied: .programDied, .overCredit: .overCredit,
    ]
}
