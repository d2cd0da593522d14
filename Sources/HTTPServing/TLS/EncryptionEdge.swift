import NIOCore

/// What connections over TLS need: the certificates, and what a client without TLS is answered.
struct Encryption: Sendable {
    let certificates: ServerCertificates
    /// The body, JSON.
    let plainText: [UInt8]
}

/// First in the pipeline of a connection over TLS, where its bytes are still encrypted.
///
/// Each record of TLS that a client can begin with has the type 22 in its first byte, which is no character of a
/// method of HTTP. A client that begins otherwise gets an answer in plain text that says what to do, in the place of a
/// handshake that fails for a reason which few clients show.
final class EncryptionEdge: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private enum Phase { case beginning, encrypted, refused }

    private static let handshake: UInt8 = 22

    private let encryption: Encryption
    private let lingerTime: TimeAmount
    private var phase = Phase.beginning
    private var context: ChannelHandlerContext?

    /// An answered client has `lingerTime` to read the answer.
    init(_ encryption: Encryption, lingerTime: Duration) {
        self.encryption = encryption
        self.lingerTime = TimeAmount(lingerTime)
    }

    /// Ends the connection without the client's agreement, for which TLS waits.
    func cut() { context?.close(promise: nil) }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if phase == .beginning {
            let bytes = unwrapInboundIn(data)
            guard let first = bytes.getInteger(at: bytes.readerIndex, as: UInt8.self) else { return }
            phase = first == Self.handshake ? .encrypted : .refused
            if phase == .refused { refuse(context) }
        }
        if phase == .encrypted { context.fireChannelRead(data) }
    }

    private func refuse(_ context: ChannelHandlerContext) {
        let head = """
            HTTP/1.1 400 Bad Request\r
            Content-Type: application/json\r
            Content-Length: \(encryption.plainText.count)\r
            Connection: close\r
            \r

            """
        var answer = context.channel.allocator.buffer(capacity: head.utf8.count + encryption.plainText.count)
        answer.writeString(head)
        answer.writeBytes(encryption.plainText)
        context.writeAndFlush(wrapOutboundOut(answer), promise: nil)
        context.close(mode: .output, promise: nil)
        // What the client still sends is read until then: unread bytes would reset the connection, and lose the answer.
        context.eventLoop.assumeIsolated().scheduleTask(in: lingerTime) { [self] in cut() }
    }
}
