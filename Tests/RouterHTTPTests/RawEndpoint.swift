import Foundation
import NIOCore
import NIOPosix
import Synchronization

/// An upstream over a raw socket that breaks HTTP in every way a test wants. Bytes are sent when a request's body has begun.
final class RawEndpoint: Sendable {
    /// What it does with a request.
    enum Manner: Sendable {
        /// Sends these bytes; the connection stays open.
        case send(String)
        /// Sends these bytes and closes.
        case sendAndClose(String)
    }

    private struct State {
        var manners: [Manner]
        var requests = 0
        var open = 0
        var waiters: [(isDone: @Sendable (Int, Int) -> Bool, continuation: CheckedContinuation<Void, Never>)] = []
    }

    private final class Shared: Sendable {
        let state: Mutex<State>
        init(_ manners: [Manner]) { state = Mutex(State(manners: manners)) }

        func change(_ change: (inout State) -> Void) {
            let ready = state.withLock { state in
                change(&state)
                let (requests, open) = (state.requests, state.open)
                let ready = state.waiters.filter { $0.isDone(requests, open) }
                state.waiters.removeAll { $0.isDone(requests, open) }
                return ready
            }
            for waiter in ready { waiter.continuation.resume() }
        }
    }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer
        private let shared: Shared
        private var text = ""

        init(_ shared: Shared) { self.shared = shared }

        func channelActive(context: ChannelHandlerContext) { shared.change { $0.open += 1 } }

        func channelInactive(context: ChannelHandlerContext) { shared.change { $0.open -= 1 } }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            var buffer = unwrapInboundIn(data)
            text += buffer.readString(length: buffer.readableBytes) ?? ""
            guard let end = text.range(of: "\r\n\r\n"), end.upperBound < text.endIndex else { return }
            text = ""
            let manner = shared.state.withLock { state in
                state.manners.count > 1 ? state.manners.removeFirst() : state.manners[0]
            }
            shared.change { $0.requests += 1 }
            switch manner {
            case .send(let bytes):
                context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: bytes)), promise: nil)
            case .sendAndClose(let bytes):
                context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: bytes)), promise: nil)
                context.close(promise: nil)
            }
        }
    }

    private let shared: Shared
    private let channel: any Channel
    let port: Int

    /// Behaves once in each manner, then always in the last one.
    init(_ manners: Manner...) async throws {
        let shared = Shared(manners)
        self.shared = shared
        channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(ChannelOptions.backlog, value: 256)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Handler(shared))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        port = channel.localAddress?.port ?? 0
    }

    var url: String { "http://127.0.0.1:\(port)/v1" }
    /// Requests so far.
    var requests: Int { shared.state.withLock { $0.requests } }

    /// Waits for numbers of requests and of open connections.
    func wait(until isDone: @escaping @Sendable (_ requests: Int, _ open: Int) -> Bool) async {
        await withCheckedContinuation { continuation in
            shared.change { $0.waiters.append((isDone, continuation)) }
        }
    }

    func stop() async { try? await channel.close() }

    // MARK: Texts

    /// An answer with status 200 and its length.
    static func ok(_ body: String, type: String = "application/json") -> String {
        "HTTP/1.1 200 OK\r\nContent-Type: \(type)\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
    }

    /// The head and first pieces of a stream. `isComplete` adds the last chunk.
    static func stream(_ events: [String], isComplete: Bool) -> String {
        let chunks = events.map { "\(String($0.utf8.count, radix: 16))\r\n\($0)\r\n" }.joined()
        return "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks
            + (isComplete ? "0\r\n\r\n" : "")
    }

    /// A status without a body.
    static func status(_ code: Int, _ headers: String = "") -> String {
        "HTTP/1.1 \(code) Status\r\n\(headers)Content-Length: 0\r\n\r\n"
    }
}
