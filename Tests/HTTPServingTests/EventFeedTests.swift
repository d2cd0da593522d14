import HTTPServing
import HTTPTypes
import Synchronization
import TestSupport
import Testing

@Suite("Events for many readers")
struct EventFeedTests {
    /// Waits until something holds; a machine may stall for long.
    private static func wait(until condition: () async -> Bool) async throws {
        for _ in 0..<12_000 {
            if await condition() { return }
            try await Task.sleep(for: .milliseconds(10))
        }
        throw TestTimeout(what: "a state of the feed")
    }

    @Test(
        "one state is made an interval, whatever the number of readers, and readers of another audience get their own")
    func sharing() async throws {
        let made = Mutex<[String: Int]>([:])
        let feed = EventFeed<String>(interval: .seconds(3600), body: { _ in [] }) { audience in
            made.withLock { $0[audience, default: 0] += 1 }
            return Array(audience.utf8)
        }
        for _ in 0..<50 { #expect(try await feed.state(for: "a") == Array("a".utf8)) }
        try await withThrowingTaskGroup(of: [UInt8].self) { group in
            for _ in 0..<50 { group.addTask { try await feed.state(for: "b") } }
            for try await state in group { #expect(state == Array("b".utf8)) }
        }
        #expect(made.withLock { $0 } == ["a": 1, "b": 1])
    }

    @Test("a failure is what all readers get, and the next interval tries again")
    func failure() async throws {
        let isBroken = Mutex(true)
        let feed = EventFeed<Bool>(interval: .zero, body: { Array($0.code.utf8) }) { _ throws(HTTPFailure) in
            if isBroken.withLock({ $0 }) { throw HTTPFailure(.serviceUnavailable, "broken", "") }
            return Array("ok".utf8)
        }
        await #expect(throws: HTTPFailure.self) { try await feed.state(for: true) }
        isBroken.withLock { $0 = false }
        #expect(try await feed.state(for: true) == Array("ok".utf8))
    }

    @Test("a reader that reads nothing is cut off after the time for writes, and its place is another reader's")
    func slowReader() async throws {
        let feed = EventFeed<Bool>(interval: .milliseconds(10), listenersMax: 1, body: { _ in [] }) { _ in
            [UInt8](repeating: UInt8(ascii: "x"), count: 1 << 20)
        }
        let server = try await SmallServer(feed: feed) { $0.writeTime = .milliseconds(300) }
        let slow = try LoopbackHTTP(port: server.port)
        slow.write("GET /events HTTP/1.1\r\nHost: x\r\n\r\n")
        try await Self.wait { await !feed.hasPlace }
        try await Self.wait { await feed.hasPlace }
        let quick = try LoopbackHTTP(port: server.port)
        let answer = await onOwnThread { quick.request("GET", "/events?count=5") }
        #expect(answer.body.count > 5 << 20)
        await server.stop()
    }

    @Test("one reader too many has no place, and a place that is left is free again")
    func places() async throws {
        let feed = EventFeed<Bool>(interval: .milliseconds(10), listenersMax: 1, body: { _ in [] }) { _ in [] }
        let server = try await SmallServer(feed: feed)
        var reader: LoopbackHTTP? = try LoopbackHTTP(port: server.port)
        reader?.write("GET /events HTTP/1.1\r\nHost: x\r\n\r\n")
        try await Self.wait { await !feed.hasPlace }
        reader = nil
        try await Self.wait { await feed.hasPlace }
        await server.stop()
    }
}
