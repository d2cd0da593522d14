import Cluster
import Foundation
import Keys
import Logging
import Synchronization
import Wire

/// The audit log: what holders of keys change, over ZeroMQ and over HTTP. Lines have the category `audit`; `AuditTally` says
/// which changes have a line of their own. Any thread may write to it.
final class AuditLog: Sendable {
    private struct State {
        var tally = AuditTally()
        var hasEnded = false
    }

    private let state = Mutex(State())
    private let logger: Logger

    init(_ logger: Logger) {
        self.logger = logger
    }

    /// Records what the holder of a key changes by a message. Nothing without keys.
    func record(_ message: Wire.Message, from peer: Peer) {
        guard let key = peer.owner, let facts = message.audited else { return }
        let isCountedOnly = if case .rewards = message { true } else { false }
        record(
            AuditedChange(
                key: key, tenant: peer.tenant, what: message.kind, facts: facts, isCountedOnly: isCountedOnly))
    }

    /// Records a change.
    func record(_ change: AuditedChange) {
        let lines = state.withLock { state in
            let line = state.tally.record(change, at: .now, Date())
            return [line].compactMap(\.self) + (state.hasEnded ? state.tally.takeAll() : [])
        }
        write(lines)
    }

    /// Writes what was counted for a minute. Cost: little where there is nothing.
    func writeDue() { write(state.withLock { $0.tally.takeDue(at: .now) }) }

    /// Writes all that was counted. What is recorded later has a line each.
    func end() {
        write(
            state.withLock { state in
                state.hasEnded = true
                return state.tally.takeAll()
            })
    }

    private func write(_ lines: [AuditTally.Line]) {
        for line in lines { logger.notice("audit", metadata: line.metadata) }
    }
}

extension AuditTally.Line {
    /// The fields of the line.
    fileprivate var metadata: Logger.Metadata {
        switch self {
        case .change(let change): change.metadata
        case .count(let change, let count, let first, let last):
            change.metadata.merging([
                "count": "\(count)", "first": "\(first.ISO8601Format())", "last": "\(last.ISO8601Format())",
            ]) { $1 }
        }
    }
}

extension AuditedChange {
    fileprivate var metadata: Logger.Metadata {
        var metadata: Logger.Metadata = ["category": "audit", "key": "\(key)", "what": "\(what)"]
        if let tenant { metadata["tenant"] = "\(tenant)" }
        if !outcome.isEmpty { metadata["outcome"] = "\(outcome)" }
        return metadata.merging(facts.mapValues { "\($0)" }) { $1 }
    }
}

extension Wire.Message {
    /// What the audit log says of a message that changes something; `nil` for one that does not.
    fileprivate var audited: [String: String]? {
        switch self {
        case .hello(let hello): ["name": hello.name]
        case .submitJob(let job): ["job": "\(job.job)"]
        case .closeJob(let id): ["job": "\(id)"]
        case .requestPlan(let request): ["policy": request.plan.policyID, "step": "\(request.plan.step)"]
        case .dropPlans(let request): ["policy": request.policyID]
        case .reportOutcomes(let report): ["policy": report.policyID, "outcomes": "\(report.outcomes.count)"]
        case .rewards: [:]
        default: nil
        }
    }
}
