import Foundation
import NIOHTTP1
import RouterHTTP
import Routing
import Testing

/// The broken upstreams of real life: what a client sees, and what becomes of the endpoint.
@Suite("Broken upstreams")
struct BrokenUpstreamTests {
    private static let good = #"{"choices":[{"message":{"role":"assistant","content":"good"}}]}"#
    private static let event = "data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\n"

    private func body(stream: Bool = false, prompt: String = "easy one", model: String = "statezero") -> String {
        #"{"model":"\#(model)","stream":\#(stream),"messages":[{"role":"user","content":"\#(prompt)"}]}"#
    }

    /// A router whose cheap endpoint is broken and whose expensive one works. Only the limits of an endpoint that is
    /// silent on purpose are short: on a loaded machine the others may need seconds.
    private func router(
        _ broken: RawEndpoint, _ working: RawEndpoint, isSilent: Bool = false, silence: Duration = .seconds(2),
        _ change: (inout FleetModel) -> Void = { _ in }
    ) async throws -> RouterUnderTest {
        try await RouterUnderTest(
            RouterUnderTest.fleet(cheap: broken.url, expensive: working.url) { model in
                let limit = isSilent && model.name == "cheap" ? silence : .seconds(30)
                model.endpoint?.timeout = limit
                model.endpoint?.idleTimeout = limit
                change(&model)
            },
            histories: RouterUnderTest.histories)
    }

    @Test(
        "whatever an upstream sends instead of an answer, the next model answers, and the failure is counted",
        arguments: [
            ("timeout", RawEndpoint.Manner.send("")),
            ("timeout", .send("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n")),
            ("timeout", .send("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n")),
            ("error_object", .send(RawEndpoint.ok(#"{"error":{"message":"out of memory","code":500}}"#))),
            ("malformed", .send(RawEndpoint.ok("<html>bad gateway</html>", type: "text/html"))),
            ("malformed", .send(RawEndpoint.ok(#"{"choices":[{"message":"#))),
            ("malformed", .send(RawEndpoint.ok(#"{"detail":"hello"}"#))),
            ("empty", .send(RawEndpoint.ok(""))),
            ("empty", .sendAndClose("")),
            ("cut", .sendAndClose("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"choices\":[")),
            ("no_credit", .send(RawEndpoint.status(402))),
            ("server_error", .send(RawEndpoint.status(424))),
            ("rate_limited", .send(RawEndpoint.status(429))),
            ("refused", .send(RawEndpoint.status(301, "Location: http://127.0.0.1:9/\r\n"))),
        ])
    func wholeAnswers(_ reason: String, _ manner: RawEndpoint.Manner) async throws {
        let (broken, working) = (try await RawEndpoint(manner), try await RawEndpoint(.send(RawEndpoint.ok(Self.good))))
        let router = try await router(broken, working, isSilent: reason == "timeout")
        let answer = try await router.post("/v1/chat/completions", body())
        #expect((answer.status, answer.text) == (200, Self.good))
        #expect((answer.header("model"), answer.header("decided")) == ("expensive", "cheap"))
        let metrics = try await router.get("/metrics").text
        #expect(metrics.contains("statezero_route_upstream_requests_total{model=\"cheap\",result=\"\(reason)\"} 1\n"))
        #expect(metrics.contains("statezero_route_fallbacks_total{reason=\"\(reason)\"} 1\n"))
        #expect(metrics.contains("statezero_route_upstream_inflight{model=\"cheap\"} 0\n"))
        await router.stop()
        await broken.stop()
        await working.stop()
    }

    @Test(
        "a stream whose beginning is no stream goes to the next model",
        arguments: [
            ("error_object", RawEndpoint.stream(["data: {\"error\":{\"message\":\"no\"}}\n\n"], isComplete: true)),
            ("error_object", RawEndpoint.stream(["event: error\ndata: {}\n\n"], isComplete: false)),
            ("empty", RawEndpoint.stream([], isComplete: true)),
            ("empty", RawEndpoint.stream(["data: [DONE]\n\n"], isComplete: true)),
            ("malformed", RawEndpoint.stream(["data: {\"cho\n\n"], isComplete: true)),
            ("malformed", RawEndpoint.ok(Self.good)),
            ("timeout", RawEndpoint.stream([], isComplete: false)),
        ])
    func streamBeginnings(_ reason: String, _ text: String) async throws {
        let whole = RawEndpoint.stream([Self.event, "data: [DONE]\n\n"], isComplete: true)
        let (broken, working) = (try await RawEndpoint(.send(text)), try await RawEndpoint(.send(whole)))
        let router = try await router(broken, working, isSilent: reason == "timeout")
        let answer = try await router.post("/v1/chat/completions", body(stream: true))
        #expect((answer.status, answer.text) == (200, Self.event + "data: [DONE]\n\n"))
        #expect(answer.header("model") == "expensive")
        let metrics = try await router.get("/metrics").text
        #expect(metrics.contains("statezero_route_upstream_requests_total{model=\"cheap\",result=\"\(reason)\"} 1\n"))
        await router.stop()
        await broken.stop()
        await working.stop()
    }

    @Test(
        "a stream that stalls, is cut, or ends without [DONE] ends with an event error",
        arguments: [
            ("timeout", RawEndpoint.Manner.send(RawEndpoint.stream([Self.event], isComplete: false))),
            ("cut", .sendAndClose(RawEndpoint.stream([Self.event, "data: {\"cho"], isComplete: false))),
            ("cut", .send(RawEndpoint.stream([Self.event], isComplete: true))),
            ("cut", .send(RawEndpoint.ok(Self.event, type: "text/event-stream"))),
        ])
    func streamEnds(_ reason: String, _ manner: RawEndpoint.Manner) async throws {
        let endpoint = try await RawEndpoint(manner)
        let router = try await router(endpoint, endpoint, isSilent: reason == "timeout")
        let answer = try await router.post("/v1/chat/completions", body(stream: true))
        #expect(answer.status == 200)
        #expect(answer.text.hasPrefix(Self.event + "event: error\ndata: {\"error\":{\"message\":\"the answer was cut"))
        #expect(answer.text.hasSuffix("\"code\":\"upstream_\(reason)\"}}\n\n"))
        let metrics = try await router.get("/metrics").text
        #expect(metrics.contains("statezero_route_upstream_requests_total{model=\"cheap\",result=\"\(reason)\"} 1\n"))
        await router.stop()
        await endpoint.stop()
    }

    @Test("a stream that said [DONE] ends, although its connection stays open")
    func open() async throws {
        let text = RawEndpoint.stream([Self.event, "data: [DONE]\n\n"], isComplete: false)
        let endpoint = try await RawEndpoint(.send(text))
        let router = try await router(endpoint, endpoint)
        let answer = try await router.post("/v1/chat/completions", body(stream: true))
        #expect(answer.text == Self.event + "data: [DONE]\n\n")
        await router.stop()
        await endpoint.stop()
    }

    @Test("comments are sent while a stream is silent, where the fleet file wants them")
    func keepAlive() async throws {
        let endpoint = try await RawEndpoint(.send(RawEndpoint.stream([Self.event], isComplete: false)))
        // Long enough that a loaded machine sends two comments before the limit.
        let router = try await router(endpoint, endpoint, isSilent: true, silence: .seconds(15)) {
            $0.endpoint?.keepAlive = .milliseconds(50)
        }
        let answer = try await router.post("/v1/chat/completions", body(stream: true))
        #expect(answer.text.hasPrefix(Self.event + ": keep-alive\n\n: keep-alive\n\n"))
        await router.stop()
        await endpoint.stop()
    }

    @Test("one prompt that every endpoint answers 500 to, sent again and again, cools nothing down")
    func poison() async throws {
        let cheap = try await RawEndpoint(.send(RawEndpoint.status(500)))
        let expensive = try await RawEndpoint(.send(RawEndpoint.status(500)))
        let router = try await router(cheap, expensive)
        for _ in 0..<5 {
            let answer = try await router.post("/v1/chat/completions", body())
            #expect((answer.status, answer.code) == (502, "upstream_failed"))
        }
        #expect((cheap.requests, expensive.requests) == (5, 5))
        let other = try await router.post("/v1/route", "{\"prompt\": \"easy\"}")
        #expect((other.status, other.header("model")) == (200, "cheap"))
        // Three different prompts are another matter.
        for prompt in ["easy 2", "easy 3"] { _ = try await router.post("/v1/chat/completions", body(prompt: prompt)) }
        #expect(try await router.post("/v1/route", "{\"prompt\": \"easy\"}").code == "none_available")
        await router.stop()
        await cheap.stop()
        await expensive.stop()
    }

    @Test("errors that clients cause cool nothing down")
    func clientErrors() async throws {
        let endpoint = try await RawEndpoint(.send(RawEndpoint.status(400)))
        let router = try await router(endpoint, endpoint)
        for number in 0..<10 {
            #expect(try await router.post("/v1/chat/completions", body(prompt: "easy \(number)")).status == 400)
        }
        #expect(try await router.post("/v1/route", "{\"prompt\": \"easy\"}").header("model") == "cheap")
        await router.stop()
        await endpoint.stop()
    }

    @Test("if all models are limited the answer is 429; its Retry-After is that of the request's own model")
    func limited() async throws {
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.timeZone = TimeZone(identifier: "GMT")
        formatter.dateFormat = "EEE, dd MMM yyyy HH:mm:ss 'GMT'"
        let date = formatter.string(from: Date().addingTimeInterval(1000))
        let cheap = try await RawEndpoint(.send(RawEndpoint.status(429, "Retry-After: \(date)\r\n")))
        let expensive = try await RawEndpoint(.send(RawEndpoint.status(429, "Retry-After: 600\r\n")))
        let router = try await router(cheap, expensive)
        func wait(_ model: String) async throws -> Int {
            let answer = try await router.post("/v1/chat/completions", body(model: model))
            #expect((answer.status, answer.code) == (429, "rate_limited"))
            return Int(answer.headers.first(name: "retry-after") ?? "") ?? 0
        }
        #expect(300...600 ~= (try await wait("statezero")))
        #expect(601...1001 ~= (try await wait("cheap")), "the date, less what a loaded machine needed until now")
        #expect(300...600 ~= (try await wait("expensive")))
        #expect((cheap.requests, expensive.requests) == (1, 1), "they are left alone")
        let route = try await router.post("/v1/route", "{\"prompt\": \"easy\"}")
        #expect((route.status, route.code) == (429, "rate_limited"))
        await router.stop()
        await cheap.stop()
        await expensive.stop()
    }
}
