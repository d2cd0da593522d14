package import Cluster
import Scoring
package import Wire

/// An observer of all that the coordinator sends: no peer may get what is another tenant's.
///
/// It goes by what messages contain, and by the addresses of peers; what the coordinator believes of tenants it does not ask.
/// Each text of a run has the number of the process that it comes from, and so its tenant.
package struct TenantCheck {
    private let faultPlan: FaultPlan
    /// The tenant whose client opened each job.
    private var jobs: [JobID: String?] = [:]
    /// What is wrong, a sentence each.
    package private(set) var broken: [String] = []

    package init(_ faultPlan: FaultPlan) {
        self.faultPlan = faultPlan
    }

    /// Sees a message that arrives.
    package mutating func receive(_ message: Message, from peer: Peer) {
        if case .submitJob(let submitted) = message, jobs[submitted.job] == nil {
            jobs[submitted.job] = .some(tenant(of: peer))
        }
    }

    /// Sees what the coordinator does.
    package mutating func follow(_ actions: [CoordinatorMachines.Action]) {
        guard faultPlan.hasTenants else { return }
        for case .send(let envelope, let peer) in actions { check(envelope.message, to: peer) }
    }

    private func tenant(of peer: Peer) -> String? {
        let address = SimulatedAddress(peer)
        return faultPlan.tenant(of: address.role, address.index)
    }

    private mutating func check(_ message: Message, to peer: Peer) {
        let address = SimulatedAddress(peer)
        let own = faultPlan.tenant(of: address.role, address.index)
        // A worker of no tenant computes for all.
        if address.role == .worker, own == nil { return }
        for text in Self.texts(of: message) {
            guard let number = text.split(separator: " ").dropFirst().first.flatMap({ Int($0) }) else {
                broken.append("\(text) does not say whose it is")
                continue
            }
            let owner = faultPlan.tenant(of: .trainer, number)
            if owner != own {
                broken.append(
                    "\(address.role) \(address.index) of \(own ?? "no tenant") gets \(text) of \(owner ?? "none")")
            }
        }
        if let job = Self.job(of: message), let owner = jobs[job], owner != own {
            broken.append(
                "\(address.role) \(address.index) of \(own ?? "no tenant") hears of \(owner ?? "none")'s job \(job)")
        }
    }

    private static func texts(of message: Message) -> [String] {
        switch message {
        case .context(let context): context.contextSet?.rows.map(\.text) ?? []
        case .shard(_, _, .texts(let block)): block.texts.compactMap(\.self)
        case .assignment(let assignment): [assignment.text]
        default: []
        }
    }

    private static func job(of message: Message) -> JobID? {
        switch message {
        case .shard(let piece, _, _): piece.job
        case .shardAnswer(let answer): answer.job
        case .jobAccepted(let accepted): accepted.job
        case .jobClosed(let job), .jobRefused(let job, _, _): job
        default: nil
        }
    }
}
