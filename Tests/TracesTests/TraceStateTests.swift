import Testing
import Traces

/// `tracestate`: what is passed on, what is left out, what is not valid.
@Suite("TraceState")
struct TraceStateTests {
    @Test(
        "valid headers are passed on, without blanks around members",
        arguments: [
            (["rojo=00f067aa0ba902b7,congo=t61rcWkgMzE"], "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE"),
            (["rojo=1 ,\tcongo=2", "t@s=3"], "rojo=1,congo=2,t@s=3"), ([",a=b,, ,"], "a=b"),
            (["a= b c"], "a= b c"), (["0-_*/=!~"], "0-_*/=!~"),
        ])
    func valid(_ values: [String], _ text: String) {
        #expect(TraceState(values)?.text == text)
        #expect(TraceState(values).flatMap { TraceState(bytes: $0.text.utf8) } == TraceState(values))
    }

    @Test(
        "a header with a member that is not valid is dropped",
        arguments: [
            [], [""], [" , "], ["a"], ["=b"], ["a="], ["A=b"], ["a=b=c"], ["a=b,a=c"], ["a=b", "a=c"], ["a b=c"],
            ["@a=b"], ["a=\u{7F}"], ["a=é"], ["a=b\n"], ["a=b\r\nx: y"], ["ok=1,bad"], ["a=\u{0}"],
            [String(repeating: "k", count: 257) + "=v"], ["k=" + String(repeating: "v", count: 257)],
            [(0..<33).map { "k\($0)=v" }.joined(separator: ",")], [String(repeating: ",", count: 20_000)],
        ] as [[String]])
    func invalid(_ values: [String]) { #expect(TraceState(values) == nil) }

    @Test("beyond 512 bytes, long members are left out first, then the last ones")
    func bounded() throws {
        let short = (0..<20).map { "k\($0)=" + String(repeating: "v", count: 40) }
        let long = "long=" + String(repeating: "v", count: 200)
        let text = try #require(TraceState([([long] + short).joined(separator: ",")])).text
        #expect(text.utf8.count <= TraceState.bytesMax)
        #expect(text == short.prefix(11).joined(separator: ","))
        // A long one alone is within the bound.
        #expect(TraceState([long])?.text == long)
    }

    @Test("bytes of a message that are too many, or no text, are dropped")
    func bytes() {
        #expect(TraceState(bytes: Array(repeating: UInt8(ascii: "a"), count: 600)) == nil)
        #expect(TraceState(bytes: [UInt8(ascii: "a"), UInt8(ascii: "="), 0xFF]) == nil)
        #expect(TraceState(bytes: [] as [UInt8]) == nil)
    }

    @Test("a state belongs to a valid traceparent, and children have it")
    func context() throws {
        let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
        #expect(TraceContext(traceparent: ["00-broken"], tracestate: ["a=b"]) == nil)
        #expect(TraceContext(traceparent: [parent, parent], tracestate: ["a=b"]) == nil)
        #expect(TraceContext(traceparent: [parent], tracestate: ["A"])?.state == nil)
        let context = try #require(TraceContext(traceparent: [parent], tracestate: ["a=b"]))
        let tracer = Tracer()
        let span = tracer.start("s", .server, parent: context)
        span.child("c").end()
        span.end()
        #expect(tracer.queue.take().map { $0.context.state?.text } == ["a=b", "a=b"])
        #expect(tracer.start("root", .server, parent: nil).context.state == nil)
    }
}
