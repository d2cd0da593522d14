import HTTPServing
import TestSupport
import Testing

@Suite("Manners of HTTP, over raw sockets", .timeLimit(.minutes(5)))
struct MannersTests {
    @Test("a path that is not there, a method that a path has not, and a method that nobody knows are JSON errors")
    func refusals() async throws {
        let server = try await SmallServer()
        let missing = try await server.request("GET", "/nothing")
        #expect((missing.status, missing.code) == (404, "not_found"))
        for method in ["POST", "PUT", "PATCH", "TRACE"] {
            let answer = try await server.request(method, "/two")
            #expect((answer.status, answer.code) == (405, "method_not_allowed"))
            #expect(answer.headers["allow"] == "GET, DELETE, HEAD, OPTIONS")
        }
        #expect(try await server.request("DELETE", "/two").text == "delete")
        let unknown = try await server.request("FETCH", "/two")
        // The parser refuses it, or the server does.
        #expect([400, 501].contains(unknown.status) && !unknown.code.isEmpty)
        await server.stop()
    }

    @Test("HEAD has the headers of GET and no body, also for errors; the connection goes on")
    func head() async throws {
        let server = try await SmallServer()
        let connection = try LoopbackHTTP(port: server.port)
        let answers = await onOwnThread {
            [
                connection.request("HEAD", "/ok"), connection.request("HEAD", "/nothing"),
                connection.request("HEAD", "/size"), connection.request("GET", "/ok"),
            ]
        }
        #expect(answers.map(\.status) == [200, 404, 405, 200])
        #expect(answers[0].headers["content-length"] == "2")
        #expect(answers[3].text == "ok")
        await server.stop()
    }

    @Test("OPTIONS names the methods of a path")
    func options() async throws {
        let server = try await SmallServer()
        let answer = try await server.request("OPTIONS", "/size")
        #expect((answer.status, answer.headers["allow"]) == (204, "POST, OPTIONS"))
        #expect(try await server.request("OPTIONS", "/nothing").code == "not_found")
        await server.stop()
    }

    @Test(
        "what is no HTTP is a JSON error, and the end of the connection",
        arguments: [
            "NONSENSE\r\n\r\n", "GET /ok HTTP/1.1\r\n\r\n", "GET /ok HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
            "GET /ok HTTP/1.1\r\nHost: x\r\nbad header\r\n\r\n",
            "POST /size HTTP/1.1\r\nHost: x\r\nContent-Length: two\r\n\r\n",
            "POST /size HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        ])
    func malformed(_ text: String) async throws {
        let server = try await SmallServer()
        let answer = try await server.exchange(text)
        #expect(answer.hasPrefix("HTTP/1.1 400 Bad Request\r\n"), "\(answer)")
        #expect(answer.hasSuffix(#"{"error":{"code":"malformed_request"}}"#), "\(answer)")
        await server.stop()
    }

    @Test("an answer to HTTP/1.0 has its version, and ends the connection")
    func oldVersion() async throws {
        let server = try await SmallServer()
        let answer = try await server.exchange("GET /ok HTTP/1.0\r\n\r\n")
        #expect(answer.hasPrefix("HTTP/1.0 200 OK\r\n") && answer.hasSuffix("\r\n\r\nok"), "\(answer)")
        #expect(!answer.lowercased().contains("transfer-encoding"))
        await server.stop()
    }

    @Test("Connection: close is obeyed in any case of letters")
    func close() async throws {
        let server = try await SmallServer()
        let answer = try await server.exchange("GET /ok HTTP/1.1\r\nHost: x\r\nConnection: CLOSE\r\n\r\n")
        #expect(answer.hasSuffix("\r\n\r\nok"))
        await server.stop()
    }

    @Test("a client that waits for 100 Continue gets it before its body, and a refusal in its place")
    func expectation() async throws {
        let server = try await SmallServer(requestsMax: 1)
        let head = "POST /size HTTP/1.1\r\nHost: x\r\nExpect: 100-Continue\r\nContent-Length: 3\r\n\r\n"
        let first = try LoopbackHTTP(port: server.port)
        first.write(head)
        #expect(await onOwnThread { first.answer().status } == 100)
        // The place is taken by the first one.
        let second = try await server.exchange(head)
        #expect(second.hasPrefix("HTTP/1.1 429") && second.lowercased().contains("connection: close"), "\(second)")
        first.write("abc")
        let answer = await onOwnThread { first.answer() }
        #expect((answer.status, answer.text) == (200, "3"))
        await server.stop()
    }

    @Test("a refusal arrives although the client still sends a large body")
    func largeBody() async throws {
        let server = try await SmallServer()
        let size = 64 << 20
        let connection = try LoopbackHTTP(port: server.port)
        let answer = await onOwnThread {
            connection.write("POST /two HTTP/1.1\r\nHost: x\r\nContent-Length: \(size)\r\n\r\n")
            for _ in 0..<8 { connection.write(Array(repeating: 32, count: 1 << 20)) }
            return connection.answer()
        }
        #expect((answer.status, answer.headers["connection"]) == (405, "close"))
        await server.stop()
    }

    @Test("an encoded body is refused")
    func encoded() async throws {
        let server = try await SmallServer()
        let answer = try await server.request("POST", "/size", headers: ["Content-Encoding": "gzip"], body: "abc")
        #expect((answer.status, answer.code) == (415, "encoded"))
        let plain = try await server.request("POST", "/size", headers: ["Content-Encoding": "identity"], body: "abc")
        #expect(plain.text == "3")
        await server.stop()
    }

    @Test("web pages of an allowed origin may read answers and errors, and those of others may not")
    func origins() async throws {
        let page = "https://example.org"
        let server = try await SmallServer(origins: [page, "http://localhost:3000"])
        let header = "access-control-allow-origin"
        let asked = try await server.request(
            "OPTIONS", "/size", headers: ["Origin": page, "Access-Control-Request-Method": "POST"])
        #expect((asked.status, asked.headers[header]) == (204, page))
        #expect(asked.headers["access-control-allow-methods"]?.contains("POST") == true)
        #expect(try await server.request("GET", "/ok", headers: ["Origin": page]).headers[header] == page)
        #expect(try await server.request("GET", "/nothing", headers: ["Origin": page]).headers[header] == page)
        let other = try await server.request("GET", "/ok", headers: ["Origin": "https://example.com"])
        #expect((other.status, other.headers[header]) == (200, nil))
        await server.stop()
        let closed = try await SmallServer()
        #expect(try await closed.request("GET", "/ok", headers: ["Origin": page]).headers[header] == nil)
        await closed.stop()
        #expect(CrossOrigin.isOrigin(page) && !CrossOrigin.isOrigin("example.org") && !CrossOrigin.isOrigin(page + "/"))
    }
}
