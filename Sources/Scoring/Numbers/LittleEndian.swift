/// Numbers as little-endian bytes: in frames of the wire, in bodies of the journal, and under digests.
package enum LittleEndian {
    /// The four bytes from `offset` on. Precondition: they are within the span.
    @inlinable
    package static func uint32(_ bytes: borrowing Span<UInt8>, at offset: Int) -> UInt32 {
        UInt32(littleEndian: bytes.bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt32.self))
    }

    /// The eight bytes from `offset` on. Precondition: they are within the span.
    @inlinable
    package static func uint64(_ bytes: borrowing Span<UInt8>, at offset: Int) -> UInt64 {
        UInt64(littleEndian: bytes.bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }

    /// Appends four bytes.
    @inlinable
    package static func append(_ value: UInt32, to bytes: inout [UInt8]) {
        bytes.append(UInt8(truncatingIfNeeded: value))
        bytes.append(UInt8(truncatingIfNeeded: value >> 8))
        bytes.append(UInt8(truncatingIfNeeded: value >> 16))
        bytes.append(UInt8(truncatingIfNeeded: value >> 24))
    }

    /// Appends eight bytes.
    @inlinable
    package static func append(_ value: UInt64, to bytes: inout [UInt8]) {
        append(UInt32(truncatingIfNeeded: value), to: &bytes)
        append(UInt32(truncatingIfNeeded: value >> 32), to: &bytes)
    }
}
