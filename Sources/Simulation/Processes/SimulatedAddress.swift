import Cluster

/// A peer's address: which process, which life of it, and which life of the coordinator it is connected to. All are in
/// the routing id, so that a message to a former life is recognised.
struct SimulatedAddress: Hashable {
    enum Role: UInt8 { case worker, client, trainer, rollout }
    let role: Role
    let index: Int
    let life: Int
    /// The coordinator's life.
    let connection: Int

    init(role: Role, index: Int, life: Int, connection: Int) {
        self.role = role
        self.index = index
        self.life = life
        self.connection = connection
    }

    init(_ peer: Peer) {
        let parts = peer.bytes.map(Int.init)
        guard parts.count == 4, let role = Role(rawValue: peer.bytes[0]) else {
            preconditionFailure("a simulated routing id has four bytes, the first of them a role")
        }
        self.init(role: role, index: parts[1], life: parts[2], connection: parts[3])
    }

    /// The peer, with what the keys say of its tenant.
    func peer(_ faultPlan: FaultPlan) -> Peer {
        let tenant = faultPlan.forgetsTenants ? nil : faultPlan.tenant(of: role, index)
        return Peer([role.rawValue, UInt8(index), UInt8(life), UInt8(connection)], tenant: tenant)
    }
}
