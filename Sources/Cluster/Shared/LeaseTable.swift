import OrderedCollections
import Wire

/// What one incarnation of a worker or rollout worker holds, and the credit it granted for that.
///
/// Names are those of pieces or of assignments. Credit counts in two units: rows and tokens of a worker's pieces,
/// assignments and rollouts of a rollout worker. Here both are called rows and tokens.
struct LeaseTable<Name: Hashable & Sendable>: Sendable {
    /// Work that was lent until an instant.
    struct Lease: Sendable {
        let rows: Int
        let tokens: Int
        let lentAt: Instant
        var expires: Instant
        /// Whether the last heartbeat named it: a stuck worker names it, a lost message does not.
        var isNamed = false
        /// Whether it runs alone, because a worker died with it before.
        var isSuspect = false
    }

    /// The level granted last.
    var credit: Credit
    /// It accepts no more work.
    var isDraining = false
    /// It returned work because it had no space. Credit counts again when it is granted again.
    private(set) var isFull = false
    /// What it was lent and has not answered, in order: the first is what it runs.
    private(set) var leases: OrderedDictionary<Name, Lease> = [:]
    private(set) var rows = 0
    private(set) var tokens = 0
    /// No lease expires before it: a lower bound, which a renewal or an answer does not move.
    private(set) var expiresFrom: Instant?
    /// The last progress it reported; leases are renewed when it grows.
    private var progress: UInt64 = 0

    init(credit: Credit) {
        self.credit = credit
    }

    var count: Int { leases.count }

    /// Whether it accepts work, now or when it has done what it holds.
    var isOpen: Bool { !isDraining && credit.rows > 0 && credit.tokens > 0 }

    /// Whether so much may be lent: within credit and within `countMax` leases, or alone when it is more than the whole
    /// credit.
    func canAccept(rows: Int, tokens: Int, countMax: Int, isSuspect: Bool = false) -> Bool {
        guard isOpen, !isFull else { return false }
        if leases.isEmpty { return true }
        return !isSuspect && leases.count < countMax && !leases.values.contains { $0.isSuspect }
            && self.rows + rows <= credit.rows && self.tokens + tokens <= credit.tokens
    }

    /// What may still be lent to it. Without a lease, rows and tokens are not limited: it is lent one that is larger than
    /// the whole credit.
    struct Room {
        var leases = 0
        var rows = 0
        var tokens = 0

        var isEmpty: Bool { leases <= 0 || rows <= 0 || tokens <= 0 }

        /// Whether something fits in it that does not fit in another one.
        func grows(beyond other: Room) -> Bool {
            !isEmpty && (other.isEmpty || leases > other.leases || rows > other.rows || tokens > other.tokens)
        }
    }

    /// What may still be lent to it within `countMax` leases.
    func room(countMax: Int) -> Room {
        guard isOpen, !isFull else { return Room() }
        guard !leases.isEmpty else { return Room(leases: countMax, rows: .max, tokens: .max) }
        return Room(leases: countMax - leases.count, rows: credit.rows - rows, tokens: credit.tokens - tokens)
    }

    /// When the first of its leases expires. Cost: a look at each.
    var nextExpiry: Instant? {
        var next: Instant?
        for lease in leases.values { next = min(next ?? lease.expires, lease.expires) }
        return next
    }

    mutating func lend(_ name: Name, _ lease: Lease) {
        leases[name] = lease
        expiresFrom = min(expiresFrom ?? lease.expires, lease.expires)
        rows += lease.rows
        tokens += lease.tokens
    }

    /// Ends a lease; `false` where there is none.
    @discardableResult
    mutating func release(_ name: Name) -> Bool {
        guard let lease = leases.removeValue(forKey: name) else { return false }
        rows -= lease.rows
        tokens -= lease.tokens
        if leases.isEmpty { expiresFrom = nil }
        return true
    }

    /// Makes the lower bound of expiries exact.
    mutating func correctBound() { expiresFrom = nextExpiry }

    /// Sets the level of credit; work may be lent again after a return.
    mutating func grant(_ level: Credit) {
        credit = level
        isFull = false
    }

    /// Records that work was returned because it was beyond credit.
    mutating func markFull() { isFull = true }

    /// Records what a heartbeat names; the rest may have been lost on its way.
    mutating func setNamed(_ names: [Name]) {
        let names = Set(names)
        for place in leases.values.indices { leases.values[place].isNamed = names.contains(leases.keys[place]) }
    }

    /// Records progress, which renews the leases of what was named last. A result names nothing, so work that never
    /// arrived is not kept alive by other work.
    mutating func renew(progress reported: UInt64, until expires: Instant) {
        guard reported > progress else { return }
        progress = reported
        // By place, not by name: this is done at every result.
        for place in leases.values.indices where leases.values[place].isNamed {
            leases.values[place].expires = expires
        }
    }
}
