import Testing
import Traces

/// `traceparent` and the fields of the wire: what is read, written and ignored.
@Suite("Trace contexts")
struct TraceContextTests {
    private static let text = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

    @Test("the example of the standard is read and written")
    func example() throws {
        let context = try #require(TraceContext(traceparent: Self.text))
        #expect(context.trace.hex == "4bf92f3577b34da6a3ce929d0e0e4736")
        #expect(context.span.hex == "00f067aa0ba902b7")
        #expect(context.isSampled)
        #expect(context.traceparent == Self.text)
    }

    @Test("bit 0 of the flags decides, and others are not passed on")
    func flags() throws {
        let unsampled = try #require(TraceContext(traceparent: Self.text.dropLast(2) + "02"))
        #expect(!unsampled.isSampled)
        #expect(unsampled.traceparent.hasSuffix("-00"))
        #expect(TraceContext(traceparent: Self.text.dropLast(2) + "ff")?.isSampled == true)
    }

    @Test(
        "what the standard calls invalid is no context",
        arguments: [
            "", "00", text.uppercased(), text + "-00", text.replacing("00-", with: "ff-", maxReplacements: 1),
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4bf92f3577b34da6a3ce929d0e0e473-600f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e473g-00f067aa0ba902b7-01",
            "0é-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", String(repeating: "-", count: 55),
        ])
    func invalid(_ text: String) {
        #expect(TraceContext(traceparent: text) == nil)
    }

    @Test("a later version may have more behind a dash")
    func laterVersion() {
        let later = Self.text.replacing("00-", with: "cc-", maxReplacements: 1)
        #expect(TraceContext(traceparent: later) != nil)
        #expect(TraceContext(traceparent: later + "-what") != nil)
        #expect(TraceContext(traceparent: later + "what") == nil)
    }

    @Test("bytes of the wire give the same context, and bytes of another length none")
    func bytes() throws {
        let context = try #require(TraceContext(traceparent: Self.text))
        let (trace, span) = (context.trace.bytes, context.span.bytes)
        #expect(context.bytes == trace + span + [1])
        #expect(TraceContext(bytes: context.bytes) == context)
        #expect(TraceContext(bytes: context.bytes.dropLast()) == nil)
        #expect(TraceContext(bytes: context.bytes + [0]) == nil)
        #expect(TraceContext(bytes: [UInt8](repeating: 0, count: 16) + span + [1]) == nil)
        #expect(TraceContext(bytes: trace + [UInt8](repeating: 0, count: 8) + [1]) == nil)
    }
}
