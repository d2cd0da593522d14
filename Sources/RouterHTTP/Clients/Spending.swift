import Foundation
import Logging
import Routing
import Synchronization

/// The ledger of spending with its clock and its store.
final class Spending: Sendable {
    private let ledger: Mutex<SpendLedger>
    private let store: SpendStore?
    private let logger: Logger

    /// With what was spent today before. A fleet without limits has no store. Throws `state`.
    init(_ fleet: Fleet, path: String, logger: Logger) throws(RouterHTTPError) {
        let today = Self.today
        var ledger = SpendLedger(fleet, day: today)
        store = ledger.hasLimits ? try SpendStore(path: path) : nil
        for entry in try store?.entries(day: today) ?? [] {
            ledger.restore(entry.client, nanodollars: entry.nanodollars, day: today)
        }
        self.ledger = Mutex(ledger)
        self.logger = logger
    }

    /// US dollars that a client may still spend today; `nil` without a limit.
    func left(_ client: String?) -> Double? { ledger.withLock { $0.left(client, day: Self.today) } }

    /// Reserves the cost of a request; `nil` where a limit has no room for it.
    func reserve(_ client: String?, dollars: Double) -> SpendLedger.Hold? {
        ledger.withLock { $0.reserve(client, dollars: dollars, day: Self.today) }
    }

    /// Replaces a reservation by the real cost, and stores it.
    func settle(_ hold: SpendLedger.Hold, dollars: Double) {
        ledger.withLock { $0.settle(hold, dollars: dollars) }
        guard let store, dollars > 0 else { return }
        do {
            try store.add(.init(client: hold.client, nanodollars: SpendLedger.units(dollars)), day: hold.day)
        } catch {
            logger.error("spending not stored", metadata: ["error": "\(error)"])
        }
    }

    /// US dollars spent today by client; requests without a client are under "".
    var spent: [String: Double] { ledger.withLock { $0.spent(day: Self.today) } }

    /// Seconds until the next day begins.
    var secondsLeft: Int {
        let now = Int(Date().timeIntervalSince1970)
        return Self.secondsPerDay - now % Self.secondsPerDay
    }

    private static let secondsPerDay = 86_400
    /// Days since 1970, UTC.
    private static var today: Int { Int(Date().timeIntervalSince1970) / secondsPerDay }
}
