import Wire
public import ZeroMQ

/// The bounds of a channel's queues, and its linger time. Each driver states its own.
public struct ChannelOptions: Sendable {
    /// Messages that libzmq holds for one peer before it accepts no more.
    public var sendHighWater: Int
    /// Messages that libzmq holds from one peer before it stops reading from it.
    public var receiveHighWater: Int
    /// Messages that a connecting channel keeps while libzmq accepts none. Beyond it the oldest is dropped.
    public var outboxMax: Int
    /// How long a closed channel continues to send what libzmq holds.
    public var linger: Duration
    /// Encryption, and who may connect.
    public var security = SocketSecurity.none
    /// Bounds of the connections of a listening channel; `nil` for none.
    public var connections: ConnectionBounds?
    /// Trainers' messages of so many bytes or more are returned undecoded; `nil` decodes all.
    public var undecodedBytesMin: Int?

    /// States all bounds.
    public init(
        sendHighWater: Int, receiveHighWater: Int, outboxMax: Int, linger: Duration = .seconds(1),
        undecodedBytesMin: Int? = nil
    ) {
        self.undecodedBytesMin = undecodedBytesMin
        self.sendHighWater = sendHighWater
        self.receiveHighWater = receiveHighWater
        self.outboxMax = outboxMax
        self.linger = linger
    }

    /// The options of a listening socket: its messages have a routing id before the frames of the wire.
    ///
    /// It sends no pings, and where connections have bounds in bytes it always reads: libzmq 4.3.4 ends the process when a
    /// PING is due, or is answered, on a connection that it has stopped to read and that its peer has reset. Peers ping, and
    /// theirs have a time limit; where peers are not read in time, `ConnectionGuard` closes them.
    func listeningOptions(at endpoints: [Endpoint]) -> SocketOptions {
        var options = socketOptions(extraFrames: 1)
        options.heartbeatInterval = nil
        let isReachable = endpoints.contains { if case .tcp = $0.transport { true } else { false } }
        if connections != nil, isReachable { options.receiveHighWater = nil }
        return options
    }

    /// The options of a connecting socket.
    func connectingOptions() -> SocketOptions { socketOptions(extraFrames: 0) }

    private func socketOptions(extraFrames: Int) -> SocketOptions {
        var options = SocketOptions()
        options.frameBytesMax = Limits.messageBytesMax
        options.framesMax = Limits.framesMax + extraFrames
        options.sendHighWater = sendHighWater
        options.receiveHighWater = receiveHighWater
        options.linger = linger
        options.security = security
        return options
    }
}
