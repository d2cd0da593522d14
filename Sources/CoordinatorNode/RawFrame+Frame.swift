import Wire
import ZeroMQ

// Frames of the socket's library as the wire's, and back: the same memory both ways.

extension RawFrame {
    init(_ frame: Frame) {
        self.init(lentBy: frame, frame.ownedBytes)
    }
}

extension Frame {
    init(_ raw: RawFrame) {
        self = raw.owner as? Frame ?? Frame(raw.array)
    }
}
