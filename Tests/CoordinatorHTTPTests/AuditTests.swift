import CoordinatorHTTP
import Foundation
import Keys
import TestSupport
import Testing

@Suite("HTTP of the coordinator: the audit log")
struct AuditTests {
    @Test("what holders of tokens change has a line: who, of which tenant, what, and what came of it")
    func changes() async throws {
        let tokens = try TokenTests.Tokens()
        let live = tokens.live
        let trainer = try tokens.add("trainer-a", .trainer, KeyTerms(tenant: "a"))
        let admin = try tokens.header(.admin)
        let served = try await Served { $0.tokens = live }
        _ = served.stub.takeAudited()
        let named = admin.merging(["X-StateZero-Tenant": "b"]) { $1 }
        let cases: [(String, String, [String: String], String?, String, String)] = [
            ("POST", "/v1/plans", trainer, planBody("a", step: 1), "POST /v1/plans", "200"),
            ("POST", "/v1/plans", trainer, "{", "POST /v1/plans", "400 invalid_json"),
            (
                "POST", "/v1/outcomes", trainer, #"{"policy_id":"a","outcomes":[]}"#, "POST /v1/outcomes", "200"
            ),
            ("DELETE", "/v1/plans?policy=taken&from=1&attempt=1", trainer, nil, "DELETE /v1/plans", "409 abandoned"),
            ("DELETE", "/v1/policies/a", named, nil, "DELETE /v1/policies/{policy_id}", "200"),
            ("POST", "/v1/workers/nobody/drain", admin, nil, "POST /v1/workers/{name}/drain", "404 unknown_worker"),
            (
                "POST", "/v1/jobs/\(StubCoordinator.job)/cancel", admin, nil, "POST /v1/jobs/{id}/cancel", "200"
            ),
        ]
        for (method, path, headers, body, what, outcome) in cases {
            _ = try await served.request(method, path, headers: headers, json: body)
            let lines = served.stub.takeAudited()
            #expect(lines.count == 1, "\(method) \(path): \(lines)")
            #expect(lines.first?.what == what && lines.first?.outcome == outcome, "\(lines)")
            #expect(lines.first?.facts["path"] == String(path.split(separator: "?")[0]), "\(lines)")
            let isTrainer = headers == trainer
            #expect(lines.first?.key == (isTrainer ? "trainer-a" : "admin"), "\(lines)")
            #expect(lines.first?.tenant == (isTrainer ? "a" : nil), "\(lines)")
            #expect(lines.first?.facts["named_tenant"] == (headers == named ? "b" : nil), "\(lines)")
        }
        await served.node.stop()
    }

    @Test("what only reads, and what is refused before it is handled, has no line; nor has anything without tokens")
    func others() async throws {
        let tokens = try TokenTests.Tokens()
        let live = tokens.live
        let served = try await Served { $0.tokens = live }
        let trainer = try tokens.header(.trainer)
        _ = try await served.request("GET", "/v1/policies", headers: trainer)
        _ = try await served.request("POST", "/v1/plans", json: planBody("a", step: 1))
        _ = try await served.request("POST", "/v1/workers/a/drain", headers: trainer)
        #expect(served.stub.takeAudited() == [])
        await served.node.stop()
        let open = try await Served()
        _ = try await open.request("POST", "/v1/plans", json: planBody("a", step: 1))
        #expect(open.stub.takeAudited() == [])
        await open.node.stop()
    }
}
