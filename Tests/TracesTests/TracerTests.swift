import Testing
import Traces

/// Spans, samplers and the bounded queue behind them.
@Suite("Tracer")
struct TracerTests {
    @Test("children are in the trace of their parent, and are recorded when they end")
    func children() throws {
        let tracer = Tracer()
        let root = tracer.start("root", .server, parent: nil)
        let child = root.child("child")
        child.set("n", 1)
        child.set("n", 2)
        #expect(tracer.queue.take().isEmpty)
        child.end(failure: "no")
        child.set("n", 3)
        child.end()
        root.end()
        let spans = tracer.queue.take()
        #expect(spans.map(\.name) == ["child", "root"])
        #expect(spans[0].parent == spans[1].context.span)
        #expect(spans[0].context.trace == spans[1].context.trace)
        #expect(spans[1].parent == nil)
        #expect(spans[0]["n"] == .integer(2))
        #expect(spans[0].attributes.count == 1)
        #expect(spans[0].failure == "no")
        #expect(spans[0].start >= spans[1].start && spans[0].end >= spans[0].start)
    }

    @Test("a trace that its parent does not record is passed on and not recorded")
    func unsampled() {
        let tracer = Tracer()
        let parent = TraceContext(trace: TraceID(high: 1, low: 2), span: SpanID(3), isSampled: false)
        let span = tracer.start("s", .server, parent: parent)
        #expect(!span.context.isSampled)
        #expect(span.context.trace == parent.trace)
        span.record("part", start: 1, end: 2)
        span.end()
        #expect(tracer.queue.take().isEmpty)
        #expect(tracer.queue.counts == SpanQueue.Counts())
    }

    @Test("samplers have the names and the arguments of OpenTelemetry")
    func names() {
        #expect(Sampler(name: "always_on", argument: nil) == Sampler(ratio: 1, followsParent: false))
        #expect(Sampler(name: "always_off", argument: nil) == Sampler(ratio: 0, followsParent: false))
        #expect(Sampler(name: "traceidratio", argument: "0.25") == Sampler(ratio: 0.25, followsParent: false))
        #expect(Sampler(name: "parentbased_always_on", argument: nil) == .everything)
        #expect(
            Sampler(name: "parentbased_traceidratio", argument: "0.5") == Sampler(ratio: 0.5, followsParent: true))
        #expect(Sampler(name: "traceidratio", argument: nil)?.ratio == 1)
        for (name, argument) in [("jaeger_remote", nil), ("traceidratio", "2"), ("traceidratio", "x"), ("", nil)] {
            #expect(Sampler(name: name, argument: argument) == nil)
        }
    }

    @Test("a ratio keeps about its share of traces, and the same ones in all processes")
    func ratio() {
        let sampler = Sampler(ratio: 0.25, followsParent: true)
        let ids = (0..<4000).map { _ in TraceID(high: .random(in: .min ... .max), low: .random(in: .min ... .max)) }
        let kept = ids.filter { sampler.isSampled($0, parent: nil) }
        #expect((800...1200).contains(kept.count))
        #expect(kept == ids.filter { Sampler(ratio: 0.25, followsParent: false).isSampled($0, parent: nil) })
        #expect(ids.allSatisfy { Sampler(ratio: 1, followsParent: false).isSampled($0, parent: nil) })
        #expect(!ids.contains { Sampler(ratio: 0, followsParent: false).isSampled($0, parent: nil) })
    }

    @Test("a full queue drops what does not fit and counts it")
    func full() {
        let tracer = Tracer(queue: SpanQueue(capacity: 3))
        for _ in 0..<5 { tracer.start("s", .internal, parent: nil).end() }
        #expect(tracer.queue.counts == SpanQueue.Counts(exported: 0, dropped: 2))
        #expect(tracer.queue.take().count == 3)
    }

    @Test("spans in progress are bounded: the oldest is ended")
    func openSpans() {
        let tracer = Tracer()
        var open = OpenSpans<Int>(max: 2)
        for key in 0..<3 { open.open(key, tracer.start("\(key)", .internal, parent: nil)) }
        #expect(open[0] == nil && open[1] != nil && open[2] != nil)
        #expect(tracer.queue.take().map(\.failure) == ["no end was seen"])
        open.open(2, tracer.start("again", .internal, parent: nil))
        #expect(tracer.queue.take().map(\.name) == ["2"])
        open.close(1)?.end()
        open.endAll()
        #expect(tracer.queue.take().map(\.name) == ["1", "again"])
        #expect(open[2] == nil)
    }

    @Test("the oldest is one that has no end, however many others came and went after it")
    func oldestOpenSpan() {
        let tracer = Tracer()
        var open = OpenSpans<Int>(max: 3)
        for key in [100, 101] { open.open(key, tracer.start("\(key)", .internal, parent: nil)) }
        for key in 0..<50 {
            open.open(key, tracer.start("\(key)", .internal, parent: nil))
            open.close(key)?.end()
        }
        #expect(tracer.queue.take().allSatisfy { $0.failure == nil })
        for key in 200..<203 { open.open(key, tracer.start("\(key)", .internal, parent: nil)) }
        #expect(tracer.queue.take().map(\.name) == ["100", "101"])
        #expect((200..<203).allSatisfy { open[$0] != nil })
    }
}
