import Cluster
import Foundation
import CoordinatorHTTP
import Synchronization
import TestSupport
import Testing

@Suite("HTTP as proto/openapi.yaml describes it")
struct ContractTests {
    @Test("every described answer is given, and every given answer is described")
    func wholeContract() async throws {
        let served = try await Served { configuration in
            configuration.timeouts.body = .milliseconds(300)
            configuration.timeouts.grace = .milliseconds(100)
            configuration.timeouts.record = .seconds(1)
            configuration.timeouts.answer = .seconds(1)
        }
        try await good(served)
        try await refused(served)
        try await broken(served)
        try await silent(served)
        await served.node.stop()
        let busy = try await Served {
            $0.requestsMax = 0
            $0.readersMax = 0
        }
        #expect(try await busy.request("GET", "/v1/events").status == 429)
        for (method, path) in Self.work {
            #expect(try await busy.request(method, path, json: method == "POST" ? "{}" : nil).status == 429)
        }
        await busy.node.stop()
        let tokens = try await TokenTests.everyRefusal()
        let answered = served.answered.withLock { $0 }.union(busy.answered.withLock { $0 }).union(tokens)
        let described = served.document.answers
        let never = described.subtracting(answered).sorted()
        #expect(never.isEmpty, "described and never answered")
        print("contract: \(answered.count) kinds of answers seen, \(described.count) described")
    }

    private static let work = [
        ("POST", "/v1/plans"), ("DELETE", "/v1/plans"), ("GET", "/v1/plans/a/1"), ("POST", "/v1/outcomes"),
        ("POST", "/v1/score"), ("GET", "/v1/policies"), ("DELETE", "/v1/policies/a"),
        ("GET", "/v1/policies/a/outcomes"),
    ]

    private func good(_ served: Served) async throws {
        var report = CoordinatorReport()
        report.workers = 2
        report.model = "made-up"
        report.generation = 3
        served.stub.show(report)
        for path in [
            "/livez", "/readyz", "/metrics", "/v1/status", "/v1/cluster", "/", "/v1/overview", "/v1/events?count=2",
        ] {
            #expect(try await served.request("GET", path).status == 200, "\(path)")
        }
        #expect(try await served.request("POST", "/v1/workers/host%2F1/drain").object["leases"] as? Int == 1)
        #expect(
            try await served.request("POST", "/v1/jobs/\(StubCoordinator.job)/cancel").object["pieces"] as? Int == 3)
        let plan = try await served.request("POST", "/v1/plans", json: planBody("a", step: 1))
        #expect(plan.status == 200, "\(plan.text)")
        let stream = try await served.request(
            "POST", "/v1/plans", headers: ["Accept": "application/x-ndjson"], json: planBody("a", step: 1))
        #expect(stream.status == 200 && stream.headers["content-type"] == "application/x-ndjson")
        let outcomes = #"""
            {"policy_id":"a","outcomes":[{"event_id":"e1","prompt_id":"p0","step":1,"rewards":[1,0,0.5]},
            {"event_id":"e2","prompt_id":"p1","mean":0.5,"n":4},{"event_id":"e3","prompt_id":"p2","rewards":[7]},
            {"event_id":"e4","prompt_id":"p3","failed":3}]}
            """#
        let recorded = try await served.request("POST", "/v1/outcomes", json: outcomes)
        #expect(recorded.status == 200 && recorded.object["accepted"] as? Int == 3, "\(recorded.text)")
        #expect(try await served.request("GET", "/v1/plans/a/1").status == 200)
        let policies = try await served.request("GET", "/v1/policies")
        #expect(policies.status == 200 && policies.text.contains(#""policy_id":"a""#), "\(policies.text)")
        let exported = try await served.request("GET", "/v1/policies/a/outcomes?from=1&count=10")
        #expect(exported.status == 200 && exported.text.contains("e2") && !exported.text.contains("e1"))
        #expect(try await served.request("DELETE", "/v1/policies/a").status == 200)
        for (method, path) in [("DELETE", "/v1/policies/b"), ("GET", "/v1/policies/b/outcomes")] {
            let unknown = try await served.request(method, path)
            #expect(unknown.status == 404 && unknown.code == "unknown_policy", "\(unknown.text)")
        }
        #expect(try await served.request("GET", "/v1/policies/a/outcomes?count=0").status == 400)
        let dropped = try await served.request("DELETE", "/v1/plans?policy=a%2Fb&from=3&attempt=4&keep_outcomes=true")
        #expect(dropped.status == 200 && dropped.object["policy_id"] as? String == "a/b", "\(dropped.text)")
        #expect(dropped.object["plans"] as? Int == 3 && dropped.object["groups"] as? Int == 1)
        #expect(dropped.object["attempt"] as? Int == 4)
        let scores = try await served.request(
            "POST", "/v1/score",
            json: #"{"policy_id":"a","items":[{"prompt_id":"x","prompt":"1"},{"prompt":"2"},{"prompt":"3"}]}"#)
        #expect(scores.status == 200, "\(scores.text)")
    }

    private func refused(_ served: Served) async throws {
        #expect(try await served.request("POST", "/v1/plans", json: planBody("a", step: 1, total: 48)).status == 409)
        #expect(try await served.request("POST", "/v1/plans", json: planBody("a", step: 2, total: 1)).status == 422)
        let unheard = try await served.request("POST", "/v1/plans", json: planBody("unheard", step: 1))
        #expect(unheard.status == 422 && unheard.code == "unknown_prompt")
        for (path, body) in [
            ("/v1/plans", planBody("nowhere", step: 1)),
            ("/v1/score", #"{"policy_id":"nowhere","items":[{"prompt":"1"}]}"#),
            ("/v1/outcomes", #"{"policy_id":"nowhere","outcomes":[]}"#),
        ] {
            let answer = try await served.request("POST", path, json: body)
            #expect(answer.status == 404 && answer.code == "unknown_tenant", "\(path): \(answer.text)")
        }
        let nowhere = try await served.request("DELETE", "/v1/plans?policy=nowhere&from=1")
        #expect(nowhere.status == 404 && nowhere.code == "unknown_tenant", "\(nowhere.text)")
        for policy in ["odd", "full", "gone", "late"] {
            let statuses = ["odd": 422, "full": 429, "gone": 503, "late": 504]
            let score = #"{"policy_id":"\#(policy)","items":[{"prompt":"1"}]}"#
            #expect(try await served.request("POST", "/v1/score", json: score).status == statuses[policy])
            let outcomes = #"{"policy_id":"\#(policy)","outcomes":[]}"#
            if policy != "late" {
                #expect(try await served.request("POST", "/v1/outcomes", json: outcomes).status == statuses[policy])
            }
            if policy != "odd" {
                let plan = try await served.request("POST", "/v1/plans", json: planBody(policy, step: 1))
                #expect(plan.status == statuses[policy], "\(plan.text)")
            }
        }
        for query in [
            "from=3", "policy=a", "policy=a&from=-1", "policy=a&from=1&keep_outcomes=2", "policy=a&policy=b&from=1",
        ] {
            #expect(try await served.request("DELETE", "/v1/plans?\(query)").status == 400, "\(query)")
        }
        let taken = try await served.request("DELETE", "/v1/plans?policy=taken&from=1&attempt=1")
        #expect(taken.status == 409 && taken.code == "abandoned")
        #expect(try await served.request("DELETE", "/v1/plans?policy=gone&from=1").status == 503)
        #expect(try await served.request("GET", "/v1/plans/nobody/1").status == 404)
        #expect(try await served.request("POST", "/v1/workers/nobody/drain").code == "unknown_worker")
        #expect(try await served.request("POST", "/v1/jobs/1/cancel").code == "unknown_job")
        #expect(try await served.request("GET", "/v1/plans/a/x").status == 400)
        #expect(try await served.request("GET", "/v1/events?count=0").status == 400)
    }

    private func broken(_ served: Served) async throws {
        #expect(try await served.request("POST", "/v1/plans", json: planBody("broken", step: 1)).status == 502)
        for path in ["/v1/plans", "/v1/outcomes", "/v1/score"] {
            #expect(try await served.request("POST", path, json: "{").status == 400)
            let text = try await served.request("POST", path, headers: ["Content-Type": "text/plain"], json: "{}")
            #expect(text.status == 415)
            // A body that is only announced: too large is refused at once, the other one when its time is over.
            for (bytes, status) in [(64 << 20 | 1, 413), (100, 408)] {
                let connection = try served.connect()
                connection.write(
                    Array(
                        "POST \(path) HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: \(bytes)\r\n\r\n{"
                            .utf8))
                let answer = await onOwnThread { connection.answer() }
                #expect(answer.status == status, "\(path): \(answer.text)")
                served.check("POST", path, answer)
            }
        }
        #expect(try await served.request("GET", "/v1/plans").status == 405)
        #expect(try await served.request("DELETE", "/metrics").status == 405)
        #expect(try await served.request("GET", "/nothing").status == 404)
        let page = ["Origin": "https://evil.example", "Content-Type": "application/json"]
        #expect(try await served.request("POST", "/v1/plans", headers: page, json: "{}").code == "origin_refused")
        #expect(try await served.request("GET", "/v1/status", headers: ["Host": "evil.example"]).code == "host_refused")
    }

    private func silent(_ served: Served) async throws {
        let late = try await served.request(
            "POST", "/v1/plans", json: planBody("silent", step: 1, #","deadline_ms":100"#))
        #expect(late.status == 504)
        served.stub.show(CoordinatorReport())
        #expect(try await served.request("GET", "/readyz").code == "no_worker")
        served.stub.show(nil)
        // An overview may be a second old.
        try await Task.sleep(for: .milliseconds(1100))
        for path in ["/livez", "/readyz", "/metrics", "/v1/status", "/v1/cluster", "/v1/overview"] {
            #expect(try await served.request("GET", path).code == "coordinator_silent", "\(path)")
        }
        for path in ["/v1/workers/a/drain", "/v1/jobs/1/cancel"] {
            #expect(try await served.request("POST", path).code == "coordinator_silent", "\(path)")
        }
        #expect(try await served.request("GET", "/v1/plans/a/1").status == 503)
        for (method, path) in [
            ("GET", "/v1/policies"), ("DELETE", "/v1/policies/a"), ("GET", "/v1/policies/a/outcomes"),
        ] {
            #expect(try await served.request(method, path).status == 503, "\(path)")
        }
        // Outcomes that are never recorded.
        let outcomes = try await served.request("POST", "/v1/outcomes", json: #"{"policy_id":"silent","outcomes":[]}"#)
        #expect(outcomes.status == 504)
    }
}
