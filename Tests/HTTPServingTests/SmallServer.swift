import HTTPServing
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import ServiceLifecycle
import Synchronization
import TestSupport

/// A server of a few paths with the layers that both real servers have.
final class SmallServer: Sendable {
    let port: Int
    let connections: HTTPConnections
    let limiter: ConcurrencyLimiter
    let channel: any Channel
    private let running: Task<Void, any Error>

    /// `GET /ok`; `POST /size` answers the number of bytes of its body; `GET` and `DELETE /two`.
    init(
        requestsMax: Int = 64, bytesMax: Int = 1 << 20, origins: [String] = [], feed: EventFeed<Bool>? = nil,
        certificates: ServerCertificates? = nil,
        _ change: (inout ConnectionLimits) -> Void = { _ in }
    ) async throws {
        var limits = ConnectionLimits()
        change(&limits)
        let format = FailureMiddleware<ServedContext>.Format(body: Self.body)
        let connections = HTTPConnections(
            limits, certificates: certificates, logger: .quiet, body: Self.body)
        let limiter = ConcurrencyLimiter(requestsMax: requestsMax, bytesMax: bytesMax)
        let router = Router(context: ServedContext.self)
        if let origins: OriginsMiddleware<ServedContext> = CrossOrigin.middleware(origins) {
            router.add(middleware: origins)
        }
        router.add(middleware: MethodMiddleware(format))
        router.add(middleware: FailureMiddleware(format))
        router.serve("/ok", [.get: { _, _ in Self.text("ok") }])
        router.serve("/two", [.get: { _, _ in Self.text("get") }, .delete: { _, _ in Self.text("delete") }])
        if let feed {
            router.serve(
                "/events",
                [
                    .get: { request, _ in
                        await feed.response(
                            to: true, count: try QueryNumbers.read(request.uri.query, ["count": 1...1000])["count"])
                    }
                ])
        }
        let work = router.group().add(
            middleware: ConcurrencyMiddleware(limiter, refusal: HTTPFailure(.tooManyRequests, "busy", "busy")))
        let reader = BodyReader(bytesMax: 1 << 20, time: .seconds(60))
        work.serve(
            "/size",
            [
                .post: { request, context in
                    do {
                        return Self.text("\(try await reader.bytes(of: request, context).count)")
                    } catch BodyReader.Fault.encoded(let encoding) {
                        throw HTTPFailure(.unsupportedMediaType, "encoded", encoding)
                    } catch BodyReader.Fault.crowded {
                        throw HTTPFailure(.tooManyRequests, "crowded", "")
                    }
                }
            ])
        let listening = AsyncStream<any Channel>.makeStream()
        let application = Application(
            router: router, server: connections.server(),
            configuration: .init(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { channel in
                await connections.listening(channel)
                listening.continuation.yield(channel)
            }, logger: .quiet)
        var group = ServiceGroupConfiguration(services: [application] + (feed.map { [$0] } ?? []), logger: .quiet)
        group.maximumGracefulShutdownDuration = .seconds(1)
        let services = ServiceGroup(configuration: group)
        running = Task(executorPreference: RequestThreads.shared) { try await services.runUntilCancelled() }
        var iterator = listening.stream.makeAsyncIterator()
        guard let channel = await iterator.next() else { throw TestTimeout(what: "a listening server") }
        self.channel = channel
        port = channel.localAddress?.port ?? 0
        self.connections = connections
        self.limiter = limiter
    }

    func stop() async {
        running.cancel()
        _ = await running.result
    }

    /// Sends text on a connection of its own, and returns everything until the server closes it.
    func exchange(_ text: String) async throws -> String {
        let connection = try LoopbackHTTP(port: port)
        return await onOwnThread {
            connection.write(text)
            return connection.rest()
        }
    }

    /// One request on a connection of its own.
    func request(
        _ method: String, _ path: String, headers: [String: String] = [:], body: String? = nil
    ) async throws -> LoopbackHTTP.Answer {
        let connection = try LoopbackHTTP(port: port)
        return await onOwnThread {
            connection.request(method, path, headers: headers, body: body.map { Array($0.utf8) })
        }
    }

    private static func text(_ text: String) -> Response {
        Response(status: .ok, body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    }

    @Sendable
    private static func body(_ failure: HTTPFailure) -> [UInt8] {
        Array(#"{"error":{"code":"\#(failure.code)"}}"#.utf8)
    }
}

/// Waits until a condition holds, without a thread; `false` when it does not within five minutes.
func eventually(_ condition: () -> Bool) async -> Bool {
    let deadline = ContinuousClock.now + .seconds(300)
    while ContinuousClock.now < deadline {
        if condition() { return true }
        try? await Task.sleep(for: .milliseconds(5))
    }
    return condition()
}
