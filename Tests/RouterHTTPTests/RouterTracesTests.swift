import HTTPServing
import HTTPTypes
import RouterHTTP
import Testing
import Traces

@Suite("Traces of the router")
struct RouterTracesTests {
    private static let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    private static let request = #"{"messages":[{"role":"user","content":"easy secret"}]}"#

    @Test("a request is a child of its caller, and the parent of its decision and of each call of an endpoint")
    func forwarded() async throws {
        let cheap = try await StubEndpoint(.fail(.internalServerError, retryAfter: nil))
        let expensive = try await StubEndpoint(
            .answer(
                #"{"choices":[{"message":{"role":"assistant","content":"a secret"}}],"usage":{"prompt_tokens":3,"#
                    + #""completion_tokens":2}}"#))
        let tracer = Tracer()
        let router = try await Self.router(cheap, expensive, tracer)
        let answer = try await router.post("/v1/chat/completions", Self.request, trace: Self.parent)
        #expect(answer.status == 200)
        await router.stop()
        let spans = tracer.queue.take()
        #expect(Set(spans.map(\.name)) == ["POST /v1/chat/completions", "decide", "chat cheap", "chat expensive"])
        let parent = try #require(TraceContext(traceparent: Self.parent))
        #expect(spans.allSatisfy { $0.context.trace == parent.trace })
        let served = try #require(spans.first { $0.kind == .server })
        #expect(served.parent == parent.span)
        #expect(served["http.response.status_code"] == .integer(200))
        for span in spans where span != served { #expect(span.parent == served.context.span) }
        let failed = try #require(spans.first { $0.name == "chat cheap" })
        let answered = try #require(spans.first { $0.name == "chat expensive" })
        #expect(cheap.traces == [failed.context.traceparent])
        #expect(expensive.traces == [answered.context.traceparent])
        #expect(failed.failure != nil && answered.failure == nil)
        #expect(answered["gen_ai.usage.output_tokens"] == .integer(2))
        #expect(answered["statezero.attempt"] == .integer(2))
        #expect(!"\(spans)".contains("secret"))
        for stub in [cheap, expensive] { stub.stop() }
    }

    @Test("a caller that is not recorded is not recorded here, and endpoints still get its trace")
    func unsampled() async throws {
        let stub = try await StubEndpoint(.answer(RouterUnderTest.answer))
        let tracer = Tracer()
        let router = try await Self.router(stub, stub, tracer)
        _ = try await router.post("/v1/chat/completions", Self.request, trace: Self.parent.dropLast() + "0")
        await router.stop()
        #expect(tracer.queue.take().isEmpty)
        let sent = try #require(stub.traces.first.flatMap(\.self).flatMap { TraceContext(traceparent: $0) })
        #expect(sent.trace == TraceContext(traceparent: Self.parent)?.trace && !sent.isSampled)
        stub.stop()
    }

    @Test("an endpoint gets the caller's tracestate where it is valid, and none without a valid traceparent")
    func state() async throws {
        let stub = try await StubEndpoint(.answer(RouterUnderTest.answer))
        let tracer = Tracer()
        let router = try await Self.router(stub, stub, tracer)
        for (parent, states) in [
            (Self.parent, ["a=1,b=2", "c=3"]), (Self.parent, ["a=1,broken"]), ("00-broken", ["a=1"]), (Self.parent, []),
        ] {
            _ = try await router.post("/v1/chat/completions", Self.request, trace: parent, states: states)
        }
        await router.stop()
        #expect(stub.traceStates == ["a=1,b=2,c=3", nil, nil, nil])
        let states = tracer.queue.take().filter { $0.kind == .server }.map { $0.context.state?.text }
        #expect(states == ["a=1,b=2,c=3", nil, nil, nil])
        stub.stop()
    }

    @Test("a header that is not valid begins a trace of its own, and probes begin none")
    func ownTrace() async throws {
        let stub = try await StubEndpoint(.answer(RouterUnderTest.answer))
        let tracer = Tracer()
        let router = try await Self.router(stub, stub, tracer)
        for path in ["/livez", "/readyz", "/metrics"] { _ = try await router.get(path) }
        _ = try await router.post("/v1/route", #"{"prompt":"easy"}"#, trace: "00-broken")
        let metrics = try await router.get("/metrics").text
        await router.stop()
        let spans = tracer.queue.take()
        #expect(Set(spans.map(\.name)) == ["POST /v1/route", "decide"])
        #expect(spans.first { $0.kind == .server }?.parent == nil)
        #expect(metrics.contains(#"statezero_trace_spans_total{result="dropped"} 0"#))
        stub.stop()
    }

    @Test("without a tracer endpoints get no header")
    func off() async throws {
        let stub = try await StubEndpoint(.answer(RouterUnderTest.answer))
        let router = try await Self.router(stub, stub, nil)
        _ = try await router.post("/v1/chat/completions", Self.request, trace: Self.parent)
        #expect(stub.traces == [nil])
        #expect(!(try await router.get("/metrics").text.contains("statezero_trace")))
        await router.stop()
        stub.stop()
    }

    private static func router(
        _ cheap: StubEndpoint, _ expensive: StubEndpoint, _ tracer: Tracer?
    ) async throws -> RouterUnderTest {
        let fleet = try RouterUnderTest.fleet(
            cheap: "http://127.0.0.1:\(cheap.port)/v1", expensive: "http://127.0.0.1:\(expensive.port)/v1")
        return try await RouterUnderTest(fleet, histories: RouterUnderTest.histories) { $0.tracer = tracer }
    }
}
