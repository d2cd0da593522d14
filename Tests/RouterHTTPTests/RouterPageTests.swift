import Foundation
import HTTPTypes
import NIOHTTP1
import RouterHTTP
import Routing
import Testing

@Suite("route serve: the page, and who may see its figures")
struct RouterPageTests {
    private let chat = #"{"messages":[{"role":"user","content":"easy one"}],"model":"statezero"}"#

    private func url(_ endpoint: StubEndpoint) -> String { "http://127.0.0.1:\(endpoint.port)/v1" }

    @Test("the page needs no key and has no figure; events need a key, and a client's key shows its own spending alone")
    func keys() async throws {
        let endpoint = try await StubEndpoint(.answer(RouterUnderTest.answer))
        var fleet = try RouterUnderTest.fleet(cheap: url(endpoint), expensive: url(endpoint))
        fleet.clients = [FleetClient(name: "a", keyVariable: "A"), FleetClient(name: "b", keyVariable: "B")]
        let router = try await RouterUnderTest(fleet, histories: RouterUnderTest.histories) {
            $0.key = "own"
            $0.environment = ["A": "key-a", "B": "key-b"]
        }
        let page = try await router.get("/")
        #expect(page.status == 200 && page.headers.first(name: "content-type") == "text/html; charset=utf-8")
        #expect(page.headers.first(name: "content-security-policy")?.hasPrefix("default-src 'none'") == true)
        #expect(!page.text.contains("cheap-upstream") && !page.text.contains("127.0.0.1"))
        for path in ["/v1/overview", "/v1/events?count=1"] {
            #expect(try await router.get(path).status == 401, "\(path)")
            #expect(try await router.get(path, key: "other").status == 401, "\(path)")
            let own = try await router.get(path, key: "own").text
            #expect(own.contains(#""client":"a""#) && own.contains(#""client":"b""#), "\(own)")
            let client = try await router.get(path, key: "key-a").text
            #expect(client.contains(#""client":"a""#) && !client.contains(#""client":"b""#), "\(client)")
        }
        #expect(try await router.get("/v1/events?count=0", key: "own").code == "invalid_query")
        await router.stop()
        endpoint.stop()
    }

    @Test("decisions, answers, failures and outcomes are counted by model, with what each alone would have cost")
    func counting() async throws {
        let cheap = try await StubEndpoint(.fail(.internalServerError, retryAfter: nil))
        let expensive = try await StubEndpoint(.answer(RouterUnderTest.answer))
        let router = try await RouterUnderTest(
            RouterUnderTest.fleet(cheap: url(cheap), expensive: url(expensive)), histories: RouterUnderTest.histories)
        let answer = try await router.post("/v1/chat/completions", chat)
        #expect(answer.header("model") == "expensive" && answer.header("decided") == "cheap")
        let id = answer.header("decision-id") ?? ""
        _ = try await router.post(
            "/v1/outcomes",
            #"{"outcomes":[{"event_id":"e","decision_id":"\#(id)","reward":1},{"event_id":"","reward":1}]}"#)
        try await Task.sleep(for: .milliseconds(1100))
        let text = try await router.get("/v1/overview").text
        let overview = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
        let activity = try #require(overview["activity"] as? [[String: Any]])
        #expect(activity.map { $0["decisions"] as? Int } == [1, 0], "\(text)")
        #expect(activity.map { $0["failures"] as? Int } == [1, 0] && activity.map { $0["answers"] as? Int } == [0, 1])
        #expect(activity.map { $0["predicted"] as? Int } == [1, 1])
        #expect(activity[0]["last_failure"] as? String == "server_error")
        let chosen = try #require(overview["chosen"] as? [String: Any])
        #expect(chosen["predicted"] as? Int == 1 && (chosen["reasons"] as? [String: Int]) == ["best_score": 1])
        #expect(overview["outcomes"] as? Int == 1 && overview["outcomes_rejected"] as? Int == 1)
        await router.stop()
        cheap.stop()
        expensive.stop()
    }
}
