public import Threads
public import Wire
public import ZeroMQ

/// Messages of the wire over one ZeroMQ socket: wait, receive, send, and an outbox for what libzmq does not accept yet.
///
/// Two kinds of channel. A *listening* one (ROUTER) has many peers, each with a routing id; it keeps no outbox, because
/// a peer whose queue is full is treated as lost. A *connecting* one (DEALER) has one peer; it keeps an outbox.
///
/// A channel belongs to the thread that opened it, like its socket. Only `wait` waits. Frames behind a message's header
/// are passed on in the memory in which they arrived.
public struct MessageChannel: ~Copyable {
    /// What was received.
    public enum Arrival: Sendable {
        /// A message, how long it was, and who sent it.
        case message(Envelope, bytes: Int, from: Sender)
        /// A message that is not of the wire's form, or over its limits. It was dropped.
        case refused(MessageRefusal)
        /// A message of a connection that was cut off since it arrived. It was dropped.
        case dropped
        /// A trainer's message of at least `ChannelOptions.undecodedBytesMin`, to be decoded on another thread.
        case undecoded([RawFrame], from: Sender)
    }

    /// Who sent a message.
    public struct Sender: Hashable, Sendable {
        /// The peer's routing id: empty on a connecting channel.
        public let routingID: [UInt8]
        /// The public key of the peer, on a listening channel with `SocketSecurity.server`.
        public let key: CurveKey?

        package init(routingID: [UInt8], key: CurveKey?) {
            self.routingID = routingID
            self.key = key
        }
    }

    /// Where a listening channel listens, with the ports that the system has chosen.
    public let endpoints: [Endpoint]
    /// Where a connecting channel connects to.
    let remote: Endpoint?
    private let socket: Socket
    private let poller: Poller
    private let options: ChannelOptions
    /// The connections of a listening channel with bounds.
    public let connections: ConnectionGuard?
    /// What libzmq has not accepted yet, in order.
    private var outbox: [Envelope] = []

    /// Listens at endpoints. Throws what opening and binding a socket throws.
    public init(
        listeningAt endpoints: [Endpoint], options: ChannelOptions, wakeup: Wakeup, context: Context? = nil
    ) throws(ZeroMQError) {
        let connections = try Self.makeGuard(options)
        let socket = try Self.open(.router, options.listeningOptions(at: endpoints), context, connections)
        var bound: [Endpoint] = []
        for endpoint in endpoints { bound.append(try socket.bind(endpoint)) }
        self.socket = socket
        self.endpoints = bound
        self.connections = connections
        remote = nil
        self.options = options
        poller = Poller(wakeup: wakeup)
    }

    /// Begins to connect to an endpoint, and reconnects for as long as the channel lives.
    ///
    /// - Parameter context: Shared by several channels of a process; `nil` makes one of its own.
    public init(
        connectingTo endpoint: Endpoint, options: ChannelOptions, wakeup: Wakeup, context: Context? = nil
    ) throws(ZeroMQError) {
        let socket = try Self.open(.dealer, options.connectingOptions(), context, nil)
        try socket.connect(endpoint)
        connections = nil
        self.socket = socket
        endpoints = []
        remote = endpoint
        self.options = options
        poller = Poller(wakeup: wakeup)
    }

    private static func open(
        _ kind: Socket.Kind, _ options: SocketOptions, _ context: Context?, _ connections: ConnectionGuard?
    ) throws(ZeroMQError) -> Socket {
        if let context { return try Socket(kind, in: context, options: options, connections: connections) }
        return try Socket(kind, in: try Context(), options: options, connections: connections)
    }

    private static func makeGuard(_ options: ChannelOptions) throws(ZeroMQError) -> ConnectionGuard? {
        guard let bounds = options.connections else { return nil }
        let wakeup: Wakeup
        do {
            wakeup = try Wakeup()
        } catch {
            switch error {
            case .cannotOpenWakeup(let number): throw .failed(.openSocket, endpoint: nil, errno: number)
            }
        }
        return ConnectionGuard(bounds, wakeup: wakeup)
    }

    /// Waits for a message, for the wake-up, for space to send what is in the outbox, or until the time is over.
    ///
    /// It may return early with nothing to do, so the caller checks its clock. A message does not end it where the caller
    /// does not receive.
    public func wait(for timeout: Duration, isReceiving: Bool = true) throws(ZeroMQError) {
        var interest: Poller.Interest = isReceiving ? [.readable] : []
        if !outbox.isEmpty { interest.insert(.writable) }
        _ = try poller.wait(socket, for: interest, timeout: timeout)
    }

    /// The next message, if there is one; `nil` otherwise. Never waits.
    public func receive() throws(ZeroMQError) -> Arrival? {
        switch try socket.receive() {
        case .nothing: return nil
        case .dropped: return .dropped
        case .refused(_, let frames, let bytes): return .refused(.tooLarge(frames: frames, bytes: bytes))
        case .message(let message):
            let hasSender = socket.kind == .router
            let sender = Sender(
                routingID: hasSender ? message.frames[0].copyBytes() : [], key: message.sender.flatMap { CurveKey($0) })
            do throws(WireError) {
                let frames = message.frames.dropFirst(hasSender ? 1 : 0).map { RawFrame($0) }
                let bytes = frames.reduce(0) { $0 + $1.count }
                if let bytesMin = options.undecodedBytesMin, bytes >= bytesMin,
                    Envelope.isRequestOfTrainer(rawFrames: frames)
                {
                    return .undecoded(frames, from: sender)
                }
                return .message(try Envelope(rawFrames: frames), bytes: bytes, from: sender)
            } catch {
                return .refused(.malformed(error))
            }
        }
    }

    /// Sends a message to a peer of a listening channel. Never waits.
    ///
    /// Returns `false` when the peer has left, or reads so slowly that its queue is full; nothing was sent then.
    public func send(_ envelope: Envelope, to peer: [UInt8]) throws(ZeroMQError) -> Bool {
        try socket.send(Message([Frame(peer)] + envelope.rawFrames.map { Frame($0) })) == .sent
    }

    /// Sends a message on a connecting channel, behind what is in the outbox. Never waits.
    public mutating func send(_ envelope: Envelope) throws(ZeroMQError) {
        outbox.append(envelope)
        try flush()
    }

    /// Sends what is in the outbox, as far as libzmq accepts it; drops the oldest beyond `outboxMax`.
    public mutating func flush() throws(ZeroMQError) {
        guard !outbox.isEmpty else { return }
        var sent = 0
        for envelope in outbox {
            guard try socket.send(Message(envelope.rawFrames.map { Frame($0) })) == .sent else { break }
            sent += 1
        }
        outbox.removeFirst(sent)
        if outbox.count > options.outboxMax { outbox.removeFirst(outbox.count - options.outboxMax) }
    }

    /// Messages in the outbox.
    public var waitingCount: Int { outbox.count }
}
