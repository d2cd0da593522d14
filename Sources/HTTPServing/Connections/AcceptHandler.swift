import Foundation
import Logging
import NIOCore

/// Accepts connections within a number, on the channel that listens.
///
/// Where the number is reached, the connection that has waited longest for a request makes room; where none waits, and
/// where the system has no descriptor left, nothing is accepted for a moment. NIO reports such an error again at once, for
/// ever, and Hummingbird stops accepting at the first one: so no error is passed on. A fatal one closes the channel anyway.
final class AcceptHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = any Channel

    private static let pause = TimeAmount.milliseconds(50)
    private static let logInterval = TimeAmount.seconds(10)
    /// Connections that make room when the system has no descriptor left.
    private static let evictedAtError = 16

    /// No descriptor or memory: it passes when something is closed.
    private static let exhaustion = [EMFILE, ENFILE, ENOBUFS, ENOMEM]

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
        // The new one is in the table; it is never the one that makes room.
        if !hasRoom(besides: unwrapInboundIn(data)) {
            log("every connection has a request", ["connections": "\(connectionsMax)"])
            pause(context)
        }
        context.fireChannelRead(data)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        log("a connection was not accepted", ["error": "\(error)"])
        guard let error = error as? IOError, Self.exhaustion.contains(error.errnoCode) else { return }
        for _ in 0..<Self.evictedAtError { _ = table.evict() }
        pause(context)
    }

    /// Makes room; `false` where too many connections have a request.
    private func hasRoom(besides new: (any Channel)? = nil) -> Bool {
        while table.count > connectionsMax { guard table.evict(besides: new) else { return false } }
        return true
    }

    private func pause(_ context: ChannelHandlerContext) {
        guard !isPaused, let options = context.channel.syncOptions else { return }
        isPaused = true
        try? options.setOption(.autoRead, value: false)
        resume(context, options)
    }

    private func resume(_ context: ChannelHandlerContext, _ options: any NIOSynchronousChannelOptions) {
        context.eventLoop.assumeIsolated().scheduleTask(in: Self.pause) { [self] in
            guard hasRoom() else { return resume(context, options) }
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
