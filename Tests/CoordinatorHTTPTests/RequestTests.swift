import Foundation
import CoordinatorHTTP
import TestSupport
import Testing

@Suite("HTTP: an error of a request names the member")
struct RequestTests {
    @Test(
        "a bad value of a plan's request",
        arguments: [
            (#"{"policy_id":"a","step":1,"total":8}"#, "missing", "items"),
            (#"{"policy_id":"a","step":1,"total":8,"items":[],"n_min":null}"#, "out_of_range", "items"),
            (
                #"{"policy_id":"a","step":1,"total":8,"items":[{"prompt_id":"x","references":{"a":0.5}}]}"#,
                "out_of_range", "items[0].references"
            ),
            (
                #"{"policy_id":"a","step":1,"total":8,"items":[{"prompt_id":"x"}],"references":["a"]}"#, "out_of_range",
                "references[0]"
            ),
            (
                #"{"policy_id":"a","step":1,"total":8,"items":[{"prompt_id":"x"}],"references":[3]}"#, "wrong_type",
                "references[0]"
            ),
            (
                #"{"policy_id":"a","step":1,"total":8,"items":[{"prompt_id":"x","references":{"b":1.5}}]}"#,
                "out_of_range", "items[0].references.b"
            ),
            (
                #"{"policy_id":"a","step":1,"total":8,"items":[{"prompt_id":"x","references":{"b":{"k":5,"n":4}}}]}"#,
                "out_of_range", "items[0].references.b"
            ),
            (
                #"{"policy_id":"a","step":1,"total":8,"items":[{"prompt_id":"x","references":{"b":{"k":5,"reward":1,"n":4}}}]}"#,
                "out_of_range", "items[0].references.b"
            ),
            (
                #"{"policy_id":"a","step":1,"total":8,"items":[{"prompt_id":"x","covariates":{"level":[1]}}]}"#,
                "wrong_type", "items[0].covariates.level"
            ),
            (
                #"{"policy_id":"a","step":1,"total":8,"items":[{"prompt_id":"x"},{"prompt_id":"x"}]}"#, "duplicate",
                "items[1].prompt_id"
            ),
            (
                #"{"policy_id":"a","step":1,"total":8,"items":[{"prompt_id":"x","promt":"y"}]}"#, "unknown_key",
                "items[0].promt"
            ),
            (#"{"policy_id":"a","step":1,"total":8,"items":[{"prompt_id":7}]}"#, "wrong_type", "items[0].prompt_id"),
            (#"{"policy_id":"a","step":-1,"total":8,"items":[{"prompt_id":"x"}]}"#, "out_of_range", "step"),
            (#"{"policy_id":"a","step":1.5,"total":8,"items":[{"prompt_id":"x"}]}"#, "out_of_range", "step"),
            (#"{"policy_id":"a","step":"1","total":8,"items":[{"prompt_id":"x"}]}"#, "wrong_type", "step"),
            (#"{"policy_id":"","step":1,"total":8,"items":[{"prompt_id":"x"}]}"#, "out_of_range", "policy_id"),
            (#"{"policy_id":"a","step":1,"total":1e99,"items":[{"prompt_id":"x"}]}"#, "out_of_range", "total"),
            (
                #"{"policy_id":"a","step":1,"total":8,"items":[{"prompt_id":"x"}],"n_min":9,"n_max":8}"#,
                "out_of_range", "n_max"
            ),
            (
                #"{"policy_id":"a","step":1,"total":8,"items":[{"prompt_id":"x"}],"group_sizes":[4,2000]}"#,
                "out_of_range", "group_sizes[1]"
            ),
            (#"{"policy_id":"a","step":1,"total":8,"items":[{"prompt_id":"x"}],"mode":"dry"}"#, "out_of_range", "mode"),
            (
                #"{"policy_id":"a","step":1,"total":8,"items":[{"prompt_id":"x"}],"objective":"best"}"#, "out_of_range",
                "objective"
            ),
            (
                #"{"policy_id":"a","step":1,"total":8,"items":[{"prompt_id":"x"}],"context":{"row":1}}"#, "unknown_key",
                "context.row"
            ),
            (#"{"policy_id":"a","step":1,"total":8,"items":[{"prompt_id":"x"}],"context":7}"#, "wrong_type", "context"),
            (
                #"{"policy_id":"a","step":1,"total":8,"items":[{"prompt_id":"x"}],"reward_low":1,"reward_high":1}"#,
                "out_of_range", "reward_high"
            ),
            (
                #"{"policy_id":"a","step":1,"total":8,"items":[{"prompt_id":"x"}],"outcomes":[{"event_id":"e","prompt_id":"x"}]}"#,
                "missing", "outcomes[0].rewards"
            ),
            (
                #"{"policy_id":"a","step":1,"total":8,"items":[{"prompt_id":"x"}],"outcomes":[{"event_id":"e","prompt_id":"x","rewards":[true]}]}"#,
                "wrong_type", "outcomes[0].rewards[0]"
            ),
        ])
    func badPlan(body: String, code: String, param: String) async throws {
        let served = try await Served()
        let answer = try await served.request("POST", "/v1/plans", json: body)
        #expect(
            answer.status == 400 && answer.code == code && answer.error["param"] as? String == param, "\(answer.text)")
        await served.node.stop()
    }

    @Test(
        "what is not JSON",
        arguments: [
            "", "{", "[1,]", #"{"a":1,"a":2}"#, #"{"a":NaN}"#, "{} {}", String(repeating: "[", count: 500),
            #"{"a":"\ud800"}"#,
            #""text""#,
        ])
    func notJSON(body: String) async throws {
        let served = try await Served()
        for path in ["/v1/plans", "/v1/outcomes", "/v1/score"] {
            let answer = try await served.request("POST", path, json: body)
            let code = body == #""text""# ? "wrong_type" : "invalid_json"
            #expect(answer.status == 400 && answer.code == code, "\(path): \(answer.text)")
        }
        await served.node.stop()
    }

    @Test("bytes that are not UTF-8, a query that is not known, a body without its type")
    func odd() async throws {
        let served = try await Served()
        let connection = try served.connect()
        let answer = await onOwnThread {
            connection.request("POST", "/v1/plans", body: Array(#"{"policy_id":"#.utf8) + [0x22, 0xFF, 0x22, 0x7D])
        }
        #expect(answer.status == 400 && answer.code == "invalid_utf8")
        let query = try await served.request("POST", "/v1/plans?dry=1", json: planBody("a", step: 1))
        #expect(query.code == "unknown_key" && query.error["param"] as? String == "dry")
        for query in ["wait_ms=-1", "wait_ms=x", "wait_ms=1&wait_ms=2", "groups_after=1.5", "wait_ms", "wait_ms=40000"]
        {
            #expect(try await served.request("GET", "/v1/plans/a/1?" + query).status == 400, "\(query)")
        }
        let form = try await served.request(
            "POST", "/v1/score", headers: ["Content-Type": "application/x-www-form-urlencoded"], json: "{}")
        #expect(form.status == 415 && (form.error["message"] as? String)?.contains("application/json") == true)
        await served.node.stop()
    }

    @Test("the document's own examples are valid requests")
    func examples() async throws {
        let served = try await Served()
        let paths = served.document.root["paths"] as? [String: [String: Any]] ?? [:]
        var count = 0
        for (path, operations) in paths {
            let body = (operations["post"] as? [String: Any])?["requestBody"] as? [String: Any]
            let content = (body?["content"] as? [String: Any])?["application/json"] as? [String: Any]
            guard let example = content?["example"] else { continue }
            let problems = served.document.problems(withRequest: example, to: path)
            #expect(problems.isEmpty, "\(problems)")
            let json = String(decoding: try JSONSerialization.data(withJSONObject: example), as: UTF8.self)
            let answer = try await served.request("POST", path, json: json)
            #expect(answer.status == 200, "\(path): \(answer.text)")
            count += 1
        }
        #expect(count == 3)
        await served.node.stop()
    }

    @Test("a reward that is null or NaN rejects its outcome, and not the request")
    func missingRewards() async throws {
        let served = try await Served()
        let outcomes = #"""
            {"policy_id":"a","outcomes":[{"event_id":"e1","prompt_id":"p0","rewards":[1,NaN,0]},
            {"event_id":"e2","prompt_id":"p1","rewards":[null]},{"event_id":"e3","prompt_id":"p2","rewards":[0,-Infinity]},
            {"event_id":"e4","prompt_id":"p3","rewards":[1,0]}]}
            """#
        let answer = try await served.request("POST", "/v1/outcomes", json: outcomes)
        #expect(answer.status == 200 && answer.object["accepted"] as? Int == 1, "\(answer.text)")
        #expect((answer.object["rejected"] as? [[String: Any]])?.compactMap { $0["index"] as? Int } == [0, 1, 2])
        let word = #"{"policy_id":"a","outcomes":[{"event_id":"e5","prompt_id":"p","rewards":["1"]}]}"#
        #expect(try await served.request("POST", "/v1/outcomes", json: word).code == "wrong_type")
        await served.node.stop()
    }
}
