import CZeroMQ

/// An immutable run of bytes, owned by libzmq: one part of a `Message`.
///
/// Copying a frame copies a reference. A frame that was received can be kept, read from any thread and sent on, however
/// large, without its bytes being copied. Two frames are equal when their bytes are.
public struct Frame: @unchecked Sendable {
    // Why frames may cross threads: the message is written before the frame exists and closed after its last reference
    // ends; nothing writes to it in between. `zmq_msg_copy` is not used for sending: it marks its source as shared, a
    // race between two threads that send one frame. Instead, libzmq borrows the bytes, and a reference keeps them until
    // it is done.
    let storage: FrameStorage

    /// Copies the bytes into a frame of their own.
    public init(_ bytes: UnsafeRawBufferPointer) {
        self.storage = FrameStorage.make(copying: bytes)
    }

    /// Copies the bytes into a frame of their own.
    public init(_ bytes: [UInt8]) {
        self.storage = bytes.withUnsafeBytes { FrameStorage.make(copying: $0) }
    }

    /// Copies a text's UTF-8 bytes into a frame of their own.
    public init(_ text: String) {
        self.init(Array(text.utf8))
    }

    /// Moves what `zmq_msg_recv` filled into a frame; `message` is left empty.
    init(taking message: inout zmq_msg_t) {
        self.storage = FrameStorage.make(taking: &message)
    }

    /// The bytes in place, for a type of another module that keeps a copy of the frame: the bytes neither move nor
    /// change as long as a copy exists.
    public var ownedBytes: UnsafeRawBufferPointer { storage.header }

    /// The frame without bytes, as between an envelope and its content.
    public static let empty = Frame([])

    /// Number of bytes.
    public var count: Int { storage.header.count }

    /// Whether there are no bytes.
    public var isEmpty: Bool { count == 0 }

    /// Reads the bytes where they are, with bounds checked.
    public func withBytes<R, E: Error>(_ body: (RawSpan) throws(E) -> R) throws(E) -> R {
        defer { withExtendedLifetime(storage) {} }
        // A variable of its own: Swift 6.3.1 crashes on a span made directly from the header.
        let bytes = storage.header
        return try body(bytes.bytes)
    }

    /// Reads the bytes where they are; the pointer is valid during the call only.
    public func withUnsafeBytes<R, E: Error>(_ body: (UnsafeRawBufferPointer) throws(E) -> R) throws(E) -> R {
        defer { withExtendedLifetime(storage) {} }
        return try body(storage.header)
    }

    /// The bytes as an array, copied.
    public func copyBytes() -> [UInt8] {
        withUnsafeBytes { Array($0) }
    }
}

extension Frame: Hashable {
    /// Whether the bytes are the same.
    public static func == (left: Frame, right: Frame) -> Bool {
        if left.storage === right.storage { return true }
        return left.withUnsafeBytes { left in
            right.withUnsafeBytes { right in
                left.count == right.count && left.elementsEqual(right)
            }
        }
    }

    /// Hashes the bytes.
    public func hash(into hasher: inout Hasher) {
        withUnsafeBytes { hasher.combine(bytes: $0) }
    }
}

extension Frame: CustomStringConvertible {
    /// The first sixteen bytes in hexadecimal and the count: enough to distinguish routing ids in a log.
    public var description: String {
        let shown = withUnsafeBytes { bytes in
            bytes.prefix(16).map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
        }
        return "\(shown)\(count > 16 ? "…" : "") (\(count) bytes)"
    }
}

/// A `zmq_msg_t` and its reference count in one allocation; the header is where its bytes are.
final class FrameStorage: ManagedBuffer<UnsafeRawBufferPointer, zmq_msg_t> {
    deinit {
        _ = withUnsafeMutablePointerToElements { zmq_msg_close($0) }
    }

    static func make(copying bytes: UnsafeRawBufferPointer) -> FrameStorage {
        var message = zmq_msg_t()
        let made = zmq_msg_init_size(&message, bytes.count)
        // As with Swift's own containers: without memory for its own messages the program cannot continue.
        precondition(made == 0, "no memory for a frame of \(bytes.count) bytes")
        if let source = bytes.baseAddress, bytes.count > 0 {
            zmq_msg_data(&message)?.copyMemory(from: source, byteCount: bytes.count)
        }
        return make(taking: &message)
    }

    static func make(taking message: inout zmq_msg_t) -> FrameStorage {
        let empty = UnsafeRawBufferPointer(start: nil, count: 0)
        let storage = unsafeDowncast(create(minimumCapacity: 1) { _ in empty }, to: FrameStorage.self)
        storage.withUnsafeMutablePointers { header, own in
            zmq_msg_init(own)
            zmq_msg_move(own, &message)
            // Short messages live inside the structure, so the address is read only now that it no longer changes.
            header.pointee = UnsafeRawBufferPointer(start: zmq_msg_data(own), count: zmq_msg_size(own))
        }
        return storage
    }
}
