public import Logging
public import Wire

/// Why a received message was dropped.
public enum MessageRefusal: Sendable {
    /// More frames, or a larger frame, than any message of the wire has.
    case tooLarge(frames: Int, bytes: Int)
    /// Its frames are not a message.
    case malformed(WireError)
}

extension Logger {
    /// Logs a message that was dropped.
    public func log(_ refusal: MessageRefusal) {
        switch refusal {
        case .tooLarge(let frames, let bytes):
            warning("message over the limits", metadata: ["frames": "\(frames)", "bytes": "\(bytes)"])
        case .malformed(let error):
            warning("message refused", metadata: ["reason": "\(error)"])
        }
    }
}
