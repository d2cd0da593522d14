/// Writes JSON bytes in the order of its calls, so that equal rows are equal bytes.
///
/// The caller writes brackets, commas and names with `raw`, or uses `object`, `array` and `member`, which place them.
public struct JSONWriter: Sendable {
    /// The bytes written so far.
    public private(set) var bytes: [UInt8] = []

    /// Starts with no bytes.
    public init() {}

    /// Appends JSON text unchanged.
    public mutating func raw(_ text: StaticString) {
        text.withUTF8Buffer { bytes.append(contentsOf: $0) }
    }

    /// Appends JSON text unchanged.
    public mutating func raw(_ text: String) {
        bytes.append(contentsOf: text.utf8)
    }

    /// A string in quotes. It escapes only what JSON requires: quotes, backslashes and control characters.
    public mutating func string(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                bytes.append(UInt8(ascii: "\\"))
                bytes.append(byte)
            case 0x0A: raw("\\n")
            case 0x09: raw("\\t")
            case 0x0D: raw("\\r")
            case 0..<0x20:
                raw("\\u00")
                bytes.append(Self.digits[Int(byte >> 4)])
                bytes.append(Self.digits[Int(byte & 15)])
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    /// The shortest decimal that reads back as the same Float32; `null` for infinity and NaN, which JSON lacks.
    public mutating func number(_ value: Float) {
        if value.isFinite { raw(value.description) } else { raw("null") }
    }

    /// The shortest decimal that reads back as the same Double; `null` for infinity and NaN.
    public mutating func number(_ value: Double) {
        if value.isFinite { raw(value.description) } else { raw("null") }
    }

    /// A whole number.
    public mutating func number(_ value: Int) {
        raw(String(value))
    }

    /// Removes all bytes and keeps the memory.
    public mutating func clear() {
        bytes.removeAll(keepingCapacity: true)
    }

    private static let digits = Array("0123456789abcdef".utf8)
}
