import CoordinatorHTTP
import HTTPServing
import TestSupport
import Testing

@Suite("HTTP: what waits takes no room from others", .timeLimit(.minutes(5)))
struct AdmissionTests {
    @Test("four chunked plans that wait for their predictions do not refuse other requests")
    func chunked() async throws {
        let served = try await Served { $0.timeouts.grace = .seconds(600) }
        var held: [LoopbackHTTP] = []
        for step in 0..<4 {
            let connection = try served.connect()
            let body = planBody("silent", step: step, prompts: 1)
            connection.write(
                "POST /v1/plans HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
                    + String(body.utf8.count, radix: 16) + "\r\n\(body)\r\n0\r\n\r\n")
            held.append(connection)
        }
        while try await !served.request("GET", "/metrics").text.contains("statezero_http_requests_in_flight 5") {}
        let plan = try await served.request("POST", "/v1/plans", json: planBody("a", step: 1))
        #expect(plan.status == 200, "\(plan.text)")
        #expect(try await served.request("GET", "/livez").status == 200)
        withExtendedLifetime(held) {}
        await served.node.stop()
    }

    @Test("200 half-sent heads end after their time, and the server answers meanwhile")
    func halfHeads() async throws {
        let served = try await Served { $0.connections.headTime = .milliseconds(200) }
        var held: [LoopbackHTTP] = []
        for _ in 0..<200 {
            let connection = try served.connect()
            connection.write("POST /v1/plans HTTP/1.1\r\nHost:")
            held.append(connection)
        }
        #expect(try await served.request("GET", "/livez").status == 200)
        for connection in held { #expect(await onOwnThread { connection.rest() } == "") }
        await served.node.stop()
    }

    @Test("an encoded body is refused, and a status for HEAD has no body")
    func manners() async throws {
        let served = try await Served()
        let encoded = try await served.request(
            "POST", "/v1/plans", headers: ["Content-Encoding": "gzip"], json: planBody("a", step: 1))
        #expect((encoded.status, encoded.headers["accept-encoding"]) == (415, "identity"))
        let connection = try served.connect()
        let (head, get) = await onOwnThread {
            (connection.request("HEAD", "/livez"), connection.request("GET", "/livez"))
        }
        #expect((head.status, head.headers["content-length"]) == (200, "\(get.body.count)"))
        await served.node.stop()
    }
}
