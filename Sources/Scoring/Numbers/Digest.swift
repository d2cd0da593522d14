public import Crypto

/// A SHA-256 digest: identifies prompts, context sets, models and configurations.
///
/// Two things with the same digest are the same thing, so a digest may be kept, compared and sent instead of the bytes.
public struct Digest: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// Eight bytes each, the first byte highest. So digests are compared, hashed and copied without the heap.
    private let words: (UInt64, UInt64, UInt64, UInt64)

    /// The digest's 32 bytes.
    public var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Self.byteCount)
        for word in [words.0, words.1, words.2, words.3] {
            for shift in stride(from: 56, through: 0, by: -8) { bytes.append(UInt8(truncatingIfNeeded: word >> shift)) }
        }
        return bytes
    }

    /// The first eight bytes as a number, the first byte highest. As good as random, so it can seed a generator.
    public var leading: UInt64 { words.0 }

    /// The next eight bytes, bytes 8 to 15, in the same order: independent of `leading`.
    public var second: UInt64 { words.1 }

    /// Wraps 32 bytes from the wire or a file; `nil` for any other length.
    public init?(bytes: some Sequence<UInt8>) {
        let bytes = Array(bytes)
        guard bytes.count == Self.byteCount else { return nil }
        self.init(whole: bytes)
    }

    /// Precondition: there are 32 bytes.
    private init(whole bytes: [UInt8]) {
        let word = { (place: Int) in bytes[8 * place..<8 * place + 8].reduce(UInt64(0)) { $0 << 8 | UInt64($1) } }
        words = (word(0), word(1), word(2), word(3))
    }

    private init(_ digest: SHA256.Digest) {
        var (word, words) = (UInt64(0), (UInt64(0), UInt64(0), UInt64(0), UInt64(0)))
        for (place, byte) in digest.enumerated() {
            word = word << 8 | UInt64(byte)
            switch place {
            case 7: words.0 = word
            case 15: words.1 = word
            case 23: words.2 = word
            case 31: words.3 = word
            default: break
            }
        }
        self.words = words
    }

    /// Reads 64 hexadecimal digits; `nil` for anything else.
    public init?(hex: String) {
        let digits = Array(hex.utf8)
        guard digits.count == Self.byteCount * 2 else { return nil }
        var bytes: [UInt8] = []
        for i in stride(from: 0, to: digits.count, by: 2) {
            guard let high = Self.nibble(digits[i]), let low = Self.nibble(digits[i + 1]) else { return nil }
            bytes.append(high << 4 | low)
        }
        self.init(whole: bytes)
    }

    /// The digest of a text's UTF-8 bytes.
    public init(of text: String) {
        self.init(finishing: { $0.update(data: Array(text.utf8)) })
    }

    /// The digest of some bytes.
    public init(of bytes: some Sequence<UInt8>) {
        self.init(finishing: { $0.update(data: Array(bytes)) })
    }

    /// The digest of several runs of bytes, one after the other. They are hashed where they are.
    public init(ofParts parts: [[UInt8]]) {
        self.init(finishing: { hash in for part in parts { hash.update(data: part) } })
    }

    /// The digest of whatever `feed` gives to the hash function.
    public init(finishing feed: (inout SHA256) -> Void) {
        var hash = SHA256()
        feed(&hash)
        self.init(hash.finalize())
    }

    /// SHA-256 has 32 bytes.
    public static let byteCount = 32

    /// 64 lower-case hexadecimal digits.
    public var hex: String {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        text.reserveCapacity(Self.byteCount * 2)
        for byte in bytes {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// The first 16 hexadecimal digits, those of `leading`.
    public var leadingHex: String {
        let digits = String(leading, radix: 16)
        return String(repeating: "0", count: 16 - digits.utf8.count) + digits
    }

    /// The first twelve digits: enough for a person and a log line.
    public var short: String { String(hex.prefix(12)) }

    /// All 64 digits, as `hex`.
    public var description: String { hex }

    /// Byte by byte from the first, which is also the order of the hex digits.
    public static func < (left: Digest, right: Digest) -> Bool {
        left.words < right.words
    }

    /// Whether all bytes are the same.
    public static func == (left: Digest, right: Digest) -> Bool { left.words == right.words }

    /// Hashes the first eight bytes: they are as good as random already.
    public func hash(into hasher: inout Hasher) { hasher.combine(words.0) }

    private static func nibble(_ digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
