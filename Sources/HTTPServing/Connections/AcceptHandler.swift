import Logging
import NIOCore

/// Accepts connections within a number, on the channel that listens.
///
/// Where the number is reached, the connection that has waited longest for a request makes room; where none waits, nothing
/// is accepted for a moment. The number leaves descriptors free, because a process without any cannot accept; if they run
/// out all the same, `DescriptorHandler` makes room, and NIO's own handler waits and tries again. Hummingbird stops accepting at
/// the first error that reaches it, so none is passed on. A fatal one closes the channel anyway.
final class AcceptHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = any Channel

    private static let pause = TimeAmount.milliseconds(50)
    private static let logInterval = TimeAmount.seconds(10)

    private let connectionsMax: Int
    private let table: ConnectionTable
    private let logger: Logger
    private var isPaused = false
    private var logAgain = NIODeadline.distantPast

    init(_ connectionsMax: Int, _ table: ConnectionTable, _ logger: Logger) {
        self.connectionsMax = connectionsMax
        self.table = table
        self.logger = logger
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        // The new one is never the one that makes room.
        if !table.makeRoom(connectionsMax, besides: unwrapInboundIn(data)) {
            log("every connection has a request", ["connections": "\(connectionsMax)"])
            pause(context)
        }
        context.fireChannelRead(data)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        log("a connection was not accepted", ["error": "\(error)"])
    }

    private func pause(_ context: ChannelHandlerContext) {
        guard !isPaused, let options = context.channel.syncOptions else { return }
        isPaused = true
        try? options.setOption(.autoRead, value: false)
        resume(context, options)
    }

    private func resume(_ context: ChannelHandlerContext, _ options: any NIOSynchronousChannelOptions) {
        context.eventLoop.assumeIsolated().scheduleTask(in: Self.pause) { [self] in
            guard table.makeRoom(connectionsMax) else { return resume(context, options) }
            isPaused = false
            try? options.setOption(.autoRead, value: true)
        }
    }

    private func log(_ message: Logger.Message, _ metadata: Logger.Metadata) {
        guard logAgain <= .now() else { return }
        logAgain = .now() + Self.logInterval
        logger.warning(message, metadata: metadata)
    }
}
