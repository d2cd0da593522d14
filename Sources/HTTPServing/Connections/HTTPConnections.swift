import HTTPTypes
public import HummingbirdCore
public import Logging
public import NIOCore

/// The connections of one server: builds their pipelines, and accepts them within limits.
///
/// Use: `server()` for Hummingbird's application, `listening(_:)` when its channel is bound.
public final class HTTPConnections: Sendable {
    private let limits: ConnectionLimits
    private let table = ConnectionTable()
    private let logger: Logger
    private let malformed: @Sendable (String) -> [UInt8]
    private let encryption: Encryption?

    /// Connections within limits, and within the descriptors that the system allows; encrypted where there are
    /// `certificates`. `body` writes a failure as the server does, for requests that cannot be parsed.
    public init(
        _ limits: ConnectionLimits, certificates: ServerCertificates? = nil, logger: Logger,
        body: @escaping @Sendable (HTTPFailure) -> [UInt8]
    ) {
        encryption = certificates.map { certificates in
            Encryption(
                certificates: certificates,
                plainText: body(
                    HTTPFailure(
                        .badRequest, "tls_required",
                        "this port speaks TLS; use https:// (commands of statezero: --tls, --ca-file FILE)")))
        }
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
        HTTPServerBuilder { [limits, table, malformed, encryption] responder in
            ServedChannel(
                inner: HTTP1Channel(
                    responder: responder, configuration: .init(additionalChannelHandlers: handlers())),
                limits: limits, table: table, encryption: encryption, malformed: malformed)
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
