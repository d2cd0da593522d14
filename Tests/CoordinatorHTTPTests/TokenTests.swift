import Cluster
import CoordinatorHTTP
import Foundation
import Keys
import Synchronization
import TestSupport
import Testing

@Suite("HTTP of the coordinator with tokens")
struct TokenTests {
    /// A keys folder with a token of each role that may use HTTP.
    final class Tokens {
        let live: LiveTokens
        let folder: KeyFolder
        private let scratch: ScratchFolder

        init() throws {
            scratch = try ScratchFolder()
            folder = KeyFolder(path: scratch.file("keys"))
            for role in [Role.client, .trainer, .observer, .admin] {
                _ = try folder.addToken(
                    role.rawValue, role: role, output: scratch.file("\(role.rawValue).token"), at: Date())
            }
            live = try LiveTokens(folder, at: Date())
        }

        /// One more token, as the header of a request.
        func add(_ name: String, _ role: Role, _ terms: KeyTerms) throws -> [String: String] {
            let path = scratch.file("\(name).token")
            _ = try folder.addToken(name, role: role, terms: terms, output: path, at: Date())
            _ = try live.reload(at: Date())
            return ["Authorization": "Bearer \(try TokenFile.secret(readingFrom: path))"]
        }

        func header(_ role: Role) throws -> [String: String] {
            let token = try TokenFile.secret(readingFrom: scratch.file("\(role.rawValue).token"))
            return ["Authorization": "Bearer \(token)"]
        }
    }

    /// Operations by what they need: the paths of `proto/openapi.yaml`.
    private static let operations: [(Access, String, String)] = [
        (.observe, "GET", "/v1/status"), (.observe, "GET", "/metrics"), (.observe, "GET", "/v1/overview"),
        (.observe, "GET", "/v1/events?count=1"), (.observe, "GET", "/v1/cluster"),
        (.operate, "POST", "/v1/workers/a/drain"), (.operate, "POST", "/v1/jobs/\(StubCoordinator.job)/cancel"),
        (.train, "POST", "/v1/plans"), (.train, "DELETE", "/v1/plans"), (.train, "GET", "/v1/plans/a/1"),
        (.train, "POST", "/v1/outcomes"), (.train, "GET", "/v1/policies"), (.train, "DELETE", "/v1/policies/a"),
        (.train, "GET", "/v1/policies/a/outcomes"), (.score, "POST", "/v1/score"),
    ]

    /// Refuses each operation three times, also for its rate, without a token and with one of another role; returns what was answered.
    static func everyRefusal() async throws -> Set<String> {
        let tokens = try Tokens()
        let slow = try tokens.add("slow", .admin, KeyTerms(messagesPerSecond: 1))
        let live = tokens.live
        let served = try await Served { $0.tokens = live }
        for (access, method, path) in operations {
            #expect(try await served.request(method, path).code == "token_missing", "\(method) \(path)")
            let other = try tokens.header(access == .observe ? .trainer : .observer)
            #expect(try await served.request(method, path, headers: other).code == "role_refused", "\(method) \(path)")
            var code: String?
            // The second of two within a second; a busy machine may need more.
            for _ in 0..<100 where code != "rate_exceeded" {
                code = try await served.request(method, path, headers: slow, json: method == "POST" ? "{}" : nil).code
            }
            #expect(code == "rate_exceeded", "\(method) \(path)")
        }
        await served.node.stop()
        return served.answered.withLock { $0 }
    }

    @Test("each role may do what the table says, on each path, and nothing else")
    func roles() async throws {
        let tokens = try Tokens()
        let live = tokens.live
        let served = try await Served { $0.tokens = live }
        let permitted: [Role: [Access]] = [
            .client: [.score], .trainer: [.score, .train], .observer: [.observe], .admin: Access.allCases,
        ]
        for (role, accesses) in permitted {
            let header = try tokens.header(role)
            for (access, method, path) in Self.operations {
                let answer = try await served.request(
                    method, path, headers: header, json: method == "POST" ? "{}" : nil)
                let isRefused = [401, 403].contains(answer.status)
                #expect(isRefused != accesses.contains(access), "\(role) \(method) \(path): \(answer.status)")
            }
        }
        await served.node.stop()
    }

    @Test("the page, /livez and /readyz need no token; what has no token is refused and counted")
    func open() async throws {
        let tokens = try Tokens()
        let live = tokens.live
        let served = try await Served { $0.tokens = live }
        served.stub.show(CoordinatorReport())
        for path in ["/", "/livez"] { #expect(try await served.request("GET", path).status == 200, "\(path)") }
        #expect(try await served.request("GET", "/readyz").code == "no_worker")
        let missing = try await served.request("GET", "/v1/status")
        #expect(missing.status == 401 && missing.headers["www-authenticate"]?.hasPrefix("Bearer") == true)
        for header in ["Basic YTpi", "Bearer", "Bearer a b", "token"] {
            let answer = try await served.request("GET", "/v1/status", headers: ["Authorization": header])
            #expect(answer.code == "token_missing", "\(header)")
        }
        for header in ["Bearer sz_guess", "bearer \(String(repeating: "x", count: 5000))"] {
            let answer = try await served.request("GET", "/v1/status", headers: ["Authorization": header])
            #expect((answer.status, answer.code) == (401, "token_unknown"))
        }
        #expect(try await served.request("GET", "/metrics", headers: try tokens.header(.client)).status == 403)
        let metrics = try await served.request("GET", "/metrics", headers: try tokens.header(.observer)).text
        for (reason, number) in [("token_missing", 5), ("token_unknown", 2), ("role_refused", 1)] {
            #expect(metrics.contains("statezero_http_tokens_refused_total{reason=\"\(reason)\"} \(number)\n"))
        }
        await served.node.stop()
    }

    @Test("a token that is revoked while the server runs is refused after the folder was read again")
    func revoked() async throws {
        let tokens = try Tokens()
        let live = tokens.live
        let served = try await Served { $0.tokens = live }
        let header = try tokens.header(.observer)
        #expect(try await served.request("GET", "/v1/status", headers: header).status == 200)
        try tokens.folder.revokeToken("observer", at: Date())
        #expect(try await served.request("GET", "/v1/status", headers: header).status == 200)
        #expect(try live.reload(at: Date()) == 3)
        #expect(try await served.request("GET", "/v1/status", headers: header).code == "token_unknown")
        await served.node.stop()
    }
}
