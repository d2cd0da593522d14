import Foundation
import HTTPTypes
import Logging
import TestSupport
import Testing
import TraceExport
import Traces

/// The export to a collector that answers, refuses, fails for a while, or is not there.
@Suite("Export of spans")
struct OTLPExporterTests {

    private static func exporter(port: Int, _ variables: [String: String] = [:]) throws -> OTLPExporter {
        let settings = try #require(
            OTLPSettings(endpoint: "http://127.0.0.1:\(port)", service: "test", variables: variables))
        return try OTLPExporter(settings, version: "1", logger: .quiet)
    }

    @Test("a collector gets what was recorded, with the headers of the variables")
    func export() async throws {
        let collector = try await StubCollector()
        let exporter = try Self.exporter(port: collector.port, ["OTEL_EXPORTER_OTLP_HEADERS": "x-key=k"])
        let root = exporter.tracer.start("root", .server, parent: nil)
        let child = root.child("child", .client)
        child.set("text", "t")
        child.set("whole", 3)
        child.set("decimal", .decimal(0.5))
        child.set("flag", .flag(true))
        child.end(failure: "why")
        root.end()
        await Self.stop(exporter)
        let spans = Dictionary(uniqueKeysWithValues: collector.spans.map { ($0.span.name, $0.span) })
        let (first, second) = (try #require(spans["root"]), try #require(spans["child"]))
        #expect(Array(first.traceID) == root.context.trace.bytes)
        #expect(first.parentSpanID.isEmpty)
        #expect(second.parentSpanID == first.spanID)
        #expect(second.traceID == first.traceID)
        #expect((first.kind, second.kind) == (.server, .client))
        #expect(second.status.code == .error && second.status.message == "why")
        #expect(first.status.code == .unset)
        #expect(second.endTimeUnixNano >= second.startTimeUnixNano)
        #expect(second.attributes.map(\.key) == ["text", "whole", "decimal", "flag"])
        #expect(second.attributes[1].value.intValue == 3)
        #expect(collector.spans.allSatisfy { $0.service == "test" })
        #expect(collector.unreadable == 0)
        let headers = try #require(collector.headers.first)
        #expect(headers[.contentType] == "application/x-protobuf")
        #expect(headers.contains { $0.name.rawName == "x-key" && $0.value == "k" })
        #expect(exporter.tracer.queue.counts == SpanQueue.Counts(exported: 2, dropped: 0))
        collector.stop()
    }

    @Test("a collector that is busy gets the same batch again")
    func busy() async throws {
        let collector = try await StubCollector(statuses: [.serviceUnavailable])
        let exporter = try Self.exporter(port: collector.port)
        exporter.tracer.start("once", .internal, parent: nil).end()
        #expect(await Self.holds { exporter.tracer.queue.counts.exported == 1 })
        #expect(collector.spans.map(\.span.name) == ["once"])
        await Self.stop(exporter)
        collector.stop()
    }

    @Test("what a collector refuses is dropped and counted")
    func refused() async throws {
        let collector = try await StubCollector(statuses: [.unauthorized], rejected: 1)
        let exporter = try Self.exporter(port: collector.port)
        exporter.tracer.start("refused", .internal, parent: nil).end()
        #expect(await Self.holds { exporter.tracer.queue.counts.dropped == 1 })
        exporter.tracer.start("rejected", .internal, parent: nil).end()
        await Self.stop(exporter)
        #expect(collector.spans.map(\.span.name) == ["rejected"])
        #expect(exporter.tracer.queue.counts == SpanQueue.Counts(exported: 0, dropped: 2))
        collector.stop()
    }

    @Test("without a collector the work goes on, and what does not fit is counted")
    func absent() async throws {
        // Port 9 of loopback is discard's; nobody listens there.
        let exporter = try Self.exporter(port: 9)
        for _ in 0..<20_000 { exporter.tracer.start("a", .internal, parent: nil).end() }
        await Self.stop(exporter)
        #expect(exporter.tracer.queue.counts == SpanQueue.Counts(exported: 0, dropped: 20_000))
    }

    /// Waits without blocking the tasks of the collector.
    private static func holds(_ condition: () -> Bool) async -> Bool {
        for _ in 0..<6000 where !condition() { try? await Task.sleep(for: .milliseconds(20)) }
        return condition()
    }

    /// Stops on a thread that may wait.
    private static func stop(_ exporter: OTLPExporter) async {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                exporter.stop()
                continuation.resume()
            }
        }
    }
}
