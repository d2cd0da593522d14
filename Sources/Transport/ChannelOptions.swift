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

    /// The options of a socket whose messages have `extraFrames` beside those of the wire, such as a routing id.
    func socketOptions(extraFrames: Int) -> SocketOptions {
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
