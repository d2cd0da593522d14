import TestSupport
import Testing
import Threads
import ZeroMQ

@Suite("Poller: waits for sockets, on a thread of their own")
struct PollerTests {
    @Test("a wake-up ends a wait for a socket without limit")
    func wakesPoll() throws {
        let context = try Context()
        let wakeup = try Wakeup()
        let thread = try DedicatedThread.start(name: "waits") { announce in
            let pull = try Socket(.pull, in: context, options: SocketOptions())
            _ = try pull.bind(try Endpoint("inproc://silent"))
            announce(())
            let poller = Poller(wakeup: wakeup)
            while try !poller.wait(pull, timeout: nil).isWoken {}
        }
        wakeup.signal()
        try thread.join()
    }

    @Test("a wait returns which of two sockets is ready, and for what")
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
        let ready = try poller.wait(quiet, busy, for: .readable, [.readable, .writable], timeout: testTimeout)
        #expect(ready.first.isEmpty)
        #expect(ready.second == [.readable, .writable])
        #expect(!ready.isWoken)
    }

    @Test("shutting the context down ends a thread that waits without limit")
    func shutdown() throws {
        let context = try Context()
        let wakeup = try Wakeup()
        let thread = try DedicatedThread.start(name: "shut down") { announce throws(ZeroMQError) in
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
            try DedicatedThread.start(name: "second") { (announce: (Endpoint) -> Void) throws(ZeroMQError) in
                let second = try Socket(.router, in: context, options: SocketOptions())
                announce(try second.bind(endpoint))
            }
        }
    }
}
