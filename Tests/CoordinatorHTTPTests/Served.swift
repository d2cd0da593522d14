import Foundation
import HTTPServing
import CoordinatorHTTP
import Logging
import Synchronization
import TestSupport
import Testing

/// A server on a port that the system chooses, with a stub as its coordinator. Every answer is checked against
/// `proto/openapi.yaml`.
final class Served: Sendable {
    let stub: StubCoordinator
    let node: CoordinatorHTTPServer
    private let described: Described

    /// The document, which no test changes.
    private struct Described: @unchecked Sendable {
        let document: OpenAPI
    }

    /// What has been answered so far, as `METHOD path status`.
    let answered = Mutex<Set<String>>([])

    init(_ configure: (inout CoordinatorHTTPServer.Configuration) -> Void = { _ in }) async throws {
        stub = StubCoordinator()
        described = Described(document: try OpenAPI())
        var configuration = CoordinatorHTTPServer.Configuration(address: HTTPAddress(host: "127.0.0.1", port: 0))
        configuration.version = "0.0.0"
        configure(&configuration)
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        node = try await CoordinatorHTTPServer.start(configuration, coordinator: stub.client, logger: logger)
    }

    var document: OpenAPI { described.document }

    func connect() throws -> LoopbackHTTP { try LoopbackHTTP(port: node.address.port) }

    /// One request on a connection of its own; whatever is answered must be as described.
    func request(
        _ method: String, _ path: String, headers: [String: String] = [:], json: String? = nil,
        afterFirstChunk: @escaping @Sendable () -> Void = {}
    ) async throws -> LoopbackHTTP.Answer {
        let headers = ["Connection": "close"].merging(headers) { $1 }
        let body = json.map { Array($0.utf8) }
        let connection = try connect()
        let answer = await onOwnThread {
            connection.request(method, path, headers: headers, body: body, afterFirstChunk: afterFirstChunk)
        }
        check(method, path, answer)
        return answer
    }

    /// The document's path for a request's path.
    private static func route(of path: Substring) -> String {
        if path.hasPrefix("/v1/plans/") { return "/v1/plans/{policy_id}/{step}" }
        if path.hasPrefix("/v1/policies/") {
            return path.hasSuffix("/outcomes") ? "/v1/policies/{policy_id}/outcomes" : "/v1/policies/{policy_id}"
        }
        if path.hasPrefix("/v1/workers/") { return "/v1/workers/{name}/drain" }
        if path.hasPrefix("/v1/jobs/") { return "/v1/jobs/{id}/cancel" }
        return String(path)
    }

    /// Checks an answer against the document.
    func check(_ method: String, _ path: String, _ answer: LoopbackHTTP.Answer) {
        let bare = path.split(separator: "?")[0]
        let route = Self.route(of: bare)
        // What is no operation has no description of its own.
        let problems =
            ["not_found", "method_not_allowed", "host_refused", "origin_refused"].contains(answer.code)
            ? document.problems(withError: answer) : document.problems(method, route, answer)
        #expect(problems.isEmpty, "\(method) \(path) \(answer.status): \(answer.text.prefix(300))")
        for problem in problems { Issue.record("\(problem)") }
        answered.withLock { _ = $0.insert("\(method) \(route) \(answer.status)") }
    }
}

/// A request for a plan of so many prompts.
func planBody(
    _ policy: String, step: Int, prompts: Int = 5, total: Int = 40, _ more: String = ""
) -> String {
    let items = (0..<prompts).map { #"{"prompt_id":"p\#($0)","prompt":"What is \#($0) + 1?"}"# }.joined(separator: ",")
    return #"{"policy_id":"\#(policy)","step":\#(step),"total":\#(total),"items":[\#(items)]\#(more)}"#
}
