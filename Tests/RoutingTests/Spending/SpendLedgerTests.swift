import Routing
import Testing

@Suite("Spend limits")
struct SpendLedgerTests {
    private func ledger(total: Double? = nil, limit: Double? = 1) throws -> SpendLedger {
        var fleet = try Fleet(models: [FleetModel(name: "a", price: .flat(1))])
        fleet.clients = [
            FleetClient(name: "x", keyVariable: "X", dollarsPerDay: limit), FleetClient(name: "y", keyVariable: "Y"),
        ]
        fleet.dollarsPerDay = total
        return SpendLedger(fleet, day: 10)
    }

    @Test("a hundred parallel requests of a cent cannot pass a limit that has room for ten")
    func parallel() throws {
        var ledger = try ledger(limit: 0.1)
        let holds = (0..<100).compactMap { _ in ledger.reserve("x", dollars: 0.01, day: 10) }
        #expect(holds.count == 10)
        #expect(ledger.left("x", day: 10) == 0)
        for hold in holds { ledger.settle(hold, dollars: 0.005) }
        #expect(ledger.left("x", day: 10) == 0.05)
        #expect(ledger.spent(day: 10)["x"] == 0.05)
        let refused = ledger.reserve("x", dollars: 0.06, day: 10)
        #expect(refused == nil)
    }

    @Test("the limit of all clients counts, too, and a client without a limit has only that")
    func total() throws {
        var ledger = try ledger(total: 1.5)
        let first = ledger.reserve("x", dollars: 1, day: 10)
        #expect(first != nil && ledger.left("y", day: 10) == 0.5)
        let (second, third) = (ledger.reserve("y", dollars: 0.6, day: 10), ledger.reserve(nil, dollars: 0.5, day: 10))
        #expect(second == nil && third != nil)
    }

    @Test("a new day begins with nothing spent; a request that began the day before does not count in it")
    func days() throws {
        var ledger = try ledger()
        let hold = ledger.reserve("x", dollars: 1, day: 10)
        let old = try #require(hold)
        #expect(ledger.left("x", day: 11) == 0, "still reserved")
        let early = ledger.reserve("x", dollars: 1, day: 11)
        #expect(early == nil)
        ledger.settle(old, dollars: 1)
        #expect(ledger.left("x", day: 11) == 1)
        let new = ledger.reserve("x", dollars: 1, day: 11)
        #expect(new != nil)
        let back = ledger.reserve("x", dollars: 0.5, day: 10)
        #expect(back == nil, "a clock that is set back changes nothing")
    }

    @Test("what was spent before a restart counts")
    func restored() throws {
        var ledger = try ledger()
        ledger.restore("x", nanodollars: 900_000_000, day: 10)
        ledger.restore("x", nanodollars: 900_000_000, day: 9)
        #expect(ledger.left("x", day: 10).map { abs($0 - 0.1) < 1e-12 } == true)
    }

    @Test("amounts of any size keep the sums in their range")
    func extremes() throws {
        var ledger = try ledger(limit: 1e9)
        for dollars in [1e30, .infinity, -1, .nan, 0] {
            if let hold = ledger.reserve("x", dollars: dollars, day: 10) { ledger.settle(hold, dollars: 1e30) }
        }
        #expect(ledger.left("x", day: 10) == 0)
        #expect(SpendLedger.units(1e-12) == 1)
        #expect(SpendLedger.units(0.1) == 100_000_000)
    }
}
