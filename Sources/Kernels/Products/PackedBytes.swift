/// Bytes of weights in the layout that a product reads: owned by this process, or borrowed from a mapped file.
///
/// They start on a 64-byte boundary. Nothing writes them after creation, so any number of threads may read.
public final class PackedBytes: @unchecked Sendable {
    // Sendable because the bytes are filled before init returns and only read afterwards.

    /// Number of bytes.
    public let count: Int
    /// True if this process owns the memory; false in a mapping that other processes share.
    public var isPrivate: Bool { owner == nil }

    // oneDNN needs mutable pointers also for memory that it only reads.
    let base: UnsafeMutableRawPointer
    private let owner: (any AnyObject & Sendable)?

    /// Allocates `count` zero bytes and has `fill` fill them.
    package init<Failure: Error>(
        count: Int, _ fill: (UnsafeMutableRawBufferPointer) throws(Failure) -> Void
    ) throws(Failure) {
        precondition(count > 0, "PackedBytes: \(count) bytes")
        let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 64)
        bytes.initializeMemory(as: UInt8.self, repeating: 0)
        do throws(Failure) {
            try fill(bytes)
        } catch {
            bytes.deallocate()
            throw error
        }
        self.count = count
        base = bytes.baseAddress.unsafelyUnwrapped
        owner = nil
    }

    /// A copy of floats. Precondition: at least one float.
    convenience init(_ floats: [Float]) {
        self.init(count: floats.count * MemoryLayout<Float>.stride) { bytes in
            floats.withUnsafeBytes { bytes.copyMemory(from: $0) }
        }
    }

    var floats: UnsafeMutablePointer<Float> { base.assumingMemoryBound(to: Float.self) }

    /// Bytes that stay at their address as long as `owner` lives. Precondition: they start on a 64-byte boundary.
    package init(_ bytes: UnsafeRawBufferPointer, lentBy owner: any AnyObject & Sendable) {
        guard let start = bytes.baseAddress, UInt(bitPattern: start) % 64 == 0 else {
            preconditionFailure("PackedBytes: \(bytes.count) bytes that start on no 64-byte boundary")
        }
        count = bytes.count
        base = UnsafeMutableRawPointer(mutating: start)
        self.owner = owner
    }

    deinit {
        if owner == nil { base.deallocate() }
    }

    /// The bytes are valid inside `body` only.
    package func withBytes<Value, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Value
    ) throws(Failure) -> Value {
        try body(UnsafeRawBufferPointer(start: base, count: count))
    }
}
