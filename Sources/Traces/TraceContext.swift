/// A span of a trace as other processes name it: W3C Trace Context, <https://www.w3.org/TR/trace-context/>.
package struct TraceContext: Hashable, Sendable {
    /// The trace, 128 bits, not zero.
    package let trace: TraceID
    /// The span, 64 bits, not zero.
    package let span: SpanID
    /// Whether the trace is recorded.
    package let isSampled: Bool
    /// What is passed on beside the ids; `nil` for nothing.
    package var state: TraceState?

    /// Names a span.
    package init(trace: TraceID, span: SpanID, isSampled: Bool, state: TraceState? = nil) {
        self.trace = trace
        self.span = span
        self.isSampled = isSampled
        self.state = state
    }

    /// Reads the headers `traceparent` and `tracestate`, as they occur; `nil` where the first is not valid, or not there
    /// once. A `tracestate` that is not valid is left out.
    package init?(traceparent: [String], tracestate: [String]) {
        guard traceparent.count == 1 else { return nil }
        self.init(traceparent: traceparent[0])
        state = TraceState(tracestate)
    }

    /// Reads the header `traceparent`; `nil` for anything that the standard calls invalid.
    ///
    /// Later versions may append fields, which are not read.
    package init?(traceparent text: String) {
        let bytes = Array(text.utf8.prefix(Self.length + 1))
        guard bytes.count >= Self.length, [2, 35, 52].allSatisfy({ bytes[$0] == UInt8(ascii: "-") }) else { return nil }
        guard let version = Self.number(bytes[0..<2]), version != 0xFF else { return nil }
        guard bytes.count == Self.length || (version > 0 && bytes[Self.length] == UInt8(ascii: "-")) else { return nil }
        guard let high = Self.number(bytes[3..<19]), let low = Self.number(bytes[19..<35]),
            let span = Self.number(bytes[36..<52]), let flags = Self.number(bytes[53..<55])
        else { return nil }
        guard high | low != 0, span != 0 else { return nil }
        self.init(trace: TraceID(high: high, low: low), span: SpanID(span), isSampled: flags & 1 == 1)
    }

    /// Reads the bytes of a message; `nil` where their number or a value is not valid.
    package init?(bytes: some Collection<UInt8>) {
        let bytes = Array(bytes.prefix(Self.byteCount + 1))
        guard bytes.count == Self.byteCount else { return nil }
        let (high, low) = (Self.number(ofBytes: bytes[0..<8]), Self.number(ofBytes: bytes[8..<16]))
        let span = Self.number(ofBytes: bytes[16..<24])
        guard high | low != 0, span != 0 else { return nil }
        self.init(trace: TraceID(high: high, low: low), span: SpanID(span), isSampled: bytes[24] & 1 == 1)
    }

    /// For a message: the trace, the span and the flags, 25 bytes. The state has a field of its own.
    package var bytes: [UInt8] { trace.bytes + span.bytes + [UInt8(flags)] }

    /// The header `traceparent`, version 00.
    package var traceparent: String { "00-\(trace.hex)-\(span.hex)-0\(flags)" }

    /// Bit 0: recorded.
    package var flags: UInt32 { isSampled ? 1 : 0 }

    private static let length = 55
    private static let byteCount = 25

    /// Lowercase hexadecimal digits, at most 16; `nil` for other bytes.
    private static func number(_ digits: ArraySlice<UInt8>) -> UInt64? {
        var number: UInt64 = 0
        for digit in digits {
            switch digit {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): number = number << 4 | UInt64(digit - UInt8(ascii: "0"))
            case UInt8(ascii: "a")...UInt8(ascii: "f"): number = number << 4 | UInt64(digit - UInt8(ascii: "a") + 10)
            default: return nil
            }
        }
        return number
    }

    private static func number(ofBytes bytes: ArraySlice<UInt8>) -> UInt64 {
        bytes.reduce(0) { $0 << 8 | UInt64($1) }
    }
}

/// The id of a trace: 128 bits.
package struct TraceID: Hashable, Sendable {
    package let high: UInt64
    package let low: UInt64

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// 16 bytes, big endian.
    package var bytes: [UInt8] { high.bigEndianBytes + low.bigEndianBytes }
    /// 32 digits.
    package var hex: String { high.hexDigits + low.hexDigits }

    /// Draws one.
    static func random() -> TraceID {
        TraceID(high: .random(in: .min ... .max), low: .random(in: 1 ... .max))
    }
}

/// The id of a span within its trace: 64 bits.
package struct SpanID: Hashable, Sendable {
    package let value: UInt64

    package init(_ value: UInt64) {
        self.value = value
    }

    /// 8 bytes, big endian.
    package var bytes: [UInt8] { value.bigEndianBytes }
    /// 16 digits.
    package var hex: String { value.hexDigits }

    /// Draws one.
    static func random() -> SpanID { SpanID(.random(in: 1 ... .max)) }
}

extension UInt64 {
    fileprivate var bigEndianBytes: [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: self >> (56 - 8 * $0)) } }

    fileprivate var hexDigits: String {
        let digits = String(self, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
