/// FNV-1a (Fowler, Noll and Vo), 64 bits: a hash that is the same on every machine and after every restart, unlike
/// `hashValue`.
///
/// Ids, draws and affinities depend on its values, so they must never change. It is not cryptographic: where a
/// collision could be made on purpose, use `Digest`. Its lowest bits are weak; `mixed` spreads the good ones.
public struct StableHash: Hashable, Sendable {
    @usableFromInline var state: UInt64

    @usableFromInline static let offsetBasis: UInt64 = 0xCBF2_9CE4_8422_2325
    @usableFromInline static let prime: UInt64 = 0x100_0000_01B3

    // Inlinable: encoders and clients call these once a byte, from other modules.

    /// The hash of no bytes. Another seed gives another hash of the same bytes.
    @inlinable
    public init(seed: UInt64 = 0) {
        state = Self.offsetBasis ^ seed
    }

    /// The hash of a text's UTF-8 bytes.
    @inlinable
    public init(of text: String, seed: UInt64 = 0) {
        self.init(seed: seed)
        combine(text.utf8.span)
    }

    /// The hash of a text's UTF-8 bytes, eight at a time and then those that are left: faster for long texts, and another
    /// value than `init(of:)` gives.
    public init(words text: String, seed: UInt64 = 0) {
        self.init(seed: seed)
        let bytes = text.utf8.span
        let whole = bytes.count & ~7
        for place in stride(from: 0, to: whole, by: 8) {
            let word = bytes.bytes.unsafeLoadUnaligned(fromByteOffset: place, as: UInt64.self)
            combine(word: UInt64(littleEndian: word))
        }
        for place in whole..<bytes.count { combine(bytes[place]) }
    }

    /// Adds a byte.
    @inlinable
    public mutating func combine(_ byte: UInt8) {
        state = (state ^ UInt64(byte)) &* Self.prime
    }

    /// Adds bytes, one by one.
    @inlinable
    public mutating func combine(_ bytes: some Sequence<UInt8>) {
        for byte in bytes { combine(byte) }
    }

    /// Adds bytes that are not copied, one by one.
    @inlinable
    public mutating func combine(_ bytes: Span<UInt8>) {
        for place in bytes.indices { combine(bytes[place]) }
    }

    /// Adds eight bytes at once: faster than one by one, and another value. The shift brings upper bits down, which a
    /// multiplication never does.
    @inlinable
    public mutating func combine(word: UInt64) {
        state = (state ^ word) &* Self.prime
        state ^= state >> 29
    }

    /// The hash of the bytes combined so far.
    @inlinable
    public var value: UInt64 { state }

    /// `value` after one step of SplitMix64: every bit is as good as any other.
    public var mixed: UInt64 { SeededGenerator.mixed(value) }
}
