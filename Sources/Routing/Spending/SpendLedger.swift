/// What clients have spent today, and what their requests in flight may still cost. A plain value.
///
/// A request reserves its expected cost before it is forwarded, in the same step in which the limits are checked; when it
/// has ended, its real cost replaces the reservation. So parallel requests cannot all pass a limit that has room for one.
/// Amounts are whole nano-dollars, so that sums are exact and do not depend on their order. Days are those of UTC, as
/// numbers of days since 1970.
public struct SpendLedger: Sendable {
    /// A reservation. It must be settled once.
    public struct Hold: Hashable, Sendable {
        /// The client; `nil` where requests have no key of the fleet file.
        public let client: String?
        /// The day on which it was made.
        public let day: Int
        fileprivate let amount: Int64
    }

    private struct Account {
        var spent: Int64 = 0
        var reserved: Int64 = 0
    }

    private let limits: [String: Int64]
    private let totalLimit: Int64?
    private var accounts: [String: Account] = [:]
    private var total = Account()
    private var day: Int

    /// The limits of a fleet, with nothing spent.
    public init(_ fleet: Fleet, day: Int) {
        var limits: [String: Int64] = [:]
        for client in fleet.clients { limits[client.name] = client.dollarsPerDay.map(Self.units) }
        self.limits = limits
        totalLimit = fleet.dollarsPerDay.map(Self.units)
        self.day = day
    }

    /// Whether any limit exists. Without one nothing needs to be stored.
    public var hasLimits: Bool { totalLimit != nil || !limits.isEmpty }

    /// US dollars that a client may still spend on a day; `nil` without a limit.
    public func left(_ client: String?, day now: Int) -> Double? {
        let account =
            now > day ? Account(reserved: accounts[client ?? ""]?.reserved ?? 0) : accounts[client ?? ""] ?? Account()
        let total = now > day ? Account(reserved: total.reserved) : total
        let rooms = [
            limits[client ?? ""].map { Self.difference($0, account) }, totalLimit.map { Self.difference($0, total) },
        ].compactMap(\.self)
        return rooms.min().map { Double(max(0, $0)) / Self.unitsPerDollar }
    }

    /// Reserves; `nil` where a limit has no room for it.
    public mutating func reserve(_ client: String?, dollars: Double, day now: Int) -> Hold? {
        begin(now)
        let amount = Self.units(dollars)
        let account = accounts[client ?? ""] ?? Account()
        if let limit = limits[client ?? ""], Self.difference(limit, account) < amount { return nil }
        if let totalLimit, Self.difference(totalLimit, total) < amount { return nil }
        accounts[client ?? "", default: Account()].reserved = Self.sum(account.reserved, amount)
        total.reserved = Self.sum(total.reserved, amount)
        return Hold(client: client, day: day, amount: amount)
    }

    /// Replaces a reservation by what was really spent; 0 for a request that no endpoint answered.
    public mutating func settle(_ hold: Hold, dollars: Double) {
        let reserved = accounts[hold.client ?? ""]?.reserved ?? 0
        accounts[hold.client ?? "", default: Account()].reserved = max(0, reserved - hold.amount)
        total.reserved = max(0, total.reserved - hold.amount)
        add(hold.client, Self.units(dollars), on: hold.day)
    }

    /// Adds what was spent earlier on a day, from a store.
    public mutating func restore(_ client: String?, nanodollars: Int64, day: Int) {
        add(client, max(0, nanodollars), on: day)
    }

    /// US dollars spent on the current day by client; requests without a client are under "".
    public func spent(day now: Int) -> [String: Double] {
        guard now == day else { return [:] }
        return accounts.mapValues { Double($0.spent) / Self.unitsPerDollar }
    }

    private mutating func add(_ client: String?, _ amount: Int64, on day: Int) {
        guard day == self.day else { return }
        accounts[client ?? "", default: Account()].spent = Self.sum(accounts[client ?? ""]?.spent ?? 0, amount)
        total.spent = Self.sum(total.spent, amount)
    }

    /// A new day begins with nothing spent. A clock that is set back changes nothing.
    private mutating func begin(_ now: Int) {
        guard now > day else { return }
        day = now
        accounts = accounts.mapValues { Account(reserved: $0.reserved) }
        total.spent = 0
    }

    private static let unitsPerDollar = 1e9

    /// Nano-dollars of an amount, rounded up: a tiny cost is not free.
    public static func units(_ dollars: Double) -> Int64 {
        guard dollars > 0 else { return 0 }
        return Int64(min((dollars * unitsPerDollar - 1e-6).rounded(.up), 4e18))
    }

    private static func sum(_ left: Int64, _ right: Int64) -> Int64 {
        let (sum, isOver) = left.addingReportingOverflow(right)
        return isOver ? .max : sum
    }

    private static func difference(_ limit: Int64, _ account: Account) -> Int64 {
        limit - min(limit, sum(account.spent, account.reserved))
    }
}
