import Foundation
import Keys
import RouterHTTP
import Routing
import TestSupport
import Testing

@Suite("route serve with tokens of a keys folder")
struct RouterTokenTests {
    private let chat = #"{"messages":[{"role":"user","content":"easy one"}],"model":"statezero"}"#

    @Test("each role may do its part; a token of a client's name sees that client's spending alone")
    func roles() async throws {
        let scratch = try ScratchFolder()
        let folder = KeyFolder(path: scratch.file("keys"))
        var tokens: [String: String] = [:]
        for (name, role) in [("a", Role.client), ("t", .trainer), ("o", .observer), ("r", .admin), ("w", .worker)] {
            _ = try folder.addToken(name, role: role, output: scratch.file(name), at: Date())
            tokens[name] = try TokenFile.secret(readingFrom: scratch.file(name))
        }
        let live = try LiveTokens(folder, at: Date())
        let endpoint = try await StubEndpoint(.answer(RouterUnderTest.answer))
        let url = "http://127.0.0.1:\(endpoint.port)/v1"
        var fleet = try RouterUnderTest.fleet(cheap: url, expensive: url)
        fleet.clients = [FleetClient(name: "a", keyVariable: "A"), FleetClient(name: "b", keyVariable: "B")]
        let router = try await RouterUnderTest(fleet, histories: RouterUnderTest.histories) {
            $0.environment = ["A": "key-a", "B": "key-b"]
            $0.tokens = live
        }
        for path in ["/", "/livez", "/readyz"] { #expect(try await router.get(path).status == 200, "\(path)") }
        for path in ["/metrics", "/v1/status", "/v1/overview", "/v1/events?count=1", "/v1/models"] {
            #expect(try await router.get(path).code == "token_missing", "\(path)")
            #expect(try await router.get(path, key: "guess").code == "token_unknown", "\(path)")
            #expect(try await router.get(path, key: tokens["w"]).code == "role_refused", "\(path)")
            #expect(try await router.get(path, key: tokens["r"]).status == 200, "\(path)")
            #expect(try await router.get(path, key: "key-a").status == 200, "\(path): keys of the fleet go on")
        }
        for (name, chats, outcomes) in [("a", 200, 403), ("t", 200, 400), ("o", 403, 403), ("r", 200, 400)] {
            #expect(try await router.post("/v1/chat/completions", chat, key: tokens[name]).status == chats, "\(name)")
            #expect(try await router.post("/v1/route", chat, key: tokens[name]).status == chats, "\(name)")
            #expect(try await router.post("/v1/outcomes", "{}", key: tokens[name]).status == outcomes, "\(name)")
        }
        let own = try await router.get("/v1/overview", key: tokens["a"]).text
        #expect(own.contains(#""client":"a""#) && !own.contains(#""client":"b""#), "\(own)")
        let other = try await router.get("/v1/overview", key: tokens["t"]).text
        #expect(!other.contains(#""client":"a""#), "a token without a client of its name sees none")
        let all = try await router.get("/v1/overview", key: tokens["o"]).text
        #expect(all.contains(#""client":"a""#) && all.contains(#""client":"b""#), "\(all)")
        try folder.revokeToken("a", at: Date())
        _ = try live.reload(at: Date())
        #expect(try await router.post("/v1/route", chat, key: tokens["a"]).code == "token_unknown")
        await router.stop()
        endpoint.stop()
    }

    @Test("a tenant's token may ask for answers as a client, and is refused everything else, also as another role")
    func tenants() async throws {
        let scratch = try ScratchFolder()
        let folder = KeyFolder(path: scratch.file("keys"))
        var tokens: [String: String] = [:]
        for (name, role) in [("c", Role.client), ("t", .trainer), ("o", .observer), ("r", .admin)] {
            let terms = KeyTerms(tenant: "team-a")
            _ = try folder.addToken(name, role: role, terms: terms, output: scratch.file(name), at: Date())
            tokens[name] = try TokenFile.secret(readingFrom: scratch.file(name))
        }
        let live = try LiveTokens(folder, at: Date())
        let endpoint = try await StubEndpoint(.answer(RouterUnderTest.answer))
        let url = "http://127.0.0.1:\(endpoint.port)/v1"
        let router = try await RouterUnderTest(
            try RouterUnderTest.fleet(cheap: url, expensive: url), histories: RouterUnderTest.histories
        ) { $0.tokens = live }
        for path in ["/v1/chat/completions", "/v1/route"] {
            #expect(try await router.post(path, chat, key: tokens["c"]).status == 200, "\(path)")
        }
        for (name, path) in [("t", "/v1/outcomes"), ("r", "/v1/outcomes")] {
            let answer = try await router.post(path, "{}", key: tokens[name])
            #expect(answer.status == 403 && answer.code == "tenant_refused", "\(name) \(path): \(answer.text)")
        }
        for name in ["t", "o", "r"] {
            for path in ["/metrics", "/v1/status", "/v1/overview", "/v1/events?count=1"] {
                let answer = try await router.get(path, key: tokens[name])
                let isRefused = answer.status == 403 && ["tenant_refused", "role_refused"].contains(answer.code)
                #expect(isRefused, "\(name) \(path): \(answer.status) \(answer.text)")
            }
        }
        await router.stop()
        endpoint.stop()
    }
}
