import HTTPTypes
public import HummingbirdCore
public import Logging
public import NIOCore
import NIOHTTP1
import NIOSSL

/// The connections of one server: builds their pipelines, and accepts them within limits.
///
/// Use: `server()` for Hummingbird's application, `listening(_:)` when its channel is bound.
public final class HTTPConnections: Sendable {
    private let limits: ConnectionLimits
    private let table = ConnectionTable()
    private let logger: Logger
    private let malformed: @Sendable (String) -> [UInt8]
    private let certificates: ServerCertificates?

    /// Connections within limits, and within the descriptors that the system allows; encrypted where there are
    /// `certificates`. `body` writes a failure as the server
    /// does, for requests that cannot be parsed.
    public init(
        _ limits: ConnectionLimits, certificates: ServerCertificates? = nil, logger: Logger,
        body: @escaping @Sendable (HTTPFailure) -> [UInt8]
    ) {
        self.certificates = certificates
        var limits = limits
        let most = DescriptorLimit.connections(
            limits.connectionsMax, limit: DescriptorLimit.raise(), used: DescriptorLimit.used)
        if most < limits.connectionsMax {
            logger.notice(
                "fewer connections, because of the limit of descriptors (ulimit -n)",
                metadata: ["connections": "\(most)"])
        }
        limits.connectionsMax = most
        self.limits = limits
        self.logger = logger
        malformed = { body(HTTPFailure(.badRequest, "malformed_request", $0)) }
    }

    /// Number of open connections.
    public var count: Int { table.count }

    /// The server for an application. `handlers` makes further handlers of a connection, after HTTP is parsed.
    public func server(
        handlers: @escaping @Sendable () -> [any RemovableChannelHandler] = { [] }
    ) -> HTTPServerBuilder {
        HTTPServerBuilder { [limits, table, malformed, certificates] responder in
            ServedChannel(
                inner: HTTP1Channel(
                    responder: responder, configuration: .init(additionalChannelHandlers: handlers())),
                certificates: certificates,
                makeConnection: { ConnectionHandler(limits, table, malformed: malformed) })
        }
    }

    /// Must be called once the server's channel is bound.
    public func listening(_ channel: any Channel) async {
        do {
            try await channel.eventLoop.submit { [limits, table, logger] in
                let pipeline = channel.pipeline.syncOperations
                let handler = AcceptHandler(limits.connectionsMax, table, logger)
                // After NIO's own handler, whose errors it must see, too.
                if let accept = try? pipeline.context(name: Self.nioAccept) {
                    try pipeline.addHandler(handler, position: .after(accept.handler))
                } else {
                    try pipeline.addHandler(handler, position: .first)
                }
                if let slow = try? pipeline.handler(type: AcceptBackoffHandler.self) {
                    let quick = AcceptBackoffHandler(shouldForwardIOErrorCaught: false) { _ in Self.acceptWait }
                    try pipeline.addHandler(quick, position: .after(slow))
                    _ = pipeline.removeHandler(slow)
                }
                try pipeline.addHandler(DescriptorHandler(table, logger), position: .first)
            }.get()
        } catch {
            logger.error("connections are not limited", metadata: ["error": "\(error)"])
        }
    }

    private static let nioAccept = "AcceptHandler"
    /// After an error of accepting. NIO's own time is a second, in which all clients wait although room was made at once.
    private static let acceptWait = TimeAmount.milliseconds(50)
}

/// Hummingbird's channel of HTTP/1.1 with a `ConnectionHandler`, over TLS where there are certificates.
private struct ServedChannel: ServerChildChannel {
    let inner: HTTP1Channel
    let certificates: ServerCertificates?
    let makeConnection: @Sendable () -> ConnectionHandler

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<HTTP1Channel.Value> {
        inner.setup(channel: channel, logger: logger).flatMapThrowing { value in
            let pipeline = channel.pipeline.syncOperations
            let connection = makeConnection()
            let parser = try pipeline.handler(type: ByteToMessageHandler<HTTPRequestDecoder>.self)
            try pipeline.addHandler(connection, position: .after(parser))
            try pipeline.addHandler(ArrivingBytesHandler(connection), position: .first)
            // Bytes of a handshake are no bytes of a request: a connection that only makes one is idle.
            if let certificates {
                try pipeline.addHandler(NIOSSLServerHandler(context: certificates.current), position: .first)
            }
            let state = try pipeline.handler(type: HTTPConnectionStateHandler.self)
            try pipeline.addHandler(ParserErrorHandler(connection), position: .before(state))
            return value
        }
    }

    func handle(value: HTTP1Channel.Value, logger: Logger) async { await inner.handle(value: value, logger: logger) }
}
