/// One or more frames that are sent as one: all of them arrive, in order, or none.
public struct Message: Hashable, Sendable {
    /// The frames, in order. A message that a ROUTER receives begins with the sender's routing id, one that it sends
    /// with the receiver's.
    public var frames: [Frame]

    /// A message of these frames.
    public init(_ frames: [Frame]) {
        self.frames = frames
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
