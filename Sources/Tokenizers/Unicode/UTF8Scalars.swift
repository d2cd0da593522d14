/// Scalars of a byte sequence that is meant to be UTF-8.
enum UTF8Scalars {
    /// Replaces bytes that are not UTF-8; a cleaning normalizer drops it.
    static let replacement: UInt32 = 0xFFFD

    /// The scalar at `index` and its number of bytes, at least 1; never reads at or past `end`.
    ///
    /// An ill-formed sequence gives one replacement for each maximal part of a good one (The Unicode Standard, table
    /// 3-8), as `String(decoding:as:)` does.
    static func scalar(in bytes: Span<UInt8>, at index: Int, end: Int) -> (value: UInt32, length: Int) {
        let lead = bytes[index]
        // Count of continuation bytes, and what the first of them may be.
        let count: Int
        var allowed: ClosedRange<UInt8> = 0x80...0xBF
        switch lead {
        case 0x00...0x7F: return (UInt32(lead), 1)
        case 0xC2...0xDF: count = 1
        case 0xE0: (count, allowed) = (2, 0xA0...0xBF)
        case 0xED: (count, allowed) = (2, 0x80...0x9F)
        case 0xE1...0xEF: count = 2
        case 0xF0: (count, allowed) = (3, 0x90...0xBF)
        case 0xF1...0xF3: count = 3
        case 0xF4: (count, allowed) = (3, 0x80...0x8F)
        default: return (replacement, 1)
        }
        var value = UInt32(lead & (0x3F >> UInt8(count)))
        for i in 1...count {
            guard index + i < end, allowed.contains(bytes[index + i]) else { return (replacement, i) }
            value = value << 6 | UInt32(bytes[index + i] & 0x3F)
            allowed = 0x80...0xBF
        }
        return (value, count + 1)
    }

    /// The scalar at `index` of bytes known to be UTF-8, those of a `String`, and its number of bytes.
    @inline(__always)
    static func wellFormed(in bytes: Span<UInt8>, at index: Int) -> (value: UInt32, length: Int) {
        let lead = UInt32(bytes[index])
        if lead < 0x80 { return (lead, 1) }
        let second = UInt32(bytes[index + 1] & 0x3F)
        if lead < 0xE0 { return ((lead & 0x1F) << 6 | second, 2) }
        let third = UInt32(bytes[index + 2] & 0x3F)
        if lead < 0xF0 { return ((lead & 0x0F) << 12 | second << 6 | third, 3) }
        return ((lead & 0x07) << 18 | second << 12 | third << 6 | UInt32(bytes[index + 3] & 0x3F), 4)
    }

    /// Appends a scalar's bytes. `scalar` is not a surrogate: it is a result of `scalar(in:at:end:)` or a value of the
    /// tables.
    static func append(_ scalar: UInt32, to bytes: inout [UInt8]) {
        switch scalar {
        case 0..<0x80:
            bytes.append(UInt8(scalar))
        case 0x80..<0x800:
            bytes.append(0xC0 | UInt8(scalar >> 6))
            bytes.append(0x80 | UInt8(scalar & 0x3F))
        case 0x800..<0x10000:
            bytes.append(0xE0 | UInt8(scalar >> 12))
            bytes.append(0x80 | UInt8(scalar >> 6 & 0x3F))
            bytes.append(0x80 | UInt8(scalar & 0x3F))
        default:
            bytes.append(0xF0 | UInt8(scalar >> 18 & 0x07))
            bytes.append(0x80 | UInt8(scalar >> 12 & 0x3F))
            bytes.append(0x80 | UInt8(scalar >> 6 & 0x3F))
            bytes.append(0x80 | UInt8(scalar & 0x3F))
        }
    }
}
