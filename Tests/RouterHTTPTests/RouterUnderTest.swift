import AsyncHTTPClient
import Foundation
import Logging
import NIOCore
import NIOHTTP1
import RouterHTTP
import Routing
import Scoring

/// `route serve` on a free port of loopback, with a client for it.
final class RouterUnderTest: Sendable {
    struct Answer: Sendable {
        let status: Int
        let headers: HTTPHeaders
        let text: String

        /// A header of the decision.
        func header(_ name: String) -> String? { headers.first(name: "x-statezero-\(name)") }
        /// The code of a failure.
        var code: String? {
            let object = (try? JSONSerialization.jsonObject(with: Data(text.utf8))) as? [String: Any]
            return (object?["error"] as? [String: Any])?["code"] as? String
        }
    }

    // Deleted when this process ends.
    private static let root: String = {
        atexit { try? FileManager.default.removeItem(atPath: RouterUnderTest.root) }
        return NSTemporaryDirectory() + "route-tests-\(ProcessInfo.processInfo.processIdentifier)"
    }()

    let port: Int
    let folder: String
    private let task: Task<Void, Never>

    init(
        _ fleet: Fleet, histories: [[ContextSet.Row]], folder: String? = nil,
        _ change: (inout RouteServer.Configuration) -> Void = { _ in }
    ) async throws {
        self.folder = folder ?? Self.root + "/\(UInt64.random(in: 0...UInt64.max))"
        var configuration = RouteServer.Configuration(fleet: fleet, histories: histories, stateFolder: self.folder)
        configuration.port = 0
        configuration.stopTime = .seconds(1)
        change(&configuration)
        let server = try RouteServer(
            configuration, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, makeModel: { WordModel() })
        let ports = AsyncStream<Int>.makeStream()
        task = Task {
            // Cancelled at the end, which is an error that nobody waits for.
            try? await server.run { ports.continuation.yield($0) }
            ports.continuation.finish()
        }
        var iterator = ports.stream.makeAsyncIterator()
        port = await iterator.next() ?? 0
    }

    /// Stops, and waits until it has.
    func stop() async {
        task.cancel()
        await task.value
    }

    func post(
        _ path: String, _ body: String, key: String? = nil, session: String? = nil, trace: String? = nil,
        states: [String] = []
    ) async throws -> Answer {
        try await send(.POST, path, body, key: key, session: session, trace: trace, states: states)
    }

    func get(_ path: String, key: String? = nil) async throws -> Answer { try await send(.GET, path, nil, key: key) }

    private func send(
        _ method: HTTPMethod, _ path: String, _ body: String?, key: String?, session: String? = nil,
        trace: String? = nil, states: [String] = []
    ) async throws -> Answer {
        var request = HTTPClientRequest(url: "http://127.0.0.1:\(port)\(path)")
        request.method = method
        if let key { request.headers.add(name: "authorization", value: "Bearer \(key)") }
        if let session { request.headers.add(name: "x-session-id", value: session) }
        if let trace { request.headers.add(name: "traceparent", value: trace) }
        for state in states { request.headers.add(name: "tracestate", value: state) }
        if let body { request.body = .bytes(ByteBuffer(string: body)) }
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(300))
        let bytes = try await response.body.collect(upTo: 8 << 20)
        return Answer(
            status: Int(response.status.code), headers: response.headers, text: String(buffer: bytes))
    }

    /// The smallest answer of an endpoint.
    static let answer = #"{"choices":[{"message":{"role":"assistant","content":"a"}}]}"#

    /// A fleet of a cheap and an expensive model at two addresses; the expensive one is the default.
    static func fleet(
        cheap: String, expensive: String, rule: RouteRule = .weighted(0.7),
        _ change: (inout FleetModel) -> Void = { _ in }
    ) throws -> Fleet {
        var models: [FleetModel] = []
        for (name, price, url) in [("cheap", 0.1, cheap), ("expensive", 1.0, expensive)] {
            var model = FleetModel(name: name, price: .flat(price))
            model.endpoint = .init(url: url, model: "\(name)-upstream")
            change(&model)
            models.append(model)
        }
        return try Fleet(models: models, defaultModel: "expensive", rule: rule)
    }

    /// The cheap one is right on easy prompts, the expensive one on all.
    static let histories = [WordHistory.rows(easy: 0.9, hard: 0.1), WordHistory.rows(easy: 0.95, hard: 0.9)]
}
