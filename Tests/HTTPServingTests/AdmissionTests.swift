import HTTPServing
import TestSupport
import Testing

@Suite("Admission by bytes that have arrived", .timeLimit(.minutes(5)))
struct AdmissionTests {
    @Test("bodies without a length, and bodies that are only announced, take nothing from others")
    func claims() async throws {
        let server = try await SmallServer(bytesMax: 1 << 20)
        var held: [LoopbackHTTP] = []
        for number in 0..<8 {
            let connection = try LoopbackHTTP(port: server.port)
            let length = number % 2 == 0 ? "Transfer-Encoding: chunked" : "Content-Length: 1048576"
            connection.write("POST /size HTTP/1.1\r\nHost: x\r\n\(length)\r\n\r\n")
            held.append(connection)
        }
        #expect(await eventually { server.limiter.requests == 8 })
        #expect(server.limiter.bytes == 0)
        #expect(try await server.request("POST", "/size", body: "abc").text == "3")
        withExtendedLifetime(held) {}
        await server.stop()
    }

    @Test("bytes that have arrived count until the request has ended, and one beyond them is refused")
    func bytes() async throws {
        let server = try await SmallServer(bytesMax: 1000)
        let holder = try LoopbackHTTP(port: server.port)
        let body = String(repeating: "x", count: 900)
        holder.write("POST /size HTTP/1.1\r\nHost: x\r\nContent-Length: 901\r\n\r\n\(body)")
        #expect(await eventually { server.limiter.bytes == 900 })
        #expect(try await server.request("POST", "/size", body: body).code == "crowded")
        #expect(try await server.request("POST", "/size", body: "abc").text == "3")
        holder.write("x")
        #expect(await onOwnThread { holder.answer().text } == "901")
        #expect(await eventually { server.limiter.bytes == 0 && server.limiter.requests == 0 })
        await server.stop()
    }

    @Test("a place is free again when it is released")
    func places() {
        let limiter = ConcurrencyLimiter(requestsMax: 2)
        var first = limiter.enter()
        let second = limiter.enter()
        #expect(first != nil && second != nil && limiter.enter() == nil && limiter.requests == 2)
        first = nil
        #expect(limiter.requests == 1)
        #expect(limiter.enter() != nil)
        withExtendedLifetime(second) {}
    }
}
