import HTTPTypes
import NIOCore
import NIOHTTP1
import NIOTLS

/// One connection of a server, between the parser of requests and the rest: time limits, `100 Continue`, HTTP/1.0,
/// malformed requests, and how the connection ends.
///
/// A connection waits for a request, receives its head, then has requests; the answer of the last one makes it wait again.
/// An answer that ends the connection closes the sending half and reads what the client still sends for a moment: a
/// connection that is closed with unread bytes is reset, and the client could lose the answer.
final class ConnectionHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    /// Sent by the reader of a body before it waits for the first byte.
    struct BodyWanted: Sendable {}

    private enum Phase { case waiting, head, answering, draining, closing }

    private let limits: ConnectionLimits
    private let table: ConnectionTable
    /// `nil` without TLS.
    private let encryption: EncryptionEdge?
    private let malformed: @Sendable (String) -> [UInt8]
    private var phase = Phase.waiting
    /// Requests that are not answered, oldest first.
    private var requests: CircularBuffer<RequestProgress> = []
    private var endsConnection = false
    private var hasBegunAnswer = false
    private var deadline: NIODeadline?
    private var timer: (due: NIODeadline, task: Scheduled<Void>)?
    private var context: ChannelHandlerContext?

    /// `malformed` is the body of the answer to a request that cannot be parsed.
    init(
        _ limits: ConnectionLimits, _ table: ConnectionTable, _ encryption: EncryptionEdge?,
        malformed: @escaping @Sendable (String) -> [UInt8]
    ) {
        self.limits = limits
        self.table = table
        self.encryption = encryption
        self.malformed = malformed
    }

    // MARK: The channel

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        table.wait(context.channel)
        // Of connections accepted together, the listening channel counted those alone that were here already.
        _ = table.makeRoom(limits.connectionsMax, besides: context.channel)
        end(after: encryption == nil ? limits.idleTime : limits.handshakeTime)
    }

    func handlerRemoved(context: ChannelHandlerContext) { closed(context) }

    func channelInactive(context: ChannelHandlerContext) {
        closed(context)
        context.fireChannelInactive()
    }

    private func closed(_ context: ChannelHandlerContext) {
        timer?.task.cancel()
        timer = nil
        deadline = nil
        self.context = nil
        table.close(context.channel)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if phase == .answering { deadline = context.channel.isWritable ? nil : .now() + TimeAmount(limits.writeTime) }
        schedule()
        context.fireChannelWritabilityChanged()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case is ConnectionTable.Eviction where phase == .waiting || phase == .head: cut(context)
        // It had a request when it was asked, and counts again.
        case is ConnectionTable.Eviction: table.work(context.channel)
        case ChannelEvent.inputClosed where phase == .closing: context.close(promise: nil)
        case TLSUserEvent.handshakeCompleted where phase == .waiting: end(after: limits.idleTime)
        default: context.fireUserInboundEventTriggered(event)
        }
    }

    // MARK: Requests

    /// Bytes arrive; the parser has not read them.
    func receivedBytes() {
        guard phase == .waiting else { return }
        phase = .head
        end(after: limits.headTime)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard phase != .closing else { return }
        switch unwrapInboundIn(data) {
        case .head(let head):
            if let fault = RequestProgress.fault(of: head) { return refuse(fault) }
            if requests.isEmpty { begin(context) }
            requests.append(RequestProgress(head))
        case .body: break
        case .end:
            if phase == .draining {
                wait(context)
            } else if !requests.isEmpty {
                requests[requests.index(before: requests.endIndex)].isComplete = true
            }
        }
        context.fireChannelRead(data)
    }

    private func begin(_ context: ChannelHandlerContext) {
        phase = .answering
        deadline = nil
        table.work(context.channel)
    }

    private func wait(_ context: ChannelHandlerContext) {
        phase = .waiting
        table.wait(context.channel)
        end(after: limits.idleTime)
    }

    // MARK: Answers

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head(var head):
            if let request = requests.first {
                head.version = request.version
                endsConnection = request.endsConnection
            }
            endsConnection = endsConnection || head.headers[canonicalForm: "connection"].contains("close")
            if endsConnection { head.headers.replaceOrAdd(name: "connection", value: "close") }
            hasBegunAnswer = true
            context.write(wrapOutboundOut(.head(head)), promise: promise)
        case .body: context.write(data, promise: promise)
        case .end:
            let request = requests.popFirst()
            hasBegunAnswer = false
            guard !endsConnection else {
                context.writeAndFlush(data, promise: promise)
                return close(context)
            }
            context.write(data, promise: promise)
            if request?.isComplete == false {
                phase = .draining
                end(after: limits.lingerTime)
            } else if requests.isEmpty {
                wait(context)
            }
        }
    }

    func triggerUserOutboundEvent(context: ChannelHandlerContext, event: Any, promise: EventLoopPromise<Void>?) {
        guard event is BodyWanted else { return context.triggerUserOutboundEvent(event, promise: promise) }
        promise?.succeed()
        guard requests.first?.waitsForContinue == true, !hasBegunAnswer else { return }
        requests[requests.startIndex].waitsForContinue = false
        let head = HTTPResponseHead(version: .http1_1, status: .continue)
        context.writeAndFlush(wrapOutboundOut(.head(head)), promise: nil)
    }

    /// The request cannot be parsed. While an earlier one is answered, the connection just ends.
    func refuse(_ reason: String) {
        guard let context, phase != .closing else { return }
        guard requests.isEmpty else { return context.close(promise: nil) }
        var body = context.channel.allocator.buffer(capacity: 256)
        body.writeBytes(malformed(reason))
        let headers: HTTPHeaders = [
            "content-type": "application/json", "content-length": "\(body.readableBytes)", "connection": "close",
        ]
        let head = HTTPResponseHead(version: .http1_1, status: .badRequest, headers: headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        close(context)
    }

    /// Closes the sending half, and the rest a moment later.
    private func close(_ context: ChannelHandlerContext) {
        phase = .closing
        context.close(mode: .output, promise: nil)
        end(after: limits.lingerTime)
    }

    /// Ends the connection at once. Over TLS a usual end would wait for the client's agreement.
    private func cut(_ context: ChannelHandlerContext) {
        if let encryption { encryption.cut() } else { context.close(promise: nil) }
    }

    // MARK: Time

    /// The connection ends after a time, unless something happens.
    private func end(after time: Duration) {
        deadline = .now() + TimeAmount(time)
        schedule()
    }

    /// One timer at most, due at the deadline or before: when it fires it looks again, so that a busy connection does not
    /// make one a request.
    private func schedule() {
        guard let deadline, let context else { return }
        if let timer {
            guard deadline < timer.due else { return }
            timer.task.cancel()
        }
        let task = context.eventLoop.assumeIsolated().scheduleTask(deadline: deadline) { [self] in
            timer = nil
            guard let current = self.deadline, let context = self.context else { return }
            if current <= .now() { cut(context) } else { schedule() }
        }
        timer = (deadline, task)
    }
}
