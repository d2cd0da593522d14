import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import NIOSSL

/// Hummingbird's channel of HTTP/1.1 with a `ConnectionHandler`, over TLS where there are certificates.
struct ServedChannel: ServerChildChannel {
    let inner: HTTP1Channel
    let limits: ConnectionLimits
    let table: ConnectionTable
    let encryption: Encryption?
    let malformed: @Sendable (String) -> [UInt8]

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<HTTP1Channel.Value> {
        inner.setup(channel: channel, logger: logger).flatMapThrowing { value in
            let pipeline = channel.pipeline.syncOperations
            let edge = encryption.map { EncryptionEdge($0, lingerTime: limits.lingerTime) }
            let connection = ConnectionHandler(limits, table, edge, malformed: malformed)
            let parser = try pipeline.handler(type: ByteToMessageHandler<HTTPRequestDecoder>.self)
            try pipeline.addHandler(connection, position: .after(parser))
            try pipeline.addHandler(ArrivingBytesHandler(connection), position: .first)
            // Before the handler that counts bytes: those of a handshake begin no request.
            if let encryption, let edge {
                let handler = NIOSSLServerHandler(context: encryption.certificates.current)
                try pipeline.addHandlers([edge, handler], position: .first)
            }
            let state = try pipeline.handler(type: HTTPConnectionStateHandler.self)
            try pipeline.addHandler(ParserErrorHandler(connection), position: .before(state))
            return value
        }
    }

    func handle(value: HTTP1Channel.Value, logger: Logger) async { await inner.handle(value: value, logger: logger) }
}
