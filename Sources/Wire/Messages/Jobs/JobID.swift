/// A job's name: 16 random bytes, drawn once by the client and kept with its output.
public struct JobID: Hashable, Sendable, CustomStringConvertible {
    /// The upper eight bytes, big-endian.
    public let high: UInt64
    /// The lower eight bytes, big-endian.
    public let low: UInt64

    /// Makes the id of two halves.
    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// Draws an id.
    public init(using generator: inout some RandomNumberGenerator) {
        self.init(high: generator.next(), low: generator.next())
    }

    /// Reads 16 bytes; `nil` for any other number.
    public init?(bytes: some Collection<UInt8>) {
        guard bytes.count == 16 else { return nil }
        self.init(
            high: bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) },
            low: bytes.dropFirst(8).reduce(0) { $0 << 8 | UInt64($1) })
    }

    /// Reads 32 hexadecimal digits; `nil` for anything else.
    public init?(hex: String) {
        // Every byte must be a digit: the parser below would accept a sign.
        guard hex.utf8.count == 32, hex.utf8.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }),
            let high = UInt64(hex.prefix(16), radix: 16), let low = UInt64(hex.suffix(16), radix: 16)
        else { return nil }
        self.init(high: high, low: low)
    }

    /// 16 bytes, big-endian.
    public var bytes: [UInt8] {
        [high, low].flatMap { half in (0..<8).map { UInt8(truncatingIfNeeded: half >> (56 - 8 * $0)) } }
    }

    /// 32 lower-case hexadecimal digits.
    public var description: String {
        let pad = { (half: UInt64) in
            let digits = String(half, radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }
        return pad(high) + pad(low)
    }
}
