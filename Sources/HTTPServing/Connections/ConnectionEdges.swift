import NIOCore
import NIOSSL

// The two ends of `ConnectionHandler`: what it cannot see at its own place in the pipeline.

/// First in the pipeline: reports the first bytes of a request, of which the parser says nothing until the head is whole.
final class ArrivingBytesHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer

    private let connection: ConnectionHandler

    init(_ connection: ConnectionHandler) {
        self.connection = connection
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        connection.receivedBytes()
        context.fireChannelRead(data)
    }
}

/// After the parsers: a request that one of them refuses is answered.
final class ParserErrorHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = NIOAny

    private let connection: ConnectionHandler

    init(_ connection: ConnectionHandler) {
        self.connection = connection
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // Of a connection that fails nothing can be read or written any more.
        guard !(error is IOError), !(error is ChannelError) else { return context.fireErrorCaught(error) }
        // An end without the message of TLS is an end like others: it is reported as such, too.
        if let error = error as? NIOSSLError, error == .uncleanShutdown { return }
        guard !(error is NIOSSLError), !(error is BoringSSLError) else { return context.close(promise: nil) }
        connection.refuse("the request is no HTTP/1.1: \(error)")
    }
}
