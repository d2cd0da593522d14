import Cluster
import Foundation
import CoordinatorHTTP
import TestSupport
import Testing

@Suite("HTTP: plans")
struct PlanTests {
    @Test("an equal request is answered with the same bytes, also when only the deadline differs")
    func idempotent() async throws {
        let served = try await Served()
        let first = try await served.request("POST", "/v1/plans", json: planBody("a", step: 1))
        for more in ["", #","deadline_ms":9999"#, #","n_min":4,"mode":"active","group_sizes":null"#] {
            let again = try await served.request("POST", "/v1/plans", json: planBody("a", step: 1, more))
            #expect(again.status == 200 && again.body == first.body, "\(more): \(again.text)")
        }
        let other = try await served.request("POST", "/v1/plans", json: planBody("a", step: 1, #","n_max":8"#))
        #expect(other.status == 409 && other.error["param"] as? String == "step")
        await served.node.stop()
    }

    @Test(
        "budgets are in the order of the request, a later one replaces an earlier one, and the sum is exact")
    func items() async throws {
        let served = try await Served()
        let plan = try await served.request("POST", "/v1/plans", json: planBody("a", step: 1, prompts: 7, total: 59))
        let items = plan.object["items"] as? [[String: Any]] ?? []
        #expect(items.compactMap { $0["prompt_id"] as? String } == (0..<7).map { "p\($0)" })
        #expect(items.compactMap { $0["n"] as? Int } == [9, 9, 9, 8, 8, 8, 8])
        await served.node.stop()
    }

    @Test(
        "a streamed plan's lines are sent while later budgets are awaited, and have the same content as the whole plan")
    func streamed() async throws {
        let served = try await Served()
        let stream = try await served.request(
            "POST", "/v1/plans", headers: ["Accept": "application/x-ndjson"],
            json: planBody("held", step: 1, prompts: 6, total: 50, #","deadline_ms":60000"#)
        ) {
            // The stub sends the rest only now: a server that collects budgets would never answer.
            served.stub.release()
        }
        let lines = stream.text.split(separator: "\n").compactMap {
            try? JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]
        }
        #expect(
            lines.map { $0["kind"] as? String } == [
                "budget", "budget", "budget", "budget", "budget", "budget", "budget", "end",
            ])
        var counts: [String: Int] = [:]
        for line in lines.dropLast() { counts[line["prompt_id"] as? String ?? ""] = line["n"] as? Int }
        let whole = try await served.request(
            "POST", "/v1/plans",
            json: planBody("held", step: 1, prompts: 6, total: 50, #","deadline_ms":60000"#))
        let items = whole.object["items"] as? [[String: Any]] ?? []
        #expect(Dictionary(items.map { ($0["prompt_id"] as? String ?? "", $0["n"] as? Int ?? 0) }) { $1 } == counts)
        #expect(lines.last?["digest"] as? String == whole.object["digest"] as? String)
        await served.node.stop()
    }

    @Test("the last line of an interrupted stream has the reason; a refusal before the first line keeps its status")
    func streamedErrors() async throws {
        let served = try await Served { $0.timeouts.grace = .milliseconds(50) }
        let accept = ["Accept": "application/x-ndjson"]
        let refused = try await served.request("POST", "/v1/plans", headers: accept, json: planBody("full", step: 1))
        #expect(refused.status == 429 && refused.headers["retry-after"] == "1")
        let broken = try await served.request("POST", "/v1/plans", headers: accept, json: planBody("broken", step: 1))
        #expect(broken.status == 200 && broken.text.contains(#""kind":"error""#) && broken.text.contains("hole"))
        let late = try await served.request(
            "POST", "/v1/plans", headers: accept, json: planBody("held", step: 1, #","deadline_ms":50"#))
        #expect(late.text.split(separator: "\n").last?.contains(#""code":"deadline""#) == true, "\(late.text)")
        await served.node.stop()
    }

    @Test("a request for a plan waits for a group, says where to continue, and does not wait for what there is")
    func groups() async throws {
        let served = try await Served()
        served.stub.show(CoordinatorReport())
        _ = try await served.request("POST", "/v1/plans", json: planBody("team%/a", step: 7))
        let path = "/v1/plans/team%25%2Fa/7"
        let none = try await served.request("GET", path)
        #expect((none.object["plan"] as? [String: Any])?["policy_id"] as? String == "team%/a")
        #expect((none.object["groups"] as? [Any])?.isEmpty == true && none.object["groups_after"] as? Int == 0)
        async let waited = served.request("GET", path + "?wait_ms=20000")
        // Whether the group is done before the request or after, the answer must have it.
        let outcome =
            #"{"policy_id":"team%/a","outcomes":[{"event_id":"1","prompt_id":"p0","step":7,"rewards":[1,0]}]}"#
        _ = try await served.request("POST", "/v1/outcomes", json: outcome)
        let found = try await waited
        let group = (found.object["groups"] as? [[String: Any]])?.first
        #expect(group?["advantages"] as? [Double] == [0.5, -0.5], "\(found.text)")
        #expect(found.object["groups_after"] as? Int == 1)
        let after = try await served.request("GET", path + "?groups_after=1&wait_ms=50")
        #expect((after.object["groups"] as? [Any])?.isEmpty == true && after.object["groups_after"] as? Int == 1)
        await served.node.stop()
    }
}
