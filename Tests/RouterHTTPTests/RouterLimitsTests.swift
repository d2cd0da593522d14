import Corpora
import Foundation
import HTTPTypes
import NIOHTTP1
import RouterHTTP
import Routing
import Testing

@Suite("Sessions, capabilities, spend limits and drift of route serve")
struct RouterLimitsTests {
    private static let good =
        #"{"choices":[{"message":{"content":"a"}}],"usage":{"prompt_tokens":1000,"completion_tokens":1000}}"#

    private func body(_ prompt: String, more: String = "") -> String {
        #"{"model":"statezero",\#(more)"messages":[{"role":"user","content":"\#(prompt)"}]}"#
    }

    @Test("a session stays with its model, until another is named")
    func sessions() async throws {
        let endpoint = try await StubEndpoint(.answer(Self.good))
        let url = "http://127.0.0.1:\(endpoint.port)/v1"
        let router = try await RouterUnderTest(
            RouterUnderTest.fleet(cheap: url, expensive: url), histories: RouterUnderTest.histories)
        func ask(_ text: String, session: String?, model: String = "statezero") async throws -> String? {
            let answer = try await router.post(
                "/v1/chat/completions", body(text).replacing("\"statezero\"", with: "\"\(model)\""), session: session)
            return answer.header("model").map { "\($0) \(answer.header("reason") ?? "")" }
        }
        #expect(try await ask("a hard one", session: "s") == "expensive best_score")
        #expect(try await ask("an easy one", session: "s") == "expensive session")
        #expect(try await ask("an easy one", session: "t") == "cheap best_score")
        #expect(try await ask("an easy one", session: nil) == "cheap best_score")
        #expect(try await ask("an easy one", session: "s", model: "cheap") == "cheap named")
        #expect(try await ask("a hard one", session: "s") == "cheap session")
        let long = try await router.post(
            "/v1/chat/completions", body("easy"), session: String(repeating: "x", count: 257))
        #expect((long.status, long.code) == (400, "bad_session"))
        await router.stop()
        endpoint.stop()
    }

    @Test("a request with images or tools goes only to models that support them; without one it is refused")
    func capabilities() async throws {
        let cheap = try await StubEndpoint(.answer(Self.good))
        let expensive = try await StubEndpoint(.fail(.internalServerError, retryAfter: nil))
        let fleet = try RouterUnderTest.fleet(
            cheap: "http://127.0.0.1:\(cheap.port)/v1", expensive: "http://127.0.0.1:\(expensive.port)/v1"
        ) { $0.supports = $0.name == "cheap" ? [.tools] : [.images] }
        let router = try await RouterUnderTest(fleet, histories: RouterUnderTest.histories)
        let tools = #""tools":[{"type":"function","function":{"name":"f"}}],"#
        let withTools = try await router.post("/v1/chat/completions", body("a hard one", more: tools))
        #expect((withTools.status, withTools.header("model")) == (200, "cheap"))
        let image =
            #"{"messages":[{"role":"user","content":[{"type":"text","text":"x"},{"type":"image_url","image_url":{}}]}]}"#
        let withImage = try await router.post("/v1/chat/completions", image)
        // The cheap model is no fallback: it would not see the image.
        #expect((withImage.status, withImage.code) == (502, "upstream_failed"))
        #expect(cheap.bodies.count == 1 && expensive.bodies.count == 1)
        let both = try await router.post(
            "/v1/chat/completions", image.replacing("{\"messages\"", with: "{\(tools)\"messages\""))
        #expect((both.status, both.code) == (400, "unsupported"))
        #expect(both.text.contains("images, tools"))
        await router.stop()
        cheap.stop()
        expensive.stop()
    }

    @Test("parallel requests of a client cannot pass its spend limit, and a restart does not give the money back")
    func spending() async throws {
        let endpoint = try await StubEndpoint(.answer(Self.good))
        let url = "http://127.0.0.1:\(endpoint.port)/v1"
        var fleet = try RouterUnderTest.fleet(cheap: url, expensive: url)
        fleet.clients = [
            FleetClient(name: "a", keyVariable: "A", dollarsPerDay: 0.55), FleetClient(name: "b", keyVariable: "B"),
        ]
        let start = { (folder: String?) in
            try await RouterUnderTest(fleet, histories: RouterUnderTest.histories, folder: folder) {
                $0.environment = ["A": "key-a", "B": "key-b"]
            }
        }
        let router = try await start(nil)
        let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
            for number in 0..<40 {
                group.addTask {
                    // A request costs a tenth of a dollar at the cheap model, and the expensive one is beyond the limit.
                    try await router.post("/v1/chat/completions", body("easy \(number)"), key: "key-a").status
                }
            }
            return try await group.reduce(into: [Int: Int]()) { $0[$1, default: 0] += 1 }
        }
        #expect(statuses == [200: 5, 429: 35])
        #expect(endpoint.bodies.count == 5)
        let other = try await router.post("/v1/chat/completions", body("easy"), key: "key-b")
        #expect(other.status == 200)
        let stranger = try await router.post("/v1/chat/completions", body("easy"), key: "key-c")
        #expect(stranger.status == 401)
        await router.stop()
        let next = try await start(router.folder)
        let refused = try await next.post("/v1/chat/completions", body("easy"), key: "key-a")
        #expect((refused.status, refused.code) == (429, "spend_limit"))
        #expect(1...86_400 ~= (Int(refused.headers.first(name: "retry-after") ?? "") ?? 0))
        let status = try await next.get("/v1/status", key: "key-a").text
        #expect(status.contains("{\"client\":\"a\",\"dollars_per_day\":0.55,\"spent_dollars\":0.5}"))
        await next.stop()
        endpoint.stop()
    }

    @Test("outcomes that contradict the predictions raise the drift alarm in metrics and status")
    func drift() async throws {
        let endpoint = try await StubEndpoint(.answer(Self.good))
        let url = "http://127.0.0.1:\(endpoint.port)/v1"
        let router = try await RouterUnderTest(
            RouterUnderTest.fleet(cheap: url, expensive: url), histories: RouterUnderTest.histories)
        var ids: [String] = []
        for number in 0..<40 {
            let answer = try await router.post("/v1/route", "{\"prompt\": \"easy \(number)\"}")
            ids.append(try #require(answer.header("decision-id")))
        }
        #expect(try await router.get("/metrics").text.contains("statezero_route_drift{model=\"cheap\"} 0\n"))
        let outcomes = ids.map { "{\"event_id\":\"\($0)\",\"decision_id\":\"\($0)\",\"reward\":0}" }
        _ = try await router.post("/v1/outcomes", "{\"outcomes\":[\(outcomes.joined(separator: ","))]}")
        let metrics = try await router.get("/metrics").text
        #expect(metrics.contains("statezero_route_drift{model=\"cheap\"} 1\n"))
        #expect(metrics.contains("statezero_route_calibration_outcomes{model=\"cheap\"} 40\n"))
        #expect(metrics.contains("statezero_route_drift{model=\"expensive\"} 0\n"))
        #expect(try await router.get("/v1/status").text.contains("\"drift\":true"))
        await router.stop()
        endpoint.stop()
    }
}
