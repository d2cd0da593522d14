import Foundation
import HTTPServing
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import ServiceLifecycle
import Synchronization

/// An OpenAI-like server on loopback with answers set by the test; it keeps the requests.
final class StubEndpoint: Sendable {
    enum Manner: Sendable {
        case answer(String)
        case fail(HTTPResponse.Status, retryAfter: Int?)
        case pieces([String])
        case hang
    }

    private struct State {
        var manner: Manner
        var bodies: [String] = []
        var keys: [String?] = []
        var traces: [String?] = []
        var traceStates: [String?] = []
    }

    let port: Int
    private let shared: SharedState
    private let task: Task<Void, any Error>

    init(_ manner: Manner) async throws {
        let state = SharedState(State(manner: manner))
        let router = Router()
        router.post("v1/chat/completions") { request, _ in
            let body = try await request.body.collect(upTo: 1 << 20)
            let manner = state.value.withLock { value in
                value.bodies.append(String(buffer: body))
                value.keys.append(request.headers[.authorization])
                value.traces.append(HTTPField.Name("traceparent").flatMap { request.headers[$0] })
                value.traceStates.append(HTTPField.Name("tracestate").flatMap { request.headers[$0] })
                return value.manner
            }
            return try await Self.respond(manner)
        }
        let ports = AsyncStream<Int>.makeStream()
        let logger = Logger(label: "stub") { _ in SwiftLogNoOpLogHandler() }
        let application = Application(
            router: router, configuration: .init(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { ports.continuation.yield($0.localAddress?.port ?? 0) },
            logger: logger)
        var group = ServiceGroupConfiguration(services: [application], logger: logger)
        // A request that hangs is then cancelled.
        group.maximumGracefulShutdownDuration = .seconds(1)
        let services = ServiceGroup(configuration: group)
        task = Task { try await services.runUntilCancelled() }
        var iterator = ports.stream.makeAsyncIterator()
        port = await iterator.next() ?? 0
        shared = state
    }

    private final class SharedState: Sendable {
        let value: Mutex<State>
        init(_ state: State) { value = Mutex(state) }
    }

    /// Bodies of all requests so far.
    var bodies: [String] { shared.value.withLock { $0.bodies } }
    /// `Authorization` of all requests so far.
    var keys: [String?] { shared.value.withLock { $0.keys } }

    /// `traceparent` of all requests so far.
    var traces: [String?] { shared.value.withLock { $0.traces } }

    /// `tracestate` of all requests so far.
    var traceStates: [String?] { shared.value.withLock { $0.traceStates } }

    func behave(_ manner: Manner) { shared.value.withLock { $0.manner = manner } }

    func stop() { task.cancel() }

    private static func respond(_ manner: Manner) async throws -> Response {
        switch manner {
        case .answer(let text):
            return Response(
                status: .ok, headers: [.contentType: "application/json"],
                body: .init(byteBuffer: ByteBuffer(string: text)))
        case .fail(let status, let retryAfter):
            var headers: HTTPFields = [.contentType: "application/json"]
            if let retryAfter { headers[.retryAfter] = "\(retryAfter)" }
            return Response(
                status: status, headers: headers, body: .init(byteBuffer: ByteBuffer(string: "{\"error\":{}}")))
        case .pieces(let pieces):
            return Response(
                status: .ok, headers: [.contentType: "text/event-stream"],
                body: .init { writer in
                    for piece in pieces { try await writer.write(ByteBuffer(string: piece)) }
                    try await writer.finish(nil)
                })
        case .hang:
            try await Task.sleep(for: .seconds(3600))
            return Response(status: .ok)
        }
    }
}
