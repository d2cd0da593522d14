import OrderedCollections
import Wire

/// A live incarnation of a worker or rollout worker, as the coordinator or the planner sees it.
protocol MemberSession: Sendable {
    /// What names its work.
    associatedtype Name: Hashable & Sendable
    /// Where it is reached; changes when it connects again.
    var peer: Peer { get set }
    var name: String { get }
    var incarnation: UInt64 { get }
    /// When its last message arrived.
    var lastReceived: Instant { get set }
    /// What it holds.
    var leases: LeaseTable<Name> { get set }
    /// Whether it gets no work, because others contradict it.
    var isQuarantined: Bool { get }
}

extension MemberSession {
    var isQuarantined: Bool { false }
}

/// Who is alive: sessions by incarnation and by connection, and the incarnations that are dead.
///
/// An incarnation joins once, may change its connection, and leaves once: no dead incarnation becomes live again. The
/// coordinator keeps its workers in one, the planner its rollout workers in another.
struct Membership<Session: MemberSession>: Sendable {
    /// Live sessions by incarnation, in the order in which they joined. A session is changed in place; `add` and
    /// `remove` are the only ways in and out.
    var sessions: OrderedDictionary<UInt64, Session> = [:]
    private var incarnationByPeer: [Peer: UInt64] = [:]
    /// Dead incarnations, which may not join again, the latest last.
    private var dead: OrderedSet<UInt64> = []

    /// Dead incarnations remembered; they are random numbers, so forgetting an old one is harmless.
    private static var deadMax: Int { 4096 }

    var count: Int { sessions.count }

    /// Leases of all sessions.
    var leaseCount: Int { sessions.values.reduce(0) { $0 + $1.leases.count } }

    /// The live incarnation of a connection.
    func incarnation(at peer: Peer) -> UInt64? { incarnationByPeer[peer] }

    func isDead(_ incarnation: UInt64) -> Bool { dead.contains(incarnation) }

    /// The answer to a Hello whose sender may not join, whatever its role; `nil` when it may.
    func refusal(of hello: Hello) -> Message? {
        guard hello.protocolVersion == Limits.protocolVersion else {
            let message =
                "this coordinator speaks protocol \(Limits.protocolVersion), you speak \(hello.protocolVersion); "
                + "install the same version of statezero on both sides"
            return .refused(.protocolVersion, message: message)
        }
        return isDead(hello.incarnation) ? .dismissed(incarnation: hello.incarnation) : nil
    }

    /// The answer to a Hello for a session of another key; `nil` when there is none. Incarnations are in the log, so who
    /// knows one is not yet its holder.
    func refusal(ofIncarnation incarnation: UInt64, from peer: Peer) -> Message? {
        guard let session = sessions[incarnation],
            session.peer.owner != peer.owner || session.peer.tenant != peer.tenant
        else { return nil }
        let message = "another key joined as this incarnation; start the process again under its own key"
        return .refused(.permission, message: message)
    }

    /// The answer to a peer without a session: its incarnation is dead, or it must send Hello.
    func answer(toStranger message: Message) -> Message {
        if case .heartbeat(let heartbeat) = message, isDead(heartbeat.incarnation) {
            return .dismissed(incarnation: heartbeat.incarnation)
        }
        return .whoAreYou
    }

    /// The same incarnation over a new connection keeps its session and its leases; `false` when it has none.
    mutating func reconnect(_ incarnation: UInt64, at peer: Peer, now: Instant) -> Bool {
        guard let former = sessions[incarnation]?.peer else { return false }
        incarnationByPeer[former] = nil
        sessions[incarnation]?.peer = peer
        sessions[incarnation]?.lastReceived = now
        incarnationByPeer[peer] = incarnation
        return true
    }

    /// A new incarnation joins.
    mutating func add(_ session: Session) {
        sessions[session.incarnation] = session
        incarnationByPeer[session.peer] = session.incarnation
    }

    /// Ends an incarnation for ever. Returns its session, whose leases must be returned to the queue; `nil` when it has
    /// none.
    mutating func remove(_ incarnation: UInt64) -> Session? {
        guard let session = sessions.removeValue(forKey: incarnation) else { return nil }
        incarnationByPeer[session.peer] = nil
        dead.append(incarnation)
        if dead.count > Self.deadMax { dead.removeFirst() }
        return session
    }
}
