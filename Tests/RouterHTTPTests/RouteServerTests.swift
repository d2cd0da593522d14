import Foundation
import HTTPTypes
import NIOHTTP1
import RouterHTTP
import Routing
import Testing

@Suite("route serve, with endpoints on loopback", .serialized)
struct RouteServerTests {
    private let easy =
        "{\"model\": \"statezero\", \"temperature\": 0.1, \"messages\": [{\"role\": \"user\", \"content\": \"easy one\"}]}"
    private let hard = "{\"messages\": [{\"role\": \"user\", \"content\": \"a hard one\"}], \"model\": \"statezero\"}"

    private func url(_ endpoint: StubEndpoint) -> String { "http://127.0.0.1:\(endpoint.port)/v1" }

    @Test(
        "an easy prompt goes to the cheap model, a hard one to the expensive; only the model's name in the body changes"
    )
    func forwards() async throws {
        let cheap = try await StubEndpoint(.answer("{\"choices\":[\"from cheap\"]}"))
        let expensive = try await StubEndpoint(.answer("{\"choices\":[\"from expensive\"]}"))
        let router = try await RouterUnderTest(
            RouterUnderTest.fleet(cheap: url(cheap), expensive: url(expensive)), histories: RouterUnderTest.histories)
        let first = try await router.post("/v1/chat/completions", easy)
        let second = try await router.post("/v1/chat/completions", hard)
        #expect((first.status, first.text) == (200, "{\"choices\":[\"from cheap\"]}"))
        #expect((second.status, second.text) == (200, "{\"choices\":[\"from expensive\"]}"))
        #expect(
            (first.header("model"), first.header("reason"), first.header("p"), first.header("cost")) == (
                "cheap", "best_score", "0.9", "0.1"
            ))
        #expect(second.header("model") == "expensive")
        #expect(first.header("decision-id")?.hasPrefix("d-") == true)
        #expect(cheap.bodies == [easy.replacing("\"statezero\"", with: "\"cheap-upstream\"")])
        #expect(expensive.bodies == [hard.replacing("\"statezero\"", with: "\"expensive-upstream\"")])
        await router.stop()
        cheap.stop()
        expensive.stop()
    }

    @Test("/v1/route decides without a request to an endpoint; a request may have its own rule")
    func routes() async throws {
        let endpoint = try await StubEndpoint(.hang)
        let router = try await RouterUnderTest(
            RouterUnderTest.fleet(cheap: url(endpoint), expensive: url(endpoint)), histories: RouterUnderTest.histories)
        let plain = try await router.post("/v1/route", "{\"prompt\": \"easy\"}")
        let row = try JSONDecoder().decode(DecisionRow.self, from: Data(plain.text.utf8))
        #expect((row.model, row.reason, row.rule, row.parameter) == ("cheap", .bestScore, "weighted", 0.7))
        #expect(row.candidates.map(\.model) == ["cheap", "expensive"])
        #expect(row.candidates.map(\.p) == [0.9, 0.95])
        #expect(row.candidates.map(\.rows) == [40, 40])
        #expect(row.candidates.map(\.relativeCost) == [0.1, 1])
        let target = try await router.post("/v1/route", "{\"prompt\": \"easy\", \"target_p\": 0.93}")
        #expect((target.header("model"), target.header("reason")) == ("expensive", "cheapest_reaching_target"))
        let named = try await router.post("/v1/route", "{\"prompt\": \"hard\", \"model\": \"statezero-p0.99\"}")
        #expect((named.header("model"), named.header("reason")) == ("expensive", "below_target"))
        let beta = try await router.post("/v1/route", "{\"prompt\": \"hard\", \"beta\": 0}")
        #expect(beta.header("model") == "cheap")
        let wrong = try await router.post("/v1/route", "{\"prompt\": \"hard\", \"beta\": 2}")
        #expect((wrong.status, wrong.code) == (400, "bad_type"))
        #expect(endpoint.bodies.isEmpty)
        await router.stop()
        endpoint.stop()
    }

    @Test("a stream passes through byte by byte, with the endpoint's content type")
    func streams() async throws {
        let pieces = (0..<50).map { "data: {\"n\":\($0)}\n\n" } + ["data: [DONE]\n\n"]
        let endpoint = try await StubEndpoint(.pieces(pieces))
        let router = try await RouterUnderTest(
            RouterUnderTest.fleet(cheap: url(endpoint), expensive: url(endpoint)), histories: RouterUnderTest.histories)
        let answer = try await router.post(
            "/v1/chat/completions", easy.replacing("{\"model\"", with: "{\"stream\": true, \"model\""))
        #expect(answer.status == 200)
        #expect(answer.text == pieces.joined())
        #expect(answer.headers.first(name: "content-type") == "text/event-stream")
        #expect(answer.header("model") == "cheap")
        await router.stop()
        endpoint.stop()
    }

    @Test(
        "after an endpoint fails the next one is used, and after a closed port it is paused; the client's own errors are returned to it"
    )
    func failures() async throws {
        let expensive = try await StubEndpoint(.answer(RouterUnderTest.answer))
        let router = try await RouterUnderTest(
            // Port 9 of loopback is discard's; nobody listens there.
            RouterUnderTest.fleet(cheap: "http://127.0.0.1:9/v1", expensive: url(expensive)),
            histories: RouterUnderTest.histories)
        let first = try await router.post("/v1/chat/completions", easy)
        #expect((first.status, first.header("model"), first.header("decided")) == (200, "expensive", "cheap"))
        let second = try await router.post("/v1/chat/completions", easy)
        #expect((second.status, second.header("model"), second.header("decided")) == (200, "expensive", nil))
        let metrics = try await router.get("/metrics").text
        #expect(metrics.contains("statezero_route_fallbacks_total{reason=\"unreachable\"} 1\n"))
        #expect(metrics.contains("statezero_route_upstream_requests_total{model=\"expensive\",result=\"ok\"} 2\n"))
        expensive.behave(.fail(.badRequest, retryAfter: nil))
        let third = try await router.post("/v1/chat/completions", easy)
        #expect((third.status, third.text, third.header("model")) == (400, "{\"error\":{}}", "expensive"))
        await router.stop()
        expensive.stop()
    }

    @Test(
        "a closed port and a silent endpoint count as failures; with no endpoint left the answer is 502, then 503 until one may be used"
    )
    func unreachable() async throws {
        let silent = try await StubEndpoint(.hang)
        let router = try await RouterUnderTest(
            // Port 9 of loopback is discard's; nobody listens there.
            RouterUnderTest.fleet(cheap: "http://127.0.0.1:9/v1", expensive: url(silent)) {
                $0.endpoint?.timeout = .milliseconds(200)
                $0.failureLimit.prompts = 1
            },
            histories: RouterUnderTest.histories)
        let first = try await router.post("/v1/chat/completions", easy)
        #expect((first.status, first.code) == (502, "upstream_failed"))
        #expect(first.text.contains("cheap: unreachable"))
        #expect(first.text.contains("expensive: timeout"))
        let second = try await router.post("/v1/chat/completions", easy)
        #expect((second.status, second.code) == (503, "none_available"))
        let wait = Int(second.headers.first(name: "retry-after") ?? "") ?? 0
        #expect(1...30 ~= wait)
        let route = try await router.post("/v1/route", "{\"prompt\": \"easy\"}")
        #expect((route.status, route.code) == (503, "none_available"))
        await router.stop()
        silent.stop()
    }

    @Test(
        "without history the default answers and the reason says so; each outcome counts once as evidence, also over a restart"
    )
    func outcomes() async throws {
        let endpoint = try await StubEndpoint(.answer(RouterUnderTest.answer))
        let fleet = try RouterUnderTest.fleet(cheap: url(endpoint), expensive: url(endpoint))
        let router = try await RouterUnderTest(fleet, histories: [[], []])
        let before = try await router.post("/v1/chat/completions", easy)
        #expect((before.header("model"), before.header("reason")) == ("expensive", "insufficient_evidence"))
        let decision = try #require(before.header("decision-id"))
        var events = ["{\"event_id\": \"d\", \"decision_id\": \"\(decision)\", \"reward\": 1}"]
        for number in 0..<40 {
            events.append(
                "{\"event_id\": \"e\(number)\", \"model\": \"cheap\", \"prompt\": \"easy \(number)\", \"k\": 1, \"n\": 1}"
            )
        }
        let batch = "{\"outcomes\": [\(events.joined(separator: ","))]}"
        let first = try await router.post("/v1/outcomes", batch)
        #expect(first.text == "{\"accepted\":41,\"duplicates\":0,\"rejected\":[]}")
        let again = try await router.post("/v1/outcomes", batch)
        #expect(again.text == "{\"accepted\":0,\"duplicates\":41,\"rejected\":[]}")
        let bad = try await router.post(
            "/v1/outcomes",
            "{\"outcomes\": [{\"event_id\": \"x\", \"model\": \"cheap\", \"prompt\": \"p\", \"reward\": 2}, {\"event_id\": \"y\", \"model\": \"none\", \"prompt\": \"p\", \"reward\": 1}, {\"event_id\": \"z\", \"decision_id\": \"d-0\", \"reward\": 1}]}"
        )
        #expect(bad.text.contains("\"accepted\":0"))
        for code in ["bad_reward", "unknown_model", "unknown_decision"] { #expect(bad.text.contains(code)) }
        // The history is prepared after the decisions that wait: the second decision from now surely has it.
        _ = try await router.post("/v1/route", "{\"prompt\": \"easy\"}")
        let after = try await router.post("/v1/route", "{\"prompt\": \"easy\"}")
        #expect((after.header("model"), after.header("reason"), after.header("p")) == ("cheap", "best_score", "1.0"))
        await router.stop()
        let next = try await RouterUnderTest(fleet, histories: [[], []], folder: router.folder)
        let later = try await next.post("/v1/route", "{\"prompt\": \"easy\"}")
        #expect(later.header("model") == "cheap")
        let third = try await next.post("/v1/outcomes", batch)
        #expect(third.text == "{\"accepted\":0,\"duplicates\":41,\"rejected\":[]}")
        await next.stop()
        endpoint.stop()
    }

    @Test(
        "observe mode decides and logs, and sends to the default; the log has no prompt, and its rows give the same decisions again"
    )
    func observes() async throws {
        let cheap = try await StubEndpoint(.answer(RouterUnderTest.answer))
        let expensive = try await StubEndpoint(.answer(RouterUnderTest.answer))
        let router = try await RouterUnderTest(
            RouterUnderTest.fleet(cheap: url(cheap), expensive: url(expensive)), histories: RouterUnderTest.histories
        ) { $0.isObserving = true }
        let answer = try await router.post("/v1/chat/completions", easy)
        #expect((answer.header("model"), answer.header("decided")) == ("expensive", "cheap"))
        #expect((cheap.bodies.count, expensive.bodies.count) == (0, 1))
        await router.stop()
        let log = try String(contentsOfFile: router.folder + "/decisions.jsonl", encoding: .utf8)
        #expect(!log.contains("easy one"))
        let table = try DecisionTable(lines: log.split(separator: "\n"), path: "log")
        #expect(table.rows.map(\.model) == ["cheap"])
        #expect(table.rows.map(\.sentTo) == ["expensive"])
        #expect(table.decide(.weighted(0.7), fallback: 1).map(\.model) == [0])
        #expect(table.decide(.target(0.93), fallback: 1).map(\.model) == [1])
        cheap.stop()
        expensive.stop()
    }

    @Test("a named model is used as it is, an unknown one is 404, and a prompt that no model accepts is 413")
    func names() async throws {
        let endpoint = try await StubEndpoint(.answer(RouterUnderTest.answer))
        let router = try await RouterUnderTest(
            RouterUnderTest.fleet(cheap: url(endpoint), expensive: url(endpoint)) { $0.contextLength = 1000 },
            histories: RouterUnderTest.histories)
        let named = try await router.post("/v1/chat/completions", hard.replacing("\"statezero\"", with: "\"cheap\""))
        #expect((named.header("model"), named.header("reason")) == ("cheap", "named"))
        let unknown = try await router.post("/v1/chat/completions", hard.replacing("\"statezero\"", with: "\"gpt\""))
        #expect((unknown.status, unknown.code) == (404, "model_not_found"))
        let decided = try await router.post("/v1/route", #"{"prompt":"easy","model":"cheap"}"#)
        #expect((decided.status, decided.code) == (404, "model_not_found"))
        #expect(decided.text.contains("nothing to decide"))
        let long = String(repeating: "long ", count: 1000)
        let tooLong = try await router.post("/v1/chat/completions", easy.replacing("easy one", with: long))
        #expect((tooLong.status, tooLong.code) == (413, "prompt_too_long"))
        let route = try await router.post("/v1/route", "{\"prompt\": \"\(long)\"}")
        #expect((route.status, route.code) == (413, "prompt_too_long"))
        let picture =
            "{\"messages\": [{\"role\": \"user\", \"content\": [{\"type\": \"image_url\", \"image_url\": {}}]}]}"
        let unread = try await router.post("/v1/chat/completions", picture)
        #expect(
            (unread.status, unread.header("model"), unread.header("reason")) == (200, "expensive", "unreadable_prompt"))
        for (body, code) in [("{", "bad_json"), ("{}", "missing_prompt"), ("[]", "bad_type")] {
            let answer = try await router.post("/v1/chat/completions", body)
            #expect((answer.status, answer.code) == (400, code))
        }
        let models = try await router.get("/v1/models").text
        for name in ["statezero", "cheap", "expensive"] { #expect(models.contains("\"id\":\"\(name)\"")) }
        await router.stop()
        endpoint.stop()
    }

    @Test("too large a body is 413, too many requests at a time 429 with Retry-After, a missing key 401")
    func bounds() async throws {
        let endpoint = try await StubEndpoint(.hang)
        let router = try await RouterUnderTest(
            RouterUnderTest.fleet(cheap: url(endpoint), expensive: url(endpoint)) {
                $0.endpoint?.timeout = .seconds(3)
            },
            histories: RouterUnderTest.histories
        ) {
            $0.requestsMax = 1
            $0.bodyBytesMax = 1000
            $0.key = "secret"
        }
        let large = try await router.post(
            "/v1/route", "{\"prompt\": \"\(String(repeating: "x", count: 2000))\"}", key: "secret")
        #expect((large.status, large.code) == (413, "body_too_large"))
        let stranger = try await router.post("/v1/route", "{\"prompt\": \"x\"}")
        #expect((stranger.status, stranger.code) == (401, "invalid_api_key"))
        async let waiting = router.post("/v1/chat/completions", easy, key: "secret")
        while endpoint.bodies.isEmpty { await Task.yield() }
        let refused = try await router.post("/v1/route", "{\"prompt\": \"x\"}", key: "secret")
        #expect((refused.status, refused.code) == (429, "overloaded"))
        #expect(refused.headers.first(name: "retry-after") == "1")
        #expect(try await waiting.status == 502)
        let free = try await router.post("/v1/route", "{\"prompt\": \"x\"}", key: "secret")
        #expect(free.status == 200, "the place is free again, and one late answer does not pause an endpoint")
        await router.stop()
        endpoint.stop()
    }

    @Test("health is answered, and the metrics keep their names")
    func metrics() async throws {
        let endpoint = try await StubEndpoint(.answer(RouterUnderTest.answer))
        let router = try await RouterUnderTest(
            RouterUnderTest.fleet(cheap: url(endpoint), expensive: url(endpoint)), histories: RouterUnderTest.histories)
        for path in ["/livez", "/readyz"] { #expect(try await router.get(path).status == 200) }
        _ = try await router.post("/v1/route", "{\"prompt\": \"easy\"}")
        let text = try await router.get("/metrics").text
        let names = text.split(separator: "\n").filter { $0.hasPrefix("# TYPE ") }.map { $0.dropFirst(7) }
        #expect(
            names == [
                "statezero_build_info gauge", "statezero_route_decisions_total counter",
                "statezero_route_cost_dollars_total counter", "statezero_route_duration_seconds histogram",
                "statezero_route_fallbacks_total counter", "statezero_route_upstream_requests_total counter",
                "statezero_route_upstream_inflight gauge", "statezero_route_history_rows gauge",
                "statezero_outcomes_total counter", "statezero_route_refused_total counter",
                "statezero_route_inflight gauge", "statezero_route_log_lines_lost_total counter",
                "statezero_route_connections gauge", "statezero_route_sessions gauge",
                "statezero_route_decisions_kept gauge", "statezero_route_spent_total_dollars gauge",
                "statezero_route_spent_dollars gauge",
                "statezero_route_calibration_outcomes gauge",
                "statezero_route_calibration_error_ratio gauge", "statezero_route_calibration_chance_ratio gauge",
                "statezero_route_calibration_deviations gauge", "statezero_route_drift gauge",
            ])
        #expect(text.contains("statezero_route_decisions_total{model=\"cheap\",reason=\"best_score\"} 1\n"))
        #expect(text.contains("statezero_route_history_rows{model=\"expensive\"} 40\n"))
        #expect(text.contains("statezero_route_duration_seconds_count 1\n"))
        #expect(text.contains("statezero_route_inflight 0\n"))
        await router.stop()
        endpoint.stop()
    }

    @Test(
        "a key from the environment is sent with the request, and a missing one is an error before the server listens")
    func keys() async throws {
        let endpoint = try await StubEndpoint(.answer(RouterUnderTest.answer))
        let fleet = try RouterUnderTest.fleet(cheap: url(endpoint), expensive: url(endpoint)) {
            $0.endpoint?.keyVariable = "UPSTREAM_KEY"
        }
        let router = try await RouterUnderTest(fleet, histories: RouterUnderTest.histories) {
            $0.environment = ["UPSTREAM_KEY": "k-1"]
        }
        _ = try await router.post("/v1/chat/completions", easy, key: "of the client")
        #expect(endpoint.keys == ["Bearer k-1"])
        await router.stop()
        endpoint.stop()
        await #expect(throws: RouterHTTPError.self) {
            try await RouterUnderTest(fleet, histories: RouterUnderTest.histories)
        }
        let bare = try Fleet(models: [FleetModel(name: "a", price: .flat(1))])
        await #expect(throws: RouterHTTPError.self) { try await RouterUnderTest(bare, histories: [[]]) }
        await #expect(throws: RouterHTTPError.self) {
            try await RouterUnderTest(fleet, histories: RouterUnderTest.histories) {
                $0.environment = ["UPSTREAM_KEY": "k-1"]
                $0.host = "0.0.0.0"
            }
        }
    }
}
