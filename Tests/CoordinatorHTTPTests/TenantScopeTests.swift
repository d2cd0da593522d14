import Cluster
import CoordinatorHTTP
import Foundation
import Keys
import TestSupport
import Testing

@Suite("HTTP of the coordinator: tenants")
struct TenantScopeTests {
    /// What each token asks the coordinator for, on each path that it may use.
    private static let requests: [(Access, String, String, String?)] = [
        (.observe, "GET", "/v1/status", nil), (.observe, "GET", "/metrics", nil),
        (.observe, "GET", "/v1/overview", nil),
        (.observe, "GET", "/v1/events?count=1", nil), (.observe, "GET", "/v1/cluster", nil),
        (.operate, "POST", "/v1/workers/host%2F1/drain", nil),
        (.operate, "POST", "/v1/jobs/\(StubCoordinator.job)/cancel", nil),
        (.train, "POST", "/v1/plans", planBody("tenants", step: 1)),
        (.train, "DELETE", "/v1/plans?policy=a&from=1", nil),
        (.train, "GET", "/v1/plans/tenants/1", nil),
        (
            .train, "POST", "/v1/outcomes",
            #"{"policy_id":"a","outcomes":[]}"#
        ),
        (.train, "GET", "/v1/policies", nil), (.train, "DELETE", "/v1/policies/a", nil),
        (.train, "GET", "/v1/policies/a/outcomes", nil),
        (.score, "POST", "/v1/score", #"{"policy_id":"a","items":[{"prompt":"x"}]}"#),
    ]

    @Test("each path asks for the part of the cluster that its token may see, and for nothing beyond it")
    func scopes() async throws {
        let tokens = try TokenTests.Tokens()
        var headers: [(Role, String?, [String: String])] = []
        for role in [Role.client, .trainer, .observer, .admin] {
            headers.append((role, nil, try tokens.header(role)))
            headers.append((role, "a", try tokens.add("\(role)-a", role, KeyTerms(tenant: "a"))))
        }
        let live = tokens.live
        let served = try await Served { $0.tokens = live }
        served.stub.show(CoordinatorReport())
        for (role, tenant, header) in headers {
            let isOperator = tenant == nil && [.observer, .admin].contains(role)
            let own = isOperator ? Scope.all : .tenant(tenant)
            for (access, method, path, body) in Self.requests where role.permits(access) {
                // One answer is for all readers of a scope within a second.
                let isShared = ["/v1/overview", "/v1/events?count=1"].contains(path)
                for named in [nil, "b", tenant].prefix(tenant == nil ? 2 : 3) {
                    _ = served.stub.takeScopes()
                    var all = header
                    all["X-StateZero-Tenant"] = named
                    let answer = try await served.request(method, path, headers: all, json: body)
                    let (asked, reports) = served.stub.takeScopes()
                    let place = "\(role) of \(tenant ?? "none"), naming \(named ?? "none"), \(method) \(path)"
                    let expected = named.map { Scope.tenant($0) } ?? own
                    guard isOperator || expected == own else {
                        #expect(answer.status == 403 && answer.code == "tenant_refused", "\(place): \(answer.text)")
                        #expect(asked.isEmpty, "\(place): \(asked)")
                        continue
                    }
                    #expect(asked.isSubset(of: [expected]), "\(place): \(asked)")
                    #expect(isShared || asked.union(reports).contains(expected), "\(place): \(asked), \(reports)")
                }
            }
        }
        await served.node.stop()
    }

    @Test("a header that names no possible tenant is refused; a server without tokens narrows by it too")
    func header() async throws {
        let served = try await Served()
        served.stub.show(CoordinatorReport())
        for name in ["", "a b", "server", "../a"] {
            let answer = try await served.request("GET", "/v1/policies", headers: ["X-StateZero-Tenant": name])
            #expect(answer.status == 403 && answer.code == "tenant_refused", "\(name): \(answer.text)")
        }
        _ = served.stub.takeScopes()
        _ = try await served.request("GET", "/v1/policies", headers: ["X-StateZero-Tenant": "team-a"])
        #expect(served.stub.takeScopes().asked == [.tenant("team-a")])
        await served.node.stop()
    }

    @Test("the metrics of a tenant have no figures of other requests")
    func metrics() async throws {
        let tokens = try TokenTests.Tokens()
        let watch = try tokens.add("watch", .observer, KeyTerms(tenant: "a"))
        let live = tokens.live
        let served = try await Served { $0.tokens = live }
        served.stub.show(CoordinatorReport())
        let own = try await served.request("GET", "/metrics", headers: watch).text
        #expect(own.contains("statezero_jobs ") && !own.contains("statezero_http_requests"))
        let all = try await served.request("GET", "/metrics", headers: try tokens.header(.observer)).text
        #expect(all.contains("statezero_http_requests"))
        await served.node.stop()
    }
}
