import HTTPServing
import NIOHTTP1
import RouterHTTP
import Routing
import TestSupport
import Testing

@Suite("Manners of route serve", .timeLimit(.minutes(5)))
struct RouterMannersTests {
    private func router(
        _ change: (inout RouteServer.Configuration) -> Void = { _ in }
    ) async throws -> RouterUnderTest {
        let fleet = try RouterUnderTest.fleet(cheap: "http://127.0.0.1:9/v1", expensive: "http://127.0.0.1:9/v1") {
            if $0.name == "cheap" { $0.name = "vendor/small model" }
        }
        return try await RouterUnderTest(fleet, histories: RouterUnderTest.histories, change)
    }

    @Test("every refusal is JSON, on every path and for every method")
    func refusals() async throws {
        let router = try await router()
        for path in ["/nothing", "/v1", "/v1/nothing", "/livez/more"] {
            let answer = try await router.get(path)
            #expect((answer.status, answer.code) == (404, "not_found"), "\(path)")
        }
        for path in [
            "/", "/livez", "/metrics", "/v1/models", "/v1/models/cheap", "/v1/status", "/v1/overview", "/v1/events",
        ] {
            let answer = try await router.post(path, "{}")
            #expect((answer.status, answer.code) == (405, "method_not_allowed"), "\(path)")
            #expect(answer.headers.first(name: "allow") == "GET, HEAD, OPTIONS")
        }
        let answer = try await router.get("/v1/chat/completions")
        #expect((answer.status, answer.headers.first(name: "allow")) == (405, "POST, OPTIONS"))
        await router.stop()
    }

    @Test("a model by its id, also with slashes and encoded")
    func models() async throws {
        let router = try await router()
        for path in ["vendor/small%20model", "vendor%2Fsmall%20model"] {
            let answer = try await router.get("/v1/models/\(path)")
            #expect(answer.status == 200 && answer.text.contains("small model"), "\(path): \(answer.text)")
        }
        #expect(try await router.get("/v1/models/statezero").status == 200)
        let unknown = try await router.get("/v1/models/gpt-9")
        #expect((unknown.status, unknown.code) == (404, "model_not_found"))
        await router.stop()
    }

    @Test("half-sent heads end after their time, and an encoded body is refused")
    func connections() async throws {
        let router = try await router { $0.connections.headTime = .milliseconds(200) }
        let held = try (0..<100).map { _ in
            let connection = try LoopbackHTTP(port: router.port)
            connection.write("POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-")
            return connection
        }
        #expect(try await router.get("/livez").text == "ok\n")
        for connection in held { #expect(await onOwnThread { connection.rest() } == "") }
        let port = router.port
        let encoded = await onOwnThread {
            try? LoopbackHTTP(port: port).request(
                "POST", "/v1/route", headers: ["Content-Encoding": "br"], body: Array("{}".utf8))
        }
        #expect((encoded?.status, encoded?.code) == (415, "unsupported_encoding"))
        await router.stop()
    }

    @Test("web pages of other sites cannot spend: by origin, by a body without a type of JSON, by a changed name")
    func pages() async throws {
        let router = try await router()
        let port = router.port
        let cases: [([String: String], Int, String)] = [
            (["Origin": "https://evil.example"], 403, "origin_refused"),
            (["Content-Type": "text/plain;charset=UTF-8"], 415, "unsupported_media_type"),
            (["Content-Type": "application/x-www-form-urlencoded"], 415, "unsupported_media_type"),
            (["Host": "evil.example:\(port)", "Origin": "http://evil.example:\(port)"], 403, "host_refused"),
            (["Origin": "http://localhost"], 400, "missing_prompt"),
        ]
        for (headers, status, code) in cases {
            let answer = await onOwnThread {
                try? LoopbackHTTP(port: port).request(
                    "POST", "/v1/chat/completions", headers: headers, body: Array("{}".utf8))
            }
            #expect((answer?.status, answer?.code) == (status, code), "\(headers)")
        }
        await router.stop()
    }

    @Test("a client's key sees its own spending; the server's key sees everybody's; without a key there is the sum")
    func spending() async throws {
        var fleet = try RouterUnderTest.fleet(cheap: "http://127.0.0.1:9/v1", expensive: "http://127.0.0.1:9/v1")
        fleet.clients = [
            FleetClient(name: "a", keyVariable: "A", dollarsPerDay: 3), FleetClient(name: "b", keyVariable: "B"),
        ]
        fleet.dollarsPerDay = 7
        let router = try await RouterUnderTest(fleet, histories: RouterUnderTest.histories) {
            $0.key = "operator"
            $0.environment = ["A": "key-a", "B": "key-b"]
        }
        let (own, all) = try await (router.get("/v1/status", key: "key-a"), router.get("/v1/status", key: "operator"))
        #expect(own.text.contains("\"client\":\"a\"") && !own.text.contains("\"client\":\"b\""))
        #expect(!own.text.contains("\"dollars_per_day\":7"))
        #expect(all.text.contains("\"client\":\"a\"") && all.text.contains("\"client\":\"b\""))
        #expect(all.text.contains("\"dollars_per_day\":7"))
        // A refused request is enough for an account.
        for key in ["key-a", "key-b"] {
            _ = try await router.post(
                "/v1/chat/completions", "{\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}", key: key)
        }
        let open = try await router.get("/metrics").text
        #expect(open.contains("\nstatezero_route_spent_total_dollars 0\n"))
        #expect(!open.contains("spent_dollars{"))
        let ofA = try await router.get("/metrics", key: "key-a").text
        #expect(ofA.contains("spent_dollars{client=\"a\"}") && !ofA.contains("client=\"b\""))
        #expect(try await router.get("/metrics", key: "operator").text.contains("spent_dollars{client=\"b\"}"))
        await router.stop()
    }
}
