import Testing
import ZeroMQ

@Suite("threads, wake-ups and mailboxes")
struct SocketThreadTests {
    @Test("a bell wakes a thread that waits for a socket without limit")
    func wakesPoll() throws {
        let context = try Context()
        let wakeup = try Wakeup()
        let thread = try SocketThread.start(name: "waits") { announce in
            let pull = try Socket(.pull, in: context, options: SocketOptions())
            _ = try pull.bind(try Endpoint("inproc://silent"))
            announce(())
            let poller = Poller(wakeup: wakeup)
            while try !poller.wait(pull, timeout: nil).isWoken {}
        }
        wakeup.signal()
        try thread.join()
    }

    @Test("rings before the wait count as one, and are over after it")
    func ringsCollapse() throws {
        let wakeup = try Wakeup()
        // More rings than the pair of sockets can hold: ringing must never wait.
        for _ in 0..<20_000 { wakeup.signal() }
        #expect(wakeup.wait(for: patience))
        #expect(!wakeup.wait(for: .zero))
        wakeup.signal()
        #expect(wakeup.wait(for: nil))
    }

    @Test("a wait tells which of two sockets is ready, and for what")
    func readiness() throws {
        let context = try Context()
        let poller = Poller(wakeup: try Wakeup())
        let quiet = try Socket(.pair, in: context, options: SocketOptions())
        _ = try quiet.bind(try Endpoint("inproc://quiet"))
        let busy = try Socket(.pair, in: context, options: SocketOptions())
        let endpoint = try busy.bind(try Endpoint("inproc://busy"))
        let neither = try poller.wait(quiet, busy, timeout: .microseconds(10))
        #expect(neither.first.isEmpty && neither.second.isEmpty && !neither.isWoken)

        let peer = try Socket(.pair, in: context, options: SocketOptions())
        try peer.connect(endpoint)
        try deliver([Frame("hello")], to: peer)
        let ready = try poller.wait(quiet, busy, for: .readable, [.readable, .writable], timeout: patience)
        #expect(ready.first.isEmpty)
        #expect(ready.second == [.readable, .writable])
        #expect(!ready.isWoken)
    }

    @Test("shutting the context down ends a thread that waits without limit")
    func shutdown() throws {
        let context = try Context()
        let wakeup = try Wakeup()
        let thread = try SocketThread.start(name: "shut down") { announce throws(ZeroMQError) in
            let pull = try Socket(.pull, in: context, options: SocketOptions())
            announce(())
            while true { _ = try Poller(wakeup: wakeup).wait(pull, timeout: nil) }
        }
        context.shutdown()
        let error = #expect(throws: ZeroMQError.self) { try thread.join() }
        guard case .terminated = error else {
            Issue.record("\(String(describing: error)) in place of terminated")
            return
        }
    }

    @Test("a thread that cannot open what it needs fails where it is started")
    func failsAtStart() throws {
        let context = try Context()
        let first = try Socket(.router, in: context, options: SocketOptions())
        let endpoint = try first.bind(try Endpoint("tcp://127.0.0.1:0"))
        #expect(throws: ZeroMQError.self) {
            try SocketThread.start(name: "second") { (announce: (Endpoint) -> Void) throws(ZeroMQError) in
                let second = try Socket(.router, in: context, options: SocketOptions())
                announce(try second.bind(endpoint))
            }
        }
    }

    @Test("a thread's end can be awaited, by many and late")
    func finished() async throws {
        let wakeup = try Wakeup()
        let thread = SocketThread.start(name: "ends") { announce in
            announce(42)
            while !wakeup.wait(for: nil) {}
        }
        #expect(thread.announcement == 42)
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<5 { group.addTask { await thread.finished() } }
            wakeup.signal()
        }
        await thread.finished()
        thread.join()
        thread.join()
    }

    @Test("what ends a thread's body is thrown to everyone who waits for it")
    func failsLater() async throws {
        let wakeup = try Wakeup()
        let thread = try SocketThread.start(name: "fails") { announce throws(TooLate) in
            announce(())
            while !wakeup.wait(for: nil) {}
            throw TooLate(what: "the very end")
        }
        wakeup.signal()
        await #expect(throws: TooLate.self) { try await thread.finished() }
        #expect(throws: TooLate.self) { try thread.join() }
    }

    @Test("a mailbox takes what it can hold, refuses the rest, and gives all back in order")
    func mailboxBound() throws {
        let mailbox = Mailbox<Int>(capacity: 3, wakeup: try Wakeup())
        #expect((0..<5).map { mailbox.send($0) } == [.accepted, .accepted, .accepted, .full, .full])
        #expect(mailbox.drain() == [0, 1, 2])
        #expect(mailbox.drain() == [])
        #expect(mailbox.send(9) == .accepted)
        #expect(mailbox.close() == [9])
        #expect(mailbox.send(10) == .closed)
        #expect(mailbox.drain() == [])
    }

    @Test("nothing posted from many threads is lost, doubled or slept through")
    func mailboxUnderLoad() throws {
        let senders = 4
        let perSender = 5_000
        let mailbox = Mailbox<(sender: Int, number: Int)>(capacity: 64, wakeup: try Wakeup())
        let room = try (0..<senders).map { _ in try Wakeup() }
        let threads = (0..<senders).map { sender in
            SocketThread.start(name: "sender \(sender)") { announce in
                announce(())
                for number in 0..<perSender {
                    while mailbox.send((sender, number)) == .full { _ = room[sender].wait(for: patience) }
                }
            }
        }
        var next = [Int](repeating: 0, count: senders)
        while next.reduce(0, +) < senders * perSender {
            guard mailbox.wakeup.wait(for: patience) else { throw TooLate(what: "mailbox") }
            for element in mailbox.drain() {
                #expect(element.number == next[element.sender])
                next[element.sender] = element.number + 1
            }
            for bell in room { bell.signal() }
        }
        for thread in threads { thread.join() }
    }
}
