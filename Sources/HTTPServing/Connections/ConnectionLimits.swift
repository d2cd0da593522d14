/// How many connections a server keeps, and how long each may do nothing.
public struct ConnectionLimits: Sendable {
    /// Connections at a time. For one more, the connection that has waited longest for a request is closed; if all have
    /// a request, the new one waits in the system's queue.
    public var connectionsMax = 1024
    /// From a connection's start to the end of its TLS handshake.
    public var handshakeTime: Duration = .seconds(10)
    /// From a connection's start (with TLS: its handshake), or its last answer, to the first byte of the next request.
    public var idleTime: Duration = .seconds(75)
    /// From the first byte of a request to the end of its headers.
    public var headTime: Duration = .seconds(20)
    /// For a client that reads nothing of its answer.
    public var writeTime: Duration = .seconds(60)
    /// After an answer that ends the connection: for what the client still sends, so that it can read the answer.
    public var lingerTime: Duration = .seconds(3)

    /// The defaults.
    public init() {}
}
