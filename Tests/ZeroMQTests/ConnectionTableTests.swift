import Testing

@testable import ZeroMQ

@Suite("bounds of connections")
struct ConnectionTableTests {
    private typealias Measure = ConnectionTable.Measure

    private func table() -> ConnectionTable {
        var bounds = ConnectionBounds()
        bounds.unreadBytesMax = 1000
        bounds.unsentBytesMax = 1000
        bounds.totalBytesMax = 1500
        bounds.connectionsMax = 3
        return ConnectionTable(bounds)
    }

    @Test("a connection is cut once, when more arrived than may be unread")
    func unread() {
        var table = table()
        #expect(table.open(5) == nil)
        #expect(table.cuts { _ in Measure(received: 900, acknowledged: 0) }.isEmpty)
        table.read(800, frames: 1, from: 5, route: [1])
        #expect(table.cuts { _ in Measure(received: 1800, acknowledged: 0) }.isEmpty)
        #expect(table.cuts { _ in Measure(received: 2900, acknowledged: 0) }.map(\.cut.bound) == [.unread])
        #expect(table.cuts { _ in Measure(received: 9000, acknowledged: 0) }.isEmpty)
    }

    @Test("a peer that acknowledges what it was sent stays, one that does not is cut")
    func unsent() {
        var table = table()
        #expect(table.open(5) == nil)
        table.read(10, frames: 2, from: 5, route: [1])
        for turn in 1...5 as ClosedRange<UInt64> {
            table.sent(900, to: [1])
            #expect(table.cuts { _ in Measure(received: 10, acknowledged: turn * 900 + 50) }.isEmpty)
        }
        table.sent(1100, to: [1])
        #expect(table.cuts { _ in Measure(received: 10, acknowledged: 4550) }.map(\.cut.bound) == [.unsent])
    }

    @Test("all connections together have a bound: the one with the most is cut")
    func total() {
        var table = table()
        for descriptor in 5...6 as ClosedRange<Int32> { #expect(table.open(descriptor) == nil) }
        let cuts = table.cuts { Measure(received: $0 == 5 ? 700 : 950, acknowledged: 0) }
        #expect(cuts.map(\.descriptor) == [6] && cuts.map(\.cut.bound) == [.total])
    }

    @Test("a connection beyond the number is cut, and a closed one makes room")
    func number() {
        var table = table()
        for descriptor in 5...7 as ClosedRange<Int32> { #expect(table.open(descriptor) == nil) }
        #expect(table.open(8)?.bound == .connections)
        table.close(8)
        table.close(5)
        #expect(table.open(5) == nil)
    }
}
