import CZeroMQ
import Threads

/// The options of a socket: everything that libzmq would otherwise decide by a default, each with a bound.
///
/// Two settings are fixed, because only one value is right: a ROUTER always reports what it cannot route, and a new
/// peer never gets the routing id of a connected one.
public struct SocketOptions: Sendable {
    /// How long a closed socket continues to send its queued messages. It serves the last message only: to be sure of
    /// delivery, wait for acknowledgements before closing.
    public var linger: Duration = .seconds(1)
    /// Messages held for one peer before `send` answers `wouldBlock`, at each side.
    public var sendHighWater: Int = 1000
    /// Messages held from one peer before it is no longer read; `nil` for no bound.
    ///
    /// A server at a public address needs a bound in bytes instead (`ConnectionBounds`): libzmq 4.3.4 ends the
    /// process when a PING is due on a connection that it has stopped to read and that its peer has reset.
    public var receiveHighWater: Int? = 1000
    /// A peer that announces a larger frame is disconnected (`ZMQ_MAXMSGSIZE`), before the frame is allocated.
    /// It may connect again. Over `inproc` the message is refused at `receive` instead.
    public var frameBytesMax: Int = 16 << 20
    /// A message of more frames is read to its end, dropped, and reported as `refused`.
    public var framesMax: Int = 32
    /// Queue messages only for peers that are connected (`ZMQ_IMMEDIATE`); others get `wouldBlock`.
    ///
    /// Off by default. If it is on and a connection ends, libzmq also drops messages that had arrived but were not read
    /// yet, so the last messages of a peer that closes properly are lost. If it is off, up to `sendHighWater` messages
    /// wait until the peer connects again: stop sending to a peer that is silent.
    public var immediate: Bool = false
    /// Time between pings on an idle connection; `nil` for none. An answer shows that the peer's I/O thread is alive, not
    /// that the peer makes progress.
    public var heartbeatInterval: Duration? = .seconds(2)
    /// A peer that is silent for this long after a ping is disconnected.
    public var heartbeatTimeout: Duration = .seconds(6)
    /// The peer is asked to disconnect when it receives nothing from us for this long; whole tenths of a second, at
    /// most 6,553 s.
    public var heartbeatTTL: Duration = .seconds(6)
    /// The first wait before connecting again. Each socket draws its own, between this and twice this.
    public var reconnectInterval: Duration = .milliseconds(100)
    /// Waits double up to this. Each socket draws its own limit, between half of this and this, so that a thousand
    /// workers do not reconnect at the same instant after a restart of the coordinator.
    public var reconnectIntervalMax: Duration = .seconds(5)
    /// A connection whose handshake takes longer is dropped.
    public var handshakeTimeout: Duration = .seconds(10)
    /// Resolve names to IPv6 addresses too. A numeric IPv6 address works without it.
    public var ipv6: Bool = false
    /// Idle time before TCP probes the peer's machine (keep-alive): it finds failures that heartbeats do not.
    public var tcpKeepaliveIdle: Duration = .seconds(60)
    /// The name under which a ROUTER knows this socket, 1 to 255 bytes of which the first is not 0. With `nil` the
    /// ROUTER chooses a new one for each connection, which is right for a process that may be restarted.
    public var routingID: [UInt8]?
    /// Encryption, and who may connect.
    public var security = SocketSecurity.none

    /// Creates options; each parameter is documented at its property.
    public init() {}

    /// Throws `optionOutOfRange` for the first option that is outside its range.
    public func validate() throws(ZeroMQError) {
        try Self.require(sendHighWater, in: 1...1_000_000, "sendHighWater")
        if let receiveHighWater { try Self.require(receiveHighWater, in: 1...1_000_000, "receiveHighWater") }
        try Self.require(frameBytesMax, in: 1...(1 << 40), "frameBytesMax")
        try Self.require(framesMax, in: 1...1_000_000, "framesMax")
        try Self.require(linger, atLeast: .zero, "linger")
        let tick = Duration.milliseconds(1)
        if let heartbeatInterval { try Self.require(heartbeatInterval, atLeast: tick, "heartbeatInterval") }
        try Self.require(heartbeatTimeout, atLeast: tick, "heartbeatTimeout")
        try Self.require(heartbeatTTL, atLeast: .milliseconds(100), atMost: .seconds(6553), "heartbeatTTL")
        try Self.require(reconnectInterval, atLeast: tick, "reconnectInterval")
        try Self.require(reconnectIntervalMax, atLeast: reconnectInterval * 4, "reconnectIntervalMax")
        try Self.require(handshakeTimeout, atLeast: tick, "handshakeTimeout")
        try Self.require(tcpKeepaliveIdle, atLeast: .seconds(1), atMost: .seconds(32_767), "tcpKeepaliveIdle")
        if let routingID {
            guard (1...255).contains(routingID.count), routingID[0] != 0 else {
                throw .optionOutOfRange(
                    name: "routingID", value: "\(Frame(routingID))", range: "1 to 255 bytes, the first not 0")
            }
        }
    }

    /// Sets every option on a socket that is neither bound nor connected yet.
    func apply(to handle: UnsafeMutableRawPointer, kind: Socket.Kind) throws(ZeroMQError) {
        try validate()
        func set(_ option: Int32, _ value: Int32) throws(ZeroMQError) {
            var value = value
            guard zmq_setsockopt(handle, option, &value, MemoryLayout<Int32>.size) == 0 else { throw .last(.setOption) }
        }
        try set(ZMQ_LINGER, linger.milliseconds())
        try set(ZMQ_SNDHWM, Int32(sendHighWater))
        try set(ZMQ_RCVHWM, Int32(receiveHighWater ?? 0))
        try set(ZMQ_IMMEDIATE, immediate ? 1 : 0)
        try set(ZMQ_HEARTBEAT_IVL, heartbeatInterval?.milliseconds() ?? 0)
        try set(ZMQ_HEARTBEAT_TIMEOUT, heartbeatTimeout.milliseconds())
        try set(ZMQ_HEARTBEAT_TTL, heartbeatTTL.milliseconds())
        let first = reconnectInterval.milliseconds(limit: .max / 4)
        let last = reconnectIntervalMax.milliseconds()
        try set(ZMQ_RECONNECT_IVL, Int32.random(in: first...(2 * first)))
        try set(ZMQ_RECONNECT_IVL_MAX, Int32.random(in: (last / 2)...last))
        try set(ZMQ_HANDSHAKE_IVL, handshakeTimeout.milliseconds())
        try set(ZMQ_IPV6, ipv6 ? 1 : 0)
        try set(ZMQ_TCP_KEEPALIVE, 1)
        try set(ZMQ_TCP_KEEPALIVE_IDLE, Int32(tcpKeepaliveIdle.components.seconds))
        var frameBytes = Int64(frameBytesMax)
        guard zmq_setsockopt(handle, ZMQ_MAXMSGSIZE, &frameBytes, MemoryLayout<Int64>.size) == 0 else {
            throw .last(.setOption)
        }
        if let routingID {
            guard zmq_setsockopt(handle, ZMQ_ROUTING_ID, routingID, routingID.count) == 0 else {
                throw .last(.setOption)
            }
        }
        try security.apply(to: handle)
        if kind == .router {
            // Without the first, a message for a peer that has left is dropped without an error. With the second,
            // anybody who knows a peer's name could receive its traffic.
            try set(ZMQ_ROUTER_MANDATORY, 1)
            try set(ZMQ_ROUTER_HANDOVER, 0)
        }
    }

    private static func require(_ value: Int, in range: ClosedRange<Int>, _ name: String) throws(ZeroMQError) {
        guard range.contains(value) else {
            throw .optionOutOfRange(
                name: name, value: "\(value)", range: "\(range.lowerBound) to \(range.upperBound)")
        }
    }

    private static func require(
        _ value: Duration, atLeast low: Duration, atMost high: Duration = .seconds(86_400), _ name: String
    ) throws(ZeroMQError) {
        guard low <= value && value <= high else {
            throw .optionOutOfRange(name: name, value: "\(value)", range: "\(low) to \(high)")
        }
    }
}
