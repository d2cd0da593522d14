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
    /// Whether it reads row ranges.
    var readsRanges: Bool { get }
    /// Most leases that it may have.
    var leasesMax: Int { get }
}

extension MemberSession {
    var isQuarantined: Bool { false }
    var readsRanges: Bool { false }

    /// What may be lent to it: nothing in quarantine.
    var room: LeaseTable<Name>.Room { isQuarantined ? .init() : leases.room(countMax: leasesMax) }

    /// What it adds to the levels of all.
    var levels: MemberLevels {
        let hasRoom = !room.isEmpty
        return MemberLevels(
            leases: leases.count, ready: hasRoom ? 1 : 0, idle: hasRoom && leases.count == 0 ? 1 : 0,
            rangeReaders: readsRanges ? 1 : 0)
    }
}

/// What live sessions have together.
struct MemberLevels: Equatable, Sendable {
    var leases = 0
    /// Sessions that something may be lent to.
    var ready = 0
    /// Those of them that hold nothing.
    var idle = 0
    /// Sessions that read row ranges.
    var rangeReaders = 0

    static func += (levels: inout MemberLevels, more: MemberLevels) {
        levels.leases += more.leases
        levels.ready += more.ready
        levels.idle += more.idle
        levels.rangeReaders += more.rangeReaders
    }

    static func -= (levels: inout MemberLevels, less: MemberLevels) {
        levels.leases -= less.leases
        levels.ready -= less.ready
        levels.idle -= less.idle
        levels.rangeReaders -= less.rangeReaders
    }
}

/// Who is alive: sessions by incarnation and by connection, and the incarnations that are dead.
///
/// An incarnation joins once, may change its connection, and leaves once: no dead incarnation becomes live again. The
/// coordinator keeps its workers in one, the planner its rollout workers in another.
///
/// A thousand sessions send a heartbeat each second, so a message and a turn look at few of them: levels are kept, not
/// counted, and so are lower bounds of what expires. A bound that is due is corrected by a look at each session, at most
/// a few times in the time in which a silent one dies.
struct Membership<Session: MemberSession>: Sendable {
    /// Live sessions by incarnation, in the order in which they joined. `change` changes one; `add` and `remove` are the
    /// only ways in and out.
    private(set) var sessions: OrderedDictionary<UInt64, Session> = [:]
    /// What all sessions have together.
    private(set) var levels = MemberLevels()
    /// The last message of no session is older: a lower bound. `nil` without sessions.
    private(set) var heardFrom: Instant?
    /// No lease expires before: a lower bound. `nil` where there was none.
    private(set) var leasesFrom: Instant?
    /// Sessions to which more may be lent than when `takeGrown` was called last.
    private(set) var grown: OrderedSet<UInt64> = []
    private var incarnationByPeer: [Peer: UInt64] = [:]
    /// Dead incarnations, which may not join again, the latest last.
    private var dead: OrderedSet<UInt64> = []

    /// Dead incarnations remembered; they are random numbers, so forgetting an old one is harmless.
    private static var deadMax: Int { 4096 }

    var count: Int { sessions.count }

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
        change(incarnation) {
            $0.peer = peer
            $0.lastReceived = now
        }
        incarnationByPeer[peer] = incarnation
        return true
    }

    /// A new incarnation joins.
    mutating func add(_ session: Session) {
        sessions[session.incarnation] = session
        incarnationByPeer[session.peer] = session.incarnation
        levels += session.levels
        heardFrom = min(heardFrom ?? session.lastReceived, session.lastReceived)
        grown.append(session.incarnation)
    }

    /// Changes a session in place; `nil` where there is none. Cost: that of the change.
    @discardableResult
    mutating func change<Value>(_ incarnation: UInt64, _ change: (inout Session) -> Value) -> Value? {
        guard let place = sessions.index(forKey: incarnation) else { return nil }
        let (value, changed) = Self.observe(&sessions.values[place], change)
        levels -= changed.before
        levels += changed.after
        if let from = changed.leasesFrom { leasesFrom = min(leasesFrom ?? from, from) }
        if changed.hasGrown { grown.append(incarnation) }
        return value
    }

    /// What a change has done to a session.
    private struct Changed {
        let before: MemberLevels
        let after: MemberLevels
        let leasesFrom: Instant?
        let hasGrown: Bool
    }

    /// Changes a session in place: it is not copied.
    private static func observe<Value>(
        _ session: inout Session, _ change: (inout Session) -> Value
    ) -> (Value, Changed) {
        let (before, room) = (session.levels, session.room)
        let value = change(&session)
        let changed = Changed(
            before: before, after: session.levels, leasesFrom: session.leases.expiresFrom,
            hasGrown: session.room.grows(beyond: room))
        return (value, changed)
    }

    /// Records that a message of a session has arrived.
    mutating func heard(_ incarnation: UInt64, at now: Instant) {
        guard let place = sessions.index(forKey: incarnation) else { return }
        sessions.values[place].lastReceived = now
    }

    /// Makes `takeGrown` return a session, too.
    mutating func reconsider(_ incarnation: UInt64) { grown.append(incarnation) }

    /// The sessions to which more may be lent than before, some of which may have left.
    mutating func takeGrown() -> OrderedSet<UInt64> {
        defer { grown = [] }
        return grown
    }

    /// When a session is silent for `livenessTime` or a lease expires, at the earliest.
    func nextExpiry(livenessTime: Duration) -> Instant? {
        let silence = heardFrom.map { $0 + livenessTime }
        guard let silence, let leasesFrom else { return silence ?? leasesFrom }
        return min(silence, leasesFrom)
    }

    /// Makes the lower bounds exact. Cost: a look at each session and lease.
    mutating func correctBounds() {
        heardFrom = nil
        leasesFrom = nil
        for place in sessions.values.indices {
            let heard = sessions.values[place].lastReceived
            heardFrom = min(heardFrom ?? heard, heard)
            sessions.values[place].leases.correctBound()
            guard let from = sessions.values[place].leases.expiresFrom else { continue }
            leasesFrom = min(leasesFrom ?? from, from)
        }
    }

    /// What of `levels` and the bounds differs from the sessions, a sentence each; for tests and simulation.
    var brokenInvariants: [String] {
        var broken: [String] = []
        var counted = MemberLevels()
        for session in sessions.values { counted += session.levels }
        if counted != levels { broken.append("\(levels) are kept, the sessions have \(counted)") }
        for session in sessions.values {
            if heardFrom.map({ $0 > session.lastReceived }) ?? true {
                broken.append("\(session.incarnation) was heard at \(session.lastReceived), the bound is later")
            }
            guard let expiry = session.leases.nextExpiry else { continue }
            for bound in [session.leases.expiresFrom, leasesFrom] where bound.map({ $0 > expiry }) ?? true {
                broken.append("a lease of \(session.incarnation) expires at \(expiry), the bound is later")
            }
        }
        return broken
    }

    /// Ends an incarnation for ever. Returns its session, whose leases must be returned to the queue; `nil` when it has
    /// none.
    mutating func remove(_ incarnation: UInt64) -> Session? {
        guard let session = sessions.removeValue(forKey: incarnation) else { return nil }
        incarnationByPeer[session.peer] = nil
        levels -= session.levels
        if sessions.isEmpty { (heardFrom, leasesFrom) = (nil, nil) }
        dead.append(incarnation)
        if dead.count > Self.deadMax { dead.removeFirst() }
        return session
    }
}
