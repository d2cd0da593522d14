import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import ServiceLifecycle
import SwiftProtobuf
import Synchronization
import TraceExport

/// A collector on loopback: keeps the spans of each request, decoded from protobuf, and answers with a status of the test.
final class StubCollector: Sendable {
    private struct State {
        var requests: [OTLPExportTraceServiceRequest] = []
        var headers: [HTTPFields] = []
        var unreadable = 0
        /// Of the next answers; 200 when they are used up.
        var statuses: [HTTPResponse.Status] = []
        var rejected: Int64 = 0
    }

    private final class Shared: Sendable {
        let state = Mutex(State())
    }

    let port: Int
    private let shared: Shared
    private let task: Task<Void, any Error>

    /// Starts; the first answers have these statuses, and every answer rejects so many spans.
    init(statuses: [HTTPResponse.Status] = [], rejected: Int64 = 0) async throws {
        let shared = Shared()
        shared.state.withLock {
            $0.statuses = statuses
            $0.rejected = rejected
        }
        let router = Router()
        router.post("v1/traces") { request, _ in
            let body = try await request.body.collect(upTo: 8 << 20)
            return shared.state.withLock { Self.answer(Array(body.readableBytesView), request.headers, &$0) }
        }
        let ports = AsyncStream<Int>.makeStream()
        let logger = Logger(label: "collector") { _ in SwiftLogNoOpLogHandler() }
        let application = Application(
            router: router, configuration: .init(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { ports.continuation.yield($0.localAddress?.port ?? 0) }, logger: logger)
        task = Task { try await application.runService(gracefulShutdownSignals: []) }
        var iterator = ports.stream.makeAsyncIterator()
        port = await iterator.next() ?? 0
        self.shared = shared
    }

    /// All spans so far, with `service.name` of their process.
    var spans: [(service: String, span: OTLPSpan)] {
        shared.state.withLock { $0.requests }.flatMap(\.resourceSpans).flatMap { resource in
            let name = resource.resource.attributes.first { $0.key == "service.name" }?.value.stringValue ?? ""
            return resource.scopeSpans.flatMap(\.spans).map { (name, $0) }
        }
    }

    var headers: [HTTPFields] { shared.state.withLock { $0.headers } }
    var unreadable: Int { shared.state.withLock { $0.unreadable } }

    func stop() { task.cancel() }

    private static func answer(_ bytes: [UInt8], _ headers: HTTPFields, _ state: inout State) -> Response {
        state.headers.append(headers)
        let status = state.statuses.isEmpty ? .ok : state.statuses.removeFirst()
        guard status == .ok else { return Response(status: status) }
        guard let request = try? OTLPExportTraceServiceRequest(serializedBytes: bytes) else {
            state.unreadable += 1
            return Response(status: .badRequest)
        }
        state.requests.append(request)
        let answer = OTLPExportTraceServiceResponse.with {
            if state.rejected > 0 { $0.partialSuccess.rejectedSpans = state.rejected }
        }
        let body: [UInt8] = (try? answer.serializedBytes()) ?? []
        return Response(
            status: .ok, headers: [.contentType: "application/x-protobuf"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: body)))
    }
}
