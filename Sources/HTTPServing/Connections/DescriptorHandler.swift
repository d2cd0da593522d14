import Foundation
import Logging
import NIOCore

/// Makes room when a connection was not accepted because the process, or the system, has no descriptor left: the
/// connections that have waited longest for a request are closed.
///
/// Comes before NIO's own handler, which passes no such error on, waits for a moment and tries again.
final class DescriptorHandler: ChannelInboundHandler {
    typealias InboundIn = any Channel

    /// Closed at once: a descriptor each, for what else the process opens meanwhile.
    private static let evictedMax = 16
    private static let logInterval = TimeAmount.seconds(10)

    private let table: ConnectionTable
    private let logger: Logger
    private var logAgain = NIODeadline.distantPast

    init(_ table: ConnectionTable, _ logger: Logger) {
        self.table = table
        self.logger = logger
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if let error = error as? IOError, [EMFILE, ENFILE].contains(error.errnoCode) { makeRoom() }
        context.fireErrorCaught(error)
    }

    private func makeRoom() {
        var evicted = 0
        while evicted < Self.evictedMax, table.evict() { evicted += 1 }
        guard logAgain <= .now() else { return }
        logAgain = .now() + Self.logInterval
        logger.warning(
            "no descriptor is left for a connection; raise the limit (ulimit -n)",
            metadata: ["connections": "\(table.count)", "closed": "\(evicted)"])
    }
}
