import Scoring
import Wire

/// A live worker as the coordinator sees it: one incarnation, its leases and the contexts it keeps.
struct WorkerSession: MemberSession {
    var peer: Peer
    let name: String
    /// Stable hash of the name.
    let nameHash: UInt64
    let incarnation: UInt64
    /// How answers name it.
    let label: WorkerLabel
    /// What its deaths and its answers are counted under, over all its incarnations.
    let identity: String
    /// Whether other workers contradict it: it is lent nothing, and its answers are ignored.
    var isQuarantined = false
    /// Whether it reads side information; pieces with it are lent to no other worker.
    let readsSide: Bool
    /// Whether it reads row ranges; they are lent to no other worker.
    let readsRanges: Bool
    var lastReceived: Instant
    /// Pieces that it holds.
    var leases: LeaseTable<PieceName>
    /// Contexts it was sent, the latest last: the same ones that it keeps.
    private(set) var contexts: [Digest] = []

    init(
        peer: Peer, name: String, incarnation: UInt64, credit: Credit, readsSide: Bool = false,
        readsRanges: Bool = false, now: Instant
    ) {
        self.readsSide = readsSide
        self.readsRanges = readsRanges
        self.peer = peer
        label = WorkerLabel(name: name, key: peer.owner)
        identity = label.identity
        self.name = name
        nameHash = StableHash(of: name).value
        self.incarnation = incarnation
        lastReceived = now
        leases = LeaseTable(credit: credit)
    }

    /// Contexts a worker keeps prepared.
    static let contextsMax = 4

    /// Pieces that it may hold.
    var leasesMax: Int { leases.credit.pieces }

    /// Whether a piece may be sent: within credit, or alone when it is larger than the whole credit.
    func canAccept(rows: Int, tokens: Int, isSuspect: Bool) -> Bool {
        leases.canAccept(rows: rows, tokens: tokens, countMax: leases.credit.pieces, isSuspect: isSuspect)
    }

    /// Whether it works for a tenant: one with a tenant of its own works for that alone.
    func serves(_ tenant: String?) -> Bool { peer.tenant == nil || peer.tenant == tenant }

    /// Whether it reads the rows of a shard: any worker reads texts.
    func reads(_ shard: Job.Shard?) -> Bool { readsRanges || shard?.isRanges != true }

    /// Records that work under a context is sent; `false` when the worker has the context already.
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
