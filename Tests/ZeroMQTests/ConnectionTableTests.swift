import Testing
import ZeroMQ

@Suite("bounds of connections")
struct ConnectionTableTests {
    private typealias Measure = ConnectionTable.Measure

    private func table() -> ConnectionTable {
        var bounds = ConnectionBounds()
        bounds.unreadBytesMax = 1000
        bounds.unsentBytesMax = 1000
        bounds.totalBytesMax = 1500
        bounds.connectionsMax = 3
        (bounds.handshakeBytes, bounds.pingBytes) = (0, 16)
        return ConnectionTable(bounds)
    }

    @Test("a connection is cut once, when more arrived than may be unread")
    func unread() {
        var table = table()
        table.open(5)
        #expect(table.cuts(memory: 0) { _ in Measure(received: 900, acknowledged: 0) }.isEmpty)
        _ = table.read(800, from: 5, route: [1])
        #expect(table.cuts(memory: 0) { _ in Measure(received: 1800, acknowledged: 0) }.isEmpty)
        #expect(table.cuts(memory: 0) { _ in Measure(received: 2900, acknowledged: 0) }.map(\.cut.bound) == [.unread])
        #expect(table.cuts(memory: 0) { _ in Measure(received: 9000, acknowledged: 0) }.isEmpty)
    }

    @Test("a peer that has sent many small messages has no credit for a message that does not end")
    func noCredit() {
        var table = table()
        table.open(5)
        for turn in 1...100 as ClosedRange<UInt64> {
            _ = table.read(5, from: 5, route: [1])
            table.emptied()
            #expect(table.cuts(memory: 0) { _ in Measure(received: turn * 10, acknowledged: 0) }.isEmpty)
        }
        let cuts = table.cuts(memory: 0) { _ in Measure(received: 1000 + 1100, acknowledged: 0) }
        #expect(cuts.map(\.cut.bound) == [.unread])
    }

    @Test("a peer that sends a little without end, and never a whole message, is counted whole")
    func drip() {
        var table = table()
        table.open(5)
        _ = table.read(5, from: 5, route: [1])
        for turn in 1...60 as ClosedRange<UInt64> {
            table.emptied()
            #expect(table.cuts(memory: 0) { _ in Measure(received: 5 + turn * 16, acknowledged: 0) }.isEmpty)
        }
        #expect(table.unread == 59 * 16, "one of them may be a ping")
    }

    @Test("messages of a connection that was cut off are dropped, those of a later one with its descriptor are not")
    func dropped() {
        var table = table()
        for descriptor in 5...6 as ClosedRange<Int32> { table.open(descriptor) }
        #expect([table.read(10, from: 5, route: [0, 1]), table.read(10, from: 6, route: [7])] == [false, false])
        let both = table.cuts(memory: 0) { Measure(received: $0 == 5 ? 2000 : 1100, acknowledged: 0) }
        #expect(both.count == 2)
        #expect([table.read(10, from: 5, route: [0, 1]), table.read(10, from: 6, route: [7])] == [true, true])
        for descriptor in 5...6 as ClosedRange<Int32> {
            table.close(descriptor)
            table.open(descriptor)
        }
        let former = table.read(900, from: 5, route: [0, 1])
        #expect(former, "it still waits, and is no message of the new connection")
        #expect(table.cuts(memory: 0) { $0 == 5 ? Measure(received: 1100, acknowledged: 0) : nil }.count == 1)
        let later = [table.read(10, from: 5, route: [0, 2]), table.read(10, from: 6, route: [7])]
        #expect(later == [false, false], "a peer may choose the same id again")
    }

    @Test("a message that is read before its connection is reported is not of the former one with its descriptor")
    func early() {
        var table = table()
        _ = table.read(10, from: 5, route: [0, 0, 0, 0, 1])
        table.open(5)
        #expect(table.cuts(memory: 0) { _ in Measure(received: 2000, acknowledged: 0) }.count == 1)
        let early = table.read(900, from: 5, route: [0, 0, 0, 0, 2])
        table.close(5)
        table.open(5)
        let former = table.read(900, from: 5, route: [0, 0, 0, 0, 1])
        #expect(!early && former)
        #expect(table.cuts(memory: 0) { _ in Measure(received: 1800, acknowledged: 0) }.isEmpty, "900 were read early")
        #expect(table.cuts(memory: 0) { _ in Measure(received: 2000, acknowledged: 0) }.map(\.descriptor) == [5])
    }

    @Test("a connection that was taken for a former one of its descriptor gets its own name later")
    func late() {
        var table = table()
        table.open(5)
        table.close(5)
        table.open(5)
        for number in [1, 2] as [UInt8] { _ = table.read(100, from: 5, route: [0, 0, 0, 0, number]) }
        for _ in 1...2 { #expect(table.cuts(memory: 0) { _ in Measure(received: 200, acknowledged: 0) }.isEmpty) }
        _ = table.read(100, from: 5, route: [0, 0, 0, 0, 1])
        _ = table.cuts(memory: 0) { _ in Measure(received: 1150, acknowledged: 0) }
        #expect(table.unread == 1150 - 200, "what the former had sent is not its own")
    }

    @Test("messages of a connection that its peer closed are not dropped, and count until they are read")
    func closed() {
        var (table, _) = grown(to: 104_000)
        let first = table.read(10, from: 5, route: [0, 1])
        table.close(5)
        let second = table.read(10, from: 5, route: [0, 1])
        #expect(table.cuts(memory: 106_000) { _ in nil }.map(\.cut.bound) == [.memory])
        let third = table.read(10, from: 5, route: [0, 1])
        table.emptied()
        let fourth = table.read(10, from: 5, route: [0, 1])
        #expect([first, second, third, fourth] == [false, false, true, false])
    }

    @Test("messages of connections that come and go are dropped where they cost too much memory, until all are read")
    func unknown() {
        var (table, _) = grown(to: 104_000, unread: 10)
        _ = table.read(10, from: 6, route: [0, 6])
        table.open(7)
        table.close(7)
        let cuts = table.cuts(memory: 106_000) { _ in Measure(received: 10, acknowledged: 0) }
        #expect(cuts.map(\.cut.bound) == [.memory] && cuts.map(\.descriptor) == [nil])
        let unknown = [table.read(10, from: 7, route: [0, 7]), table.read(10, from: 5, route: [0, 5])]
        let known = table.read(10, from: 6, route: [0, 6])
        table.emptied()
        let later = table.read(10, from: 5, route: [0, 5])
        #expect(unknown == [true, true] && !known && !later)
    }

    @Test("a peer that acknowledges what it was sent stays, one that does not is cut")
    func unsent() {
        var table = table()
        table.open(5)
        _ = table.read(10, from: 5, route: [1])
        for turn in 1...5 as ClosedRange<UInt64> {
            table.sent(900, to: [1])
            #expect(table.cuts(memory: 0) { _ in Measure(received: 10, acknowledged: turn * 900 + 50) }.isEmpty)
        }
        table.sent(1100, to: [1])
        #expect(table.cuts(memory: 0) { _ in Measure(received: 10, acknowledged: 4550) }.map(\.cut.bound) == [.unsent])
    }

    @Test("all connections together have a bound: those with the most are cut, until half is left")
    func total() {
        var table = table()
        for descriptor in 5...6 as ClosedRange<Int32> { table.open(descriptor) }
        let cuts = table.cuts(memory: 0) { Measure(received: $0 == 5 ? 700 : 950, acknowledged: 0) }
        #expect(cuts.map(\.descriptor) == [6] && cuts.map(\.cut.bound) == [.total])
    }

    @Test("what a thousand connections are sent at once cuts none of them: they share it in memory")
    func shared() {
        var bounds = ConnectionBounds()
        bounds.totalBytesMax = 5000
        var table = ConnectionTable(bounds)
        for descriptor in 1...1000 as ClosedRange<Int32> {
            let route = [UInt8(descriptor / 256), UInt8(descriptor % 256)]
            table.open(descriptor)
            _ = table.read(1, from: descriptor, route: route)
            table.sent(1 << 20, to: route)
        }
        #expect(table.cuts(memory: 0) { _ in Measure(received: 1, acknowledged: 0) }.isEmpty)
    }

    @Test("a thousand connections that hold a little each are bounded like one that holds all")
    func many() {
        var bounds = ConnectionBounds()
        bounds.totalBytesMax = 5000
        var table = ConnectionTable(bounds)
        for descriptor in 1...1000 as ClosedRange<Int32> { table.open(descriptor) }
        #expect(table.cuts(memory: 0) { _ in Measure(received: 640 + 10, acknowledged: 0) }.count == 500)
    }

    @Test("a connection beyond the number is cut, and a closed one makes room")
    func number() {
        var table = table()
        for descriptor in 5...7 as ClosedRange<Int32> { table.open(descriptor) }
        table.open(8)
        let cuts = table.cuts(memory: 0) { _ in Measure(received: 0, acknowledged: 0) }
        #expect(cuts.map(\.descriptor) == [8] && cuts.map(\.cut.bound) == [.connections])
        table.close(8)
        table.close(5)
        table.open(5)
        #expect(table.cuts(memory: 0) { _ in Measure(received: 0, acknowledged: 0) }.isEmpty)
    }

    /// A table whose quiet process has 100,000 bytes; a connection that sends 300 KiB in frames without bytes.
    private func grown(
        to memory: Int, unread: UInt64 = 300 << 10, isEmptied: Bool = false
    ) -> (table: ConnectionTable, cuts: [ConnectionCut]) {
        var bounds = ConnectionBounds()
        bounds.memoryGrowthMax = 5000
        var table = ConnectionTable(bounds)
        for descriptor in 5...6 as ClosedRange<Int32> { table.open(descriptor) }
        #expect(table.cuts(memory: 100_000) { _ in Measure(received: 0, acknowledged: 0) }.isEmpty)
        if isEmptied { table.emptied() }
        let cuts = table.cuts(memory: memory) { Measure(received: $0 == 5 ? unread : 10, acknowledged: 0) }
        #expect(cuts.allSatisfy { $0.descriptor == 5 })
        return (table, cuts.map(\.cut))
    }

    @Test("where memory grows by more than the bytes that wait, the connection with the most is cut")
    func memory() {
        #expect(grown(to: 104_000).cuts.isEmpty)
        var (table, cuts) = grown(to: 106_000)
        #expect(cuts == [ConnectionCut(bound: .memory, value: 6000)] && table.isFull)
        table.emptied()
        #expect(!table.isFull)
    }

    @Test("memory that grows while next to nothing waits cuts nobody, and is the new measure")
    func ownMemory() {
        var (table, cuts) = grown(to: 900_000, unread: 1000, isEmptied: true)
        #expect(cuts.isEmpty)
        let more = table.cuts(memory: 904_000) { Measure(received: $0 == 5 ? 400 << 10 : 10, acknowledged: 0) }
        #expect(more.isEmpty)
    }

    @Test("while libzmq frees what a cut connection held, others are not cut for it")
    func freeing() {
        var table = grown(to: 106_000).table
        for _ in 0..<5 {
            #expect(table.cuts(memory: 106_500) { _ in Measure(received: 600 << 10, acknowledged: 0) }.isEmpty)
        }
        let cuts = table.cuts(memory: 107_500) { _ in Measure(received: 600 << 10, acknowledged: 0) }
        #expect(cuts.map(\.descriptor) == [6])
    }

    @Test("what a cut has freed is returned when its connection is closed, or has not been closed for long")
    func returned() {
        var table = grown(to: 106_000).table
        for _ in 0..<20 { _ = table.cuts(memory: 106_000) { _ in Measure(received: 0, acknowledged: 0) } }
        #expect(!table.mayReturnMemory, "its connection is not closed")
        var closed = table
        closed.close(5)
        #expect(closed.mayReturnMemory)
        for _ in 0..<5 { _ = table.cuts(memory: 106_000) { _ in Measure(received: 0, acknowledged: 0) } }
        #expect(table.mayReturnMemory)
        table.returnedMemory()
        #expect(!table.mayReturnMemory)
    }
}
