import Testing
import Traces
import Wire

@Suite("The trace of an envelope")
struct TraceTests {
    private static let context = TraceContext(
        trace: TraceID(high: 0x0102_0304_0506_0708, low: 9), span: SpanID(0xFF00_0000_0000_0001), isSampled: true)

    @Test("a message with a trace keeps it, and one without has the bytes of 0.1.0")
    func roundTrip() throws {
        var traced = Envelope(generation: 3, .bye)
        let plain = traced.frames
        traced.trace = Self.context
        #expect(try Envelope(frames: traced.frames) == traced)
        #expect(traced.frames != plain)
        #expect(traced.frames[0].starts(with: plain[0]), "the trace is behind all that earlier versions read")
        #expect(try Envelope(frames: plain).trace == nil)
        #expect(plain == [Array("SZ01".utf8) + [0x08, 0x03, 0x52, 0x00]])
    }

    @Test("a trace that is not valid is ignored", arguments: [[], [1], Array(repeating: 0, count: 25)] as [[UInt8]])
    func invalid(_ trace: [UInt8]) throws {
        // Field 100, of bytes.
        let field: [UInt8] = [0xA2, 0x06, UInt8(trace.count)] + trace
        let frames = [Envelope(generation: 3, .bye).frames[0] + field]
        #expect(try Envelope(frames: frames) == Envelope(generation: 3, .bye))
    }

    @Test("a trace's state is passed on, and ignored where it is not valid or without a trace")
    func state() throws {
        var traced = Envelope(generation: 3, .bye)
        traced.trace = Self.context
        let plain = traced.frames
        traced.trace?.state = TraceState(["a=b"])
        #expect(try Envelope(frames: traced.frames) == traced)
        #expect(traced.frames[0].starts(with: plain[0]), "the state is behind all that earlier versions read")
        for state in [[], [0xFF], Array("broken".utf8), Array(repeating: UInt8(ascii: "a"), count: 100)] as [[UInt8]] {
            // Field 101, bytes.
            let read = try Envelope(frames: [plain[0] + [0xAA, 0x06, UInt8(state.count)] + state])
            #expect(read.trace == Self.context)
        }
        let untraced = Envelope(generation: 3, .bye).frames[0]
        #expect(try Envelope(frames: [untraced + [0xAA, 0x06, 3] + Array("a=b".utf8)]).trace == nil)
    }

    @Test("a trainer's request is recognised with a trace, too")
    func trainer() {
        var request = Envelope(
            generation: 1, .requestPlan(RequestPlan(plan: PlanName(policyID: "p", step: 1), total: 8, candidates: [])))
        request.trace = Self.context
        #expect(Envelope.isRequestOfTrainer(rawFrames: request.rawFrames))
        var other = Envelope(generation: 1, .bye)
        other.trace = Self.context
        #expect(!Envelope.isRequestOfTrainer(rawFrames: other.rawFrames))
    }
}
