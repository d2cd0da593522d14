package import Cluster
package import Wire

/// An observer of one life of the coordinator: while a shard of a tenant waits, the others may be lent only so many rows on
/// workers that compute for all, before the tenant is lent something.
///
/// It goes by messages and log lines, and asks the machines nothing. It knows clients' shards that were never lent, and forgets
/// early where a job is opened again or its client leaves; so a tenant that it takes for waiting does wait.
package struct TurnsCheck {
    /// The same for the coordinator: what a tenant may be behind.
    package static let lagTokensMax = 64
    /// What the coordinator counts for a short row.
    private static let rowTokens = 16

    private let faultPlan: FaultPlan
    private let rowsMax: Int
    private var jobs: [JobID: String?] = [:]
    private var lent: [JobID: Set<UInt32>] = [:]
    private var waiting: [JobID: Set<UInt32>] = [:]
    /// Rows of others since a tenant waits.
    private var overtaken: [String?: Int] = [:]
    /// The most that any tenant was overtaken by.
    package private(set) var overtakenMost = 0
    /// What is wrong, a sentence each.
    package private(set) var broken: [String] = []

    package init(_ faultPlan: FaultPlan) {
        self.faultPlan = faultPlan
        let piece = max(faultPlan.rowsMax, faultPlan.trainers > 0 ? faultPlan.promptsMax : 0)
        // Each of the two others may be behind as much as it may be before, and begins one piece more; and a tenant may
        // come back with a piece that counts.
        rowsMax = 2 * (2 * Self.lagTokensMax / Self.rowTokens + piece) + piece
    }

    /// Sees a message that arrived and what the coordinator did.
    package mutating func follow(_ message: (Message, from: Peer)?, _ actions: [CoordinatorMachines.Action]) {
        guard faultPlan.hasTenants, !faultPlan.forgetsTenants else { return }
        for action in actions {
            switch action {
            case .send(let envelope, let peer): follow(envelope.message, to: peer)
            case .log(.clientLost(let job)), .log(.jobClosed(let job)): waiting[job] = nil
            default: break
            }
        }
        // A worker may answer what an earlier generation of the coordinator lent it: then it is not lent again.
        if case .shardResult(let result)? = message?.0 { waiting[result.piece.job]?.remove(result.piece.shard) }
        guard case .submitShard(let shard)? = message?.0, let peer = message?.from, jobs[shard.job] == tenant(of: peer),
            lent[shard.job]?.contains(shard.shard) != true, !actions.contains(where: Self.isAnswer)
        else { return }
        if waiting[shard.job]?.isEmpty != false { overtaken[tenant(of: peer)] = 0 }
        waiting[shard.job, default: []].insert(shard.shard)
    }

    private func tenant(of peer: Peer) -> String? {
        let address = SimulatedAddress(peer)
        return faultPlan.tenant(of: address.role, address.index)
    }

    /// Whether a shard was answered before, or its job is unknown.
    private static func isAnswer(_ action: CoordinatorMachines.Action) -> Bool {
        guard case .send(let envelope, _) = action else { return false }
        return switch envelope.message {
        case .shardAnswer, .whoAreYou: true
        default: false
        }
    }

    private mutating func follow(_ message: Message, to peer: Peer) {
        switch message {
        case .jobAccepted(let accepted):
            jobs[accepted.job] = .some(tenant(of: peer))
            waiting[accepted.job] = nil
        case .jobRefused(let job, _, _), .jobClosed(let job): waiting[job] = nil
        case .shard(let piece, _, .texts(let texts)): lend(piece, texts, to: peer)
        default: break
        }
    }

    private mutating func lend(_ piece: PieceName, _ texts: TextBlock, to peer: Peer) {
        lent[piece.job, default: []].insert(piece.shard)
        waiting[piece.job]?.remove(piece.shard)
        // The coordinator does not say whose a job of a plan is; its texts do.
        let number = texts.texts.first.flatMap(\.self)?.split(separator: " ").dropFirst().first.flatMap { Int($0) }
        guard tenant(of: peer) == nil, let number else { return }
        let owner = faultPlan.tenant(of: .client, number)
        overtaken[owner] = 0
        var counted: Set<String?> = []
        for (job, shards) in waiting where !shards.isEmpty {
            guard let other = jobs[job], other != owner, counted.insert(other).inserted else { continue }
            overtaken[other, default: 0] += piece.rows.count
            let rows = overtaken[other, default: 0]
            overtakenMost = max(overtakenMost, rows)
            if rows > rowsMax {
                broken.append("\(other ?? "no tenant") waits while others are lent \(rows) rows, \(rowsMax) at most")
            }
        }
    }
}
