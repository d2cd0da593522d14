import Wire
import ZeroMQ

// Frames of ZeroMQ as frames of the wire, and back, without a copy: both refer to the same memory.

extension RawFrame {
    /// Refers to the bytes of a frame that was received, and keeps the frame alive.
    init(_ frame: Frame) {
        self.init(lentBy: frame, frame.ownedBytes)
    }
}

extension Frame {
    /// The frame that a `RawFrame` refers to; a new one, copied, where the bytes are an array.
    init(_ raw: RawFrame) {
        self = raw.owner as? Frame ?? Frame(raw.array)
    }
}
