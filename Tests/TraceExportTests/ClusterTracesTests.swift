import ClientNode
import Corpora
import CoordinatorNode
import Foundation
import Logging
import Scoring
import Simulation
import SwiftProtobuf
import TestSupport
import Testing
import Threads
import TraceExport
import Traces
import Wire
import WorkerNode
import ZeroMQ

/// One trace over a client, a coordinator and a worker, each with an exporter of its own, as a collector receives it.
@Suite("Traces of a cluster", .serialized)
struct ClusterTracesTests {
    private let folder: ScratchFolder

    init() throws { folder = try ScratchFolder() }

    private func exporter(_ service: String, _ collector: StubCollector) throws -> OTLPExporter {
        // The collector is of this process, which has much to do.
        let variables = ["OTEL_EXPORTER_OTLP_TIMEOUT": "100000"]
        let settings = try #require(
            OTLPSettings(endpoint: "http://127.0.0.1:\(collector.port)", service: service, variables: variables))
        return try OTLPExporter(settings, version: "1", logger: .quiet)
    }

    /// Runs what may wait on a thread of its own.
    private func waiting<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread { continuation.resume(with: Result { try body() }) }
        }
    }

    private struct Found {
        let service: String
        let span: OTLPSpan

        func value(_ name: String) -> OTLPAnyValue? { span.attributes.first { $0.key == name }?.value }
    }

    private func found(_ collector: StubCollector) -> [String: [Found]] {
        Dictionary(grouping: collector.spans.map { Found(service: $0.service, span: $0.span) }) { $0.span.name }
    }

    /// Waits until spans with these names have arrived: when an exporter stops, it waits a second for what is on its way.
    private func wait(for names: Set<String>, at collector: StubCollector) async throws {
        try await waiting { _ = waitUntil { names.isSubset(of: collector.spans.map(\.span.name)) } }
    }

    @Test("a scored shard is one tree: client, coordinator, worker, and back")
    func scoring() async throws {
        let collector = try await StubCollector()
        let (own, there, far) = (
            try exporter("client", collector), try exporter("coordinator", collector), try exporter("worker", collector)
        )
        let (coordinator, worker) = try await waiting { [folder] in try Self.start(folder, there.tracer, far.tracer) }
        let root = own.tracer.start("score", .internal, parent: nil)
        try await waiting { [folder] in try Self.score(folder, try #require(coordinator.endpoints.first), root) }
        root.end()
        try await waiting {
            worker.drain()
            try worker.wait()
            coordinator.stop()
            try coordinator.wait()
        }
        try await wait(for: ["score", "job", "shard", "lent", "queued", "compute", "predict"], at: collector)
        try await waiting { for exporter in [own, there, far] { exporter.stop() } }
        let spans = found(collector)
        let run = try #require(spans["score"]?.first)
        #expect(collector.spans.allSatisfy { $0.span.traceID == run.span.traceID })
        let job = try #require(spans["job"]?.first)
        #expect(job.service == "coordinator" && job.span.parentSpanID == run.span.spanID)
        let shards = try #require(spans["shard"])
        let sent = shards.filter { $0.service == "client" }
        let queued = shards.filter { $0.service == "coordinator" }
        #expect(sent.count == 3 && queued.count == 3)
        #expect(sent.allSatisfy { $0.span.parentSpanID == run.span.spanID })
        #expect(Set(queued.map(\.span.parentSpanID)) == Set(sent.map(\.span.spanID)))
        let lent = try #require(spans["lent"])
        #expect(Set(lent.map(\.span.parentSpanID)) == Set(queued.map(\.span.spanID)))
        #expect(Set(try #require(spans["queued"]).map(\.span.parentSpanID)) == Set(queued.map(\.span.spanID)))
        let computed = try #require(spans["compute"])
        #expect(computed.allSatisfy { $0.service == "worker" })
        #expect(Set(computed.map(\.span.parentSpanID)) == Set(lent.map(\.span.spanID)))
        let predicted = try #require(spans["predict"])
        #expect(Set(predicted.map(\.span.parentSpanID)) == Set(computed.map(\.span.spanID)))
        #expect(collector.spans.allSatisfy { $0.span.status.code != .error })
        #expect(computed.compactMap { $0.value("statezero.rows")?.intValue }.reduce(0, +) == 600)
        try expectNoText(collector)
        collector.stop()
    }

    @Test("a plan belongs to the request that asked for it, and its predictions to the plan")
    func plan() async throws {
        let collector = try await StubCollector()
        let (there, far) = (try exporter("coordinator", collector), try exporter("worker", collector))
        let (coordinator, worker) = try await waiting { [folder] in try Self.start(folder, there.tracer, far.tracer) }
        let caller = TraceContext(
            trace: TraceID(high: 1, low: 2), span: SpanID(3), isSampled: true, state: TraceState(["vendor=value"]))
        let request = there.tracer.start("POST /v1/plans", .server, parent: caller)
        var plan = RequestPlan(
            plan: PlanName(policyID: "p", step: 0), total: 64,
            candidates: (0..<8).map { PlanCandidate(promptID: "\($0)", text: "secret prompt \($0)") })
        plan.deadline = .seconds(100)
        var isEnded = false
        for await message in Span.$current.withValue(request, operation: { coordinator.ask(.requestPlan(plan)) }) {
            if case .planEnd(_, let end) = message {
                #expect(end.status == .ok)
                isEnded = true
                break
            }
        }
        #expect(isEnded)
        request.end()
        try await waiting {
            worker.drain()
            try worker.wait()
            coordinator.stop()
            try coordinator.wait()
        }
        try await wait(for: ["POST /v1/plans", "plan", "lent", "compute"], at: collector)
        try await waiting { for exporter in [there, far] { exporter.stop() } }
        let spans = found(collector)
        let asked = try #require(spans["POST /v1/plans"]?.first)
        let made = try #require(spans["plan"]?.first)
        #expect(collector.spans.allSatisfy { $0.span.traceState == "vendor=value" })
        #expect(made.span.parentSpanID == asked.span.spanID)
        #expect(made.value("statezero.plan_status")?.stringValue == "ok")
        let lent = try #require(spans["lent"])
        #expect(lent.allSatisfy { $0.span.parentSpanID == made.span.spanID })
        let computed = try #require(spans["compute"])
        #expect(Set(computed.map(\.span.parentSpanID)) == Set(lent.map(\.span.spanID)))
        try expectNoText(collector)
        collector.stop()
    }

    @Test("peers without traces work with those that have them")
    func mixed() async throws {
        let collector = try await StubCollector()
        let there = try exporter("coordinator", collector)
        let (coordinator, worker) = try await waiting { [folder] in try Self.start(folder, there.tracer, nil) }
        try await waiting { [folder] in try Self.score(folder, try #require(coordinator.endpoints.first), nil) }
        try await waiting {
            worker.drain()
            try worker.wait()
            coordinator.stop()
            try coordinator.wait()
            there.stop()
        }
        let spans = found(collector)
        let job = try #require(spans["job"]?.first)
        #expect(job.span.parentSpanID.isEmpty)
        #expect(spans["shard"]?.allSatisfy { $0.span.parentSpanID == job.span.spanID } == true)
        #expect(spans["compute"] == nil)
        collector.stop()
    }

    private func expectNoText(_ collector: StubCollector) throws {
        for (_, span) in collector.spans {
            let bytes: [UInt8] = try span.serializedBytes()
            #expect(!String(decoding: bytes, as: UTF8.self).contains("prompt "))
        }
    }

    private static func start(
        _ folder: ScratchFolder, _ there: Tracer?, _ far: Tracer?
    ) throws -> (CoordinatorNode, WorkerNode) {
        let endpoint = try Endpoint("ipc://\(folder.file("socket"))")
        var configuration = CoordinatorNode.Configuration(endpoints: [endpoint])
        configuration.tracer = there
        let coordinator = try CoordinatorNode(configuration, logger: .quiet)
        var settings = WorkerNode.Configuration(coordinator: endpoint, name: "w")
        settings.tracer = far
        return (coordinator, try WorkerNode(settings, logger: .quiet) { TableValueModel() })
    }

    private static func score(_ folder: ScratchFolder, _ endpoint: Endpoint, _ span: Span?) throws {
        let history = (0..<20).map { #"{"prompt":"prompt of context \#($0)","reward":\#($0 % 2),"policy_id":"p"}"# }
        try folder.write("history.jsonl", history.joined(separator: "\n"))
        let rows = (0..<600).map { #"{"id":"r\#($0)","prompt":"prompt \#($0)"}"# }
        try folder.write("corpus.jsonl", rows.joined(separator: "\n"))
        var configuration = ScoringClient.Configuration(
            coordinator: endpoint, promptFiles: [folder.file("corpus.jsonl")],
            context: try ContextFile.load([folder.file("history.jsonl")]), output: folder.file("out"),
            settings: [:], version: "0.0.0")
        configuration.span = span
        let ending = try ScoringClient(configuration, logger: .quiet).run(until: StopFlag()) { _ in }
        guard case .finished(let manifest, _) = ending else {
            Issue.record("\(ending)")
            return
        }
        #expect(manifest.counts.error == 0)
    }
}
