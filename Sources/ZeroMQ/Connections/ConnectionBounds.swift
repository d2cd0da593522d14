/// How much one connection of a listening socket may hold in memory, and all of them together.
///
/// libzmq bounds the number of whole messages, not their bytes, and not a message whose end has not arrived. So bytes are
/// counted by the system, see `ConnectionGuard`. Bytes are not memory: a frame without bytes costs libzmq 64 bytes, and two
/// on the connection. So what the process has grown by is measured too.
public struct ConnectionBounds: Hashable, Sendable {
    /// Bytes that arrived on a connection and were not read: two of the largest messages.
    public var unreadBytesMax = 128 << 20
    /// Bytes that were sent to a connection and that its peer has not acknowledged.
    public var unsentBytesMax = 128 << 20
    /// Bytes that arrived and were not read, of all connections together. What was sent does not count here: connections that
    /// are sent the same share it in memory.
    public var totalBytesMax = 192 << 20
    /// Memory that the process may grow by while bytes wait: the connection with the most is closed then.
    public var memoryGrowthMax = 144 << 20
    /// Bytes that may be received and are no message: a handshake with CURVE has some 600 bytes, a ping 42. Those of pings are
    /// from one message to the next.
    package var (handshakeBytes, pingBytes) = (640, 512)
    /// Connections at a time.
    public var connectionsMax = 4096

    /// The defaults.
    public init() {}
}

/// A connection that was closed because it was over a bound.
public struct ConnectionCut: Hashable, Sendable {
    /// The bound that it was over.
    public enum Bound: String, Hashable, Sendable {
        case unread = "bytes that were not read"
        case unsent = "bytes that its peer does not read"
        case total = "bytes of all connections together"
        case memory = "memory of the process"
        case connections = "number of connections"
    }

    /// The bound that it was over.
    public let bound: Bound
    /// Bytes, or connections, that it was over the bound with.
    public let value: Int

    package init(bound: Bound, value: Int) {
        self.bound = bound
        self.value = value
    }
}
