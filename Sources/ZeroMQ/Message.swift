/// One or more frames that are sent as one: all of them arrive, in order, or none.
public struct Message: Hashable, Sendable {
    /// The frames, in order. A message that a ROUTER receives begins with the sender's routing id, one that it sends
    /// with the receiver's.
    public var frames: [Frame]
    /// The public key of the peer that sent it, as Z85, where a socket with `SocketSecurity.server` received it.
    public var sender: String?

    /// A message of these frames.
    public init(_ frames: [Frame], sender: String? = nil) {
        self.frames = frames
        self.sender = sender
    }

    /// The number of bytes in all frames.
    public var byteCount: Int { frames.reduce(0) { $0 + $1.count } }
}

extension Message: ExpressibleByArrayLiteral {
    /// A message of these frames.
    public init(arrayLiteral frames: Frame...) {
        self.frames = frames
    }
}
