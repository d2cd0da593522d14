import Foundation
import HTTPServing
import NIOCore
import TestSupport
import Testing

@Suite("Connections that do nothing, or too many of them", .timeLimit(.minutes(5)))
struct ConnectionTests {
    /// Longer than any stall of the machine.
    private static let never = Duration.seconds(600)

    @Test("a request whose headers stop half way ends its connection; an idle connection keeps its own, longer time")
    func halfHead() async throws {
        let server = try await SmallServer {
            $0.headTime = .milliseconds(50)
            $0.idleTime = Self.never
        }
        let idle = try LoopbackHTTP(port: server.port)
        let answers = try await withThrowingTaskGroup(of: String.self) { group in
            for _ in 0..<50 { group.addTask { try await server.exchange("POST /size HTTP/1.1\r\nHost: x\r\n") } }
            return try await group.reduce(into: [String]()) { $0.append($1) }
        }
        #expect(answers == Array(repeating: "", count: 50))
        #expect(await eventually { server.connections.count == 1 })
        #expect(await onOwnThread { idle.request("GET", "/ok").text } == "ok")
        await server.stop()
    }

    @Test("a connection that waits for a request too long is closed, before its first one and after")
    func idle() async throws {
        let server = try await SmallServer { $0.idleTime = .milliseconds(50) }
        #expect(try await server.exchange("") == "")
        let after = try await server.exchange("GET /ok HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(after.hasSuffix("\r\n\r\nok") && !after.lowercased().contains("connection: close"))
        await server.stop()
    }

    @Test("more connections than allowed: the ones that wait longest make room, and new ones are served")
    func crowd() async throws {
        let server = try await SmallServer {
            $0.connectionsMax = 20
            $0.idleTime = Self.never
            $0.headTime = Self.never
        }
        var held: [LoopbackHTTP] = []
        for number in 0..<120 {
            let connection = try LoopbackHTTP(port: server.port)
            if number % 2 == 0 { connection.write("GET /ok HT") }
            held.append(connection)
            if number % 10 == 9 { #expect(try await server.request("GET", "/ok").text == "ok") }
        }
        #expect(await eventually { server.connections.count <= 20 })
        let oldest = held[0]
        #expect(await onOwnThread { oldest.rest() } == "")
        await server.stop()
    }

    @Test("where no descriptor is left, connections that wait longest make room, and the server goes on")
    func descriptors() async throws {
        let server = try await SmallServer { $0.idleTime = Self.never }
        // One after the other: connections of several event loops begin to wait in any order.
        var held: [LoopbackHTTP] = []
        for number in 1...40 {
            held.append(try LoopbackHTTP(port: server.port))
            #expect(await eventually { server.connections.count == number })
        }
        server.channel.pipeline.fireErrorCaught(IOError(errnoCode: ECONNABORTED, reason: "accept"))
        server.channel.pipeline.fireErrorCaught(IOError(errnoCode: EMFILE, reason: "accept"))
        #expect(await eventually { server.connections.count == 24 })
        // It is accepted after a moment.
        #expect(try await server.request("GET", "/ok").text == "ok")
        await server.stop()
    }

    @Test("where every connection has a request, a new one waits, and is served when one has ended")
    func full() async throws {
        let server = try await SmallServer { $0.connectionsMax = 4 }
        var busy: [LoopbackHTTP] = []
        for _ in 0..<4 {
            let connection = try LoopbackHTTP(port: server.port)
            connection.write("POST /size HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n1")
            busy.append(connection)
        }
        #expect(await eventually { server.limiter.requests == 4 })
        async let waiting = server.request("GET", "/ok")
        for connection in busy {
            connection.write("2")
            #expect(await onOwnThread { connection.answer().text } == "2")
        }
        #expect(try await waiting.text == "ok")
        await server.stop()
    }
}
