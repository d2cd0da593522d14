import OrderedCollections
import Scoring
import Wire

/// A live worker as the coordinator sees it: one incarnation, its credit and what it has in hand.
struct WorkerSession {
    /// Where it is reached; changes when its connection does.
    var peer: Peer
    let name: String
    /// Stable hash of the name.
    let nameHash: UInt64
    let incarnation: UInt64
    /// The level it granted last.
    var credit: Credit
    var lastHeard: Instant
    /// The last progress it reported; leases are renewed when it grows.
    var progress: UInt64 = 0
    /// It wants nothing more.
    var isDraining = false
    /// It returned a piece for want of room. What it grants counts again when it next speaks of what it has.
    private(set) var isFull = false
    /// Contexts it was sent, the latest last: a mirror of what it keeps.
    private(set) var contexts: [Digest] = []
    /// What it was lent and has not answered, in order: the first is the one it is running.
    private(set) var inHand: OrderedDictionary<PieceName, Lease> = [:]
    private(set) var rowsInHand = 0
    private(set) var tokensInHand = 0

    /// A piece lent until an instant.
    struct Lease {
        let tokens: Int
        var expires: Instant
        /// Whether the worker's last heartbeat named it: a stuck worker names it, a lost message does not.
        var isNamed = false
        /// Whether it is run alone, because a worker died with it before.
        let isSuspect: Bool
    }

    init(peer: Peer, name: String, incarnation: UInt64, credit: Credit, now: Instant) {
        self.peer = peer
        self.name = name
        nameHash = StableHash(of: name).value
        self.incarnation = incarnation
        self.credit = credit
        self.lastHeard = now
    }

    /// Contexts a worker keeps prepared.
    static let contextsMax = 4

    /// Whether a piece may be sent: within credit, or alone when it is larger than the whole credit.
    func takes(rows: Int, tokens: Int, isSuspect: Bool) -> Bool {
        guard !isDraining, !isFull, credit.rows > 0, credit.tokens > 0 else { return false }
        if inHand.isEmpty { return true }
        return !isSuspect && inHand.count < credit.pieces && !inHand.values.contains { $0.isSuspect }
            && rowsInHand + rows <= credit.rows && tokensInHand + tokens <= credit.tokens
    }

    /// Whether it may have another piece in hand, if that is within its credit.
    var hasRoom: Bool { inHand.count < credit.pieces }

    /// When the first of its leases ends.
    var nextExpiry: Instant? {
        var next: Instant?
        for lease in inHand.values { next = min(next ?? lease.expires, lease.expires) }
        return next
    }

    mutating func lend(_ piece: PieceName, _ lease: Lease) {
        inHand[piece] = lease
        rowsInHand += Int(piece.rows)
        tokensInHand += lease.tokens
    }

    @discardableResult
    mutating func release(_ piece: PieceName) -> Bool {
        guard let lease = inHand.removeValue(forKey: piece) else { return false }
        rowsInHand -= Int(piece.rows)
        tokensInHand -= lease.tokens
        return true
    }

    /// Notes a level of credit, and with it that there is room again.
    mutating func grant(_ level: Credit) {
        credit = level
        isFull = false
    }

    /// Notes that a piece came back because it found no room.
    mutating func fill() {
        isFull = true
    }

    /// Notes which pieces a heartbeat names; the others may have been lost on their way.
    mutating func name(_ named: [PieceName]) {
        for piece in inHand.keys { inHand[piece]?.isNamed = named.contains(piece) }
    }

    /// Notes progress, which renews the leases of the pieces that the worker named last. A result names none, so a
    /// piece that never arrived is not kept alive by the others.
    mutating func renew(progress reported: UInt64, until expires: Instant) {
        guard reported > progress else { return }
        progress = reported
        // By place, not by name: this is done at every result.
        for place in inHand.values.indices where inHand.values[place].isNamed {
            inHand.values[place].expires = expires
        }
    }

    /// Notes that a context goes out; `false` when the worker has it already.
    mutating func needsContext(_ digest: Digest) -> Bool {
        let isKnown = contexts.contains(digest)
        contexts.removeAll { $0 == digest }
        contexts.append(digest)
        if contexts.count > Self.contextsMax { contexts.removeFirst() }
        return !isKnown
    }

    /// How well a worker suits a piece: rendezvous hashing (Thaler and Ravishankar, 1998) of its name and the texts.
    static func affinity(of nameHash: UInt64, to texts: UInt64) -> UInt64 {
        SeededGenerator.mixed(nameHash ^ texts)
    }
}
