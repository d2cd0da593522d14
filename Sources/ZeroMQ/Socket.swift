import CZeroMQ

/// A ZeroMQ socket: opened, used and closed by one owner, on one thread at a time.
///
/// > **Only its own thread touches a socket.** *Why:* libzmq's sockets are not thread-safe, and breaking this fails
/// > rarely and far from the cause. *In practice:* a socket is a move-only value, opened inside the body of a
/// > `DedicatedThread`; other threads post to that thread's `Mailbox`. *Otherwise:* it does not compile.
///
/// No call waits: `send` and `receive` return at once; only `Poller` waits. The socket is closed when its owner
/// releases it.
public struct Socket: ~Copyable {
    /// What a socket does with messages, by ZeroMQ's names.
    public enum Kind: Sendable {
        /// Many peers; the first frame of a message is the peer's routing id.
        case router
        /// One or more peers: sends in turn, receives fairly.
        case dealer
        /// Sends each message to one of its `pull` peers.
        case push
        /// Receives from its `push` peers.
        case pull
        /// Exactly one peer.
        case pair
    }

    /// The result of sending a message.
    public enum SendOutcome: Sendable, Hashable {
        /// libzmq has the message. Only an acknowledgement shows that the peer has it too.
        case sent
        /// The peer's queue is full, or nobody is connected; nothing was sent. Keep it and try again when writable, or
        /// for a ROUTER, which is always writable, after a moment.
        case wouldBlock
        /// A ROUTER has no peer with the routing id of the first frame; nothing was sent. The peer has left.
        case unroutable
    }

    /// The result of receiving.
    public enum Receipt: Sendable, Hashable {
        /// A whole message, within the limits.
        case message(Message)
        /// A message over the limits; it was read to its end and dropped. `first` is its first frame: at a ROUTER, the
        /// sender's routing id.
        case refused(first: Frame, frames: Int, bytes: Int)
        /// A message of a connection that `ConnectionGuard` has cut off since it arrived; it was dropped.
        case dropped
        /// No message now.
        case nothing
    }

    /// What the socket does with messages.
    public let kind: Kind
    let handle: UnsafeMutableRawPointer
    // Keeps the context alive until the socket is closed.
    private let context: Context
    private let framesMax: Int
    private let frameBytesMax: Int
    private let reportsSenders: Bool
    private let transferSize: TransferSize
    private let connections: ConnectionGuard?

    /// Opens a socket that is neither bound nor connected.
    ///
    /// Throws `optionOutOfRange`, `terminated`, or `failed` when the context's sockets are used up.
    ///
    /// - Parameter connections: Bounds the connections of a ROUTER that listens.
    public init(
        _ kind: Kind, in context: Context, options: SocketOptions, connections: ConnectionGuard? = nil
    ) throws(ZeroMQError) {
        try options.validate()
        guard let handle = zmq_socket(context.handle, kind.number) else { throw .last(.openSocket) }
        do {
            try options.apply(to: handle, kind: kind)
            try connections?.watch(handle, in: context)
        } catch {
            zmq_close(handle)
            throw error
        }
        self.kind = kind
        self.handle = handle
        self.context = context
        self.framesMax = options.framesMax
        self.frameBytesMax = options.frameBytesMax
        self.reportsSenders = options.security.reportsSenders
        self.transferSize = TransferSize(isEncrypted: options.security.isEncrypted)
        self.connections = connections
    }

    deinit {
        zmq_close(handle)
    }

    /// Listens at the endpoint; returns the one that others can connect to, with the port that the system has chosen.
    ///
    /// Throws `failed` (in use, not an address of this machine, no permission, no folder) or `ipcPathTaken`. It does
    /// not warn of public addresses; see `Endpoint.isLocal`. Cost: half a second where the address is in use.
    public func bind(_ endpoint: Endpoint) throws(ZeroMQError) -> Endpoint {
        let place = endpoint.forBinding
        try allowIPv6(for: place)
        var tries = 1
        while true {
            do throws(ZeroMQError) {
                try place.requireFreePath()
                guard zmq_bind(handle, place.description) == 0 else {
                    throw .last(.bind, endpoint: endpoint.description)
                }
                return try lastEndpoint()
            } catch {
                guard case .failed(.bind, _, CZeroMQ.EADDRINUSE) = error, place.mayBecomeFree(tries: tries) else {
                    throw error
                }
            }
            tries += 1
        }
    }

    /// Begins to connect and returns at once; the socket tries again as long as it exists.
    ///
    /// Throws `endpointMalformed` for a wildcard, or `failed` for a transport libzmq was built without.
    public func connect(_ endpoint: Endpoint) throws(ZeroMQError) {
        guard !endpoint.isWildcard else {
            throw .endpointMalformed(text: endpoint.description, reason: "is a wildcard, which can only be bound")
        }
        try allowIPv6(for: endpoint)
        guard zmq_connect(handle, endpoint.description) == 0 else {
            throw .last(.connect, endpoint: endpoint.description)
        }
    }

    /// Sends one message, whole or not at all, without waiting.
    ///
    /// Frames up to a kilobyte are copied; larger ones are lent to libzmq, which costs the same for any size. Throws
    /// `messageTooLarge`, `terminated`, or `failed` for a kind of socket that does not send.
    public func send(_ message: Message) throws(ZeroMQError) -> SendOutcome {
        let frames = message.frames
        precondition(!frames.isEmpty, "a message has at least one frame")
        try requireWithinLimits(frames)
        for (index, frame) in frames.enumerated() {
            let flags = index + 1 < frames.count ? ZMQ_DONTWAIT | ZMQ_SNDMORE : ZMQ_DONTWAIT
            sending: while true {
                // libzmq counts whole messages, so a full queue is reported only at the first frame. If a peer vanishes
                // half way, libzmq discards the frames that it already has. In both cases nothing of the message is
                // left.
                switch transmit(frame, flags: flags) {
                case 0: break sending
                case CZeroMQ.EINTR: continue
                case CZeroMQ.EAGAIN: return .wouldBlock
                case CZeroMQ.EHOSTUNREACH: return .unroutable
                case CZeroMQ.ETERM: throw .terminated(.send)
                case let number: throw .failed(.send, endpoint: nil, errno: number)
                }
            }
        }
        // A ROUTER's first frame is not transferred.
        if let connections {
            let bytes = frames.dropFirst().reduce(0) { $0 + transferSize.bytes(ofFrame: $1.count) }
            connections.sent(bytes, to: frames[0].copyBytes())
        }
        return .sent
    }

    /// Receives the next message, if there is one.
    ///
    /// Throws `terminated`, or `failed` for a kind of socket that does not receive.
    public func receive() throws(ZeroMQError) -> Receipt {
        var frames: [Frame] = []
        var frameCount = 0
        var byteCount = 0
        var transferred = 0
        var isRefused = false
        var sender: String?
        var descriptor: Int32 = -1
        while true {
            var part = zmq_msg_t()
            zmq_msg_init(&part)
            guard zmq_msg_recv(&part, handle, ZMQ_DONTWAIT) >= 0 else {
                let number = zmq_errno()
                zmq_msg_close(&part)
                if number == CZeroMQ.EINTR { continue }
                if number == CZeroMQ.EAGAIN && frameCount == 0 {
                    connections?.emptied()
                    return .nothing
                }
                throw number == CZeroMQ.ETERM ? .terminated(.receive) : .failed(.receive, endpoint: nil, errno: number)
            }
            let bytes = zmq_msg_size(&part)
            let hasMore = zmq_msg_more(&part) != 0
            frameCount += 1
            byteCount += bytes
            // A ROUTER makes the first frame itself, so only the second is sure to have the connection's properties.
            if reportsSenders, frameCount <= 2, sender == nil, let user = zmq_msg_gets(&part, "User-Id") {
                sender = String(cString: user)
            }
            // A ROUTER's first frame is not transferred.
            if frameCount > 1 { transferred += transferSize.bytes(ofFrame: bytes) }
            if connections != nil, frameCount == 2 { descriptor = zmq_msg_get(&part, ZMQ_SRCFD) }
            isRefused = isRefused || frameCount > framesMax || bytes > frameBytesMax
            if isRefused {
                // The sender chooses the number of frames, so the rest must not be kept in memory.
                if frames.isEmpty { frames.append(.empty) }
                zmq_msg_close(&part)
            } else {
                frames.append(Frame(taking: &part))
            }
            guard !hasMore else { continue }
            if let connections, descriptor >= 0 {
                let route = frames[0].copyBytes()
                if connections.read(transferred, from: descriptor, route: route) { return .dropped }
            }
            return isRefused
                ? .refused(first: frames[0], frames: frameCount, bytes: byteCount)
                : .message(Message(frames, sender: sender))
        }
    }

    private func allowIPv6(for endpoint: Endpoint) throws(ZeroMQError) {
        guard endpoint.isIPv6 else { return }
        var on: Int32 = 1
        guard zmq_setsockopt(handle, ZMQ_IPV6, &on, MemoryLayout<Int32>.size) == 0 else { throw .last(.setOption) }
    }

    private func lastEndpoint() throws(ZeroMQError) -> Endpoint {
        var text = [UInt8](repeating: 0, count: 512)
        var count = text.count
        guard zmq_getsockopt(handle, ZMQ_LAST_ENDPOINT, &text, &count) == 0 else { throw .last(.bind) }
        return try Endpoint(String(decoding: text.prefix(max(count, 1) - 1), as: UTF8.self))
    }

    private func requireWithinLimits(_ frames: [Frame]) throws(ZeroMQError) {
        var largest = 0
        for frame in frames { largest = max(largest, frame.count) }
        guard frames.count <= framesMax && largest <= frameBytesMax else {
            throw .messageTooLarge(
                frames: frames.count, framesMax: framesMax, frameBytes: largest, frameBytesMax: frameBytesMax)
        }
    }

    /// Passes one frame to libzmq. Returns 0, or an error number; then libzmq has kept nothing.
    private func transmit(_ frame: Frame, flags: Int32) -> Int32 {
        let bytes = frame.storage.header
        guard bytes.count > Self.copiedBytesMax else {
            return withExtendedLifetime(frame) {
                zmq_send(handle, bytes.baseAddress, bytes.count, flags) >= 0 ? 0 : zmq_errno()
            }
        }
        var lent = zmq_msg_t()
        let holder = Unmanaged.passRetained(frame.storage)
        let made = zmq_msg_init_data(
            &lent, UnsafeMutableRawPointer(mutating: bytes.baseAddress), bytes.count,
            { _, holder in
                // Called by the thread of libzmq that is the last to need the bytes.
                if let holder { Unmanaged<FrameStorage>.fromOpaque(holder).release() }
            }, holder.toOpaque())
        guard made == 0 else {
            let number = zmq_errno()
            holder.release()
            return number
        }
        guard zmq_msg_send(&lent, handle, flags) >= 0 else {
            let number = zmq_errno()
            zmq_msg_close(&lent)
            return number
        }
        return 0
    }

    /// Up to this size, a copy costs less than the allocation and callback of a borrowed frame.
    private static let copiedBytesMax = 1024
}

@available(*, unavailable, message: "a socket stays with the thread that opened it; post to that thread's Mailbox")
extension Socket: Sendable {}

extension Socket.Kind {
    fileprivate var number: Int32 {
        switch self {
        case .router: ZMQ_ROUTER
        case .dealer: ZMQ_DEALER
        case .push: ZMQ_PUSH
        case .pull: ZMQ_PULL
        case .pair: ZMQ_PAIR
        }
    }
}
