import FeatureStore
import Foundation
import Logging
import Scoring
import TestSupport
import Testing
import Threads
import Wire
import WorkerNode

/// The worker with its threads and a real socket; the coordinator is a stub on the other end.
@Suite("WorkerNode on a socket")
struct WorkerDriverTests {
    /// Holds a model back at its first piece until the test opens the gate.
    private final class Gate: Sendable {
        let isOpen = SharedValue(false)
        let hasBegun = SharedValue(false)

        func wait(_ texts: [String]) {
            guard texts.contains(where: { $0.hasPrefix("piece") }) else { return }
            hasBegun.change { $0 = true }
            _ = waitUntil { isOpen.value }
        }
    }

    private static let context: ContextBlock? = {
        let rows = (0..<4).compactMap { index in
            Outcome(reward: Double(index % 2)).map { ContextSet.Row(text: "context \(index)", outcome: $0) }
        }
        return ContextSet(rows).map { ContextBlock($0) }
    }()

    private func worker(
        _ stub: WorkerStub, abandonTime: Duration = .seconds(600),
        makeModel: @escaping @Sendable () throws -> any ValueModel = { CountingModel() }
    ) throws -> WorkerNode {
        var configuration = WorkerNode.Configuration(coordinator: stub.coordinator.endpoint, name: "w7")
        configuration.abandonTime = abandonTime
        configuration.cacheBytes = 1 << 20
        return try WorkerNode(configuration, logger: .quiet, makeModel: makeModel)
    }

    @Test("a worker introduces itself with its name and model, then sends heartbeats with its credit")
    func join() throws {
        let stub = try WorkerStub()
        let worker = try worker(stub)
        #expect(waitUntil { stub.received.heartbeats.count >= 3 })
        let hello = try #require(stub.received.hellos.first)
        #expect(hello.name == "w7" && hello.protocolVersion == Limits.protocolVersion)
        guard case .worker(let fingerprint, let credit) = hello.role else {
            Issue.record("\(hello.role)")
            return
        }
        #expect(fingerprint == worker.fingerprint && fingerprint == CountingModel().fingerprint)
        #expect(credit == Credit(rows: 4096, tokens: 262_144))
        let heartbeat = try #require(stub.received.heartbeats.last)
        #expect(heartbeat.incarnation == hello.incarnation && heartbeat.credit == credit && heartbeat.held.isEmpty)
        worker.drain()
        try worker.wait()
        #expect(waitUntil { stub.received.hasLeft })
        try stub.stop()
    }

    @Test("a job's pieces are answered as the model predicts them, and the context is asked for once")
    func job() throws {
        let context = try #require(Self.context)
        let stub = try WorkerStub(pieces: 12, context: context)
        let worker = try worker(stub)
        #expect(waitUntil { stub.received.results.count == 12 }, "\(stub.received.results.count) results")
        #expect(stub.received.contextsWanted == [context.digest])
        for result in stub.received.results {
            let texts = WorkerStub.texts(result.piece.shard)
            #expect(result.piece == WorkerStub.piece(result.piece.shard) && result.faults.isEmpty)
            let expected = texts.map { Float($0.utf8.count) / 100 }
            #expect((0..<result.answers.count).map { result.answers[$0]?.p } == expected, "\(result.piece)")
        }
        #expect(Set(stub.received.results.map(\.piece.shard)) == Set(0..<12))
        let progress = stub.received.results.map(\.progress)
        #expect(zip(progress, progress.dropFirst()).allSatisfy { $0 < $1 }, "\(progress)")
        worker.drain()
        try worker.wait()
        try stub.stop()
    }

    @Test("a draining worker answers the piece it computes, returns the one that waits, and leaves")
    func drain() throws {
        let context = try #require(Self.context)
        let stub = try WorkerStub(pieces: 2, context: context)
        let gate = Gate()
        let worker = try worker(stub) { CountingModel(onEmbed: gate.wait) }
        #expect(waitUntil { gate.hasBegun.value })
        // A heartbeat names both: the second piece has arrived.
        #expect(waitUntil { stub.received.heartbeats.contains { $0.held.count == 2 } })
        worker.drain()
        #expect(waitUntil { stub.received.returned == [WorkerStub.piece(1)] })
        #expect(stub.received.isDraining && !stub.received.hasLeft && stub.received.results.isEmpty)
        gate.isOpen.change { $0 = true }
        try worker.wait()
        #expect(waitUntil { stub.received.hasLeft })
        #expect(stub.received.results.map(\.piece) == [WorkerStub.piece(0)])
        #expect(stub.received.results.first?.credit == Credit.none)
        try stub.stop()
    }

    @Test("a worker that gets no answer gives up after its time, and names the endpoint")
    func neverAnswered() throws {
        let coordinator = try LoopbackCoordinator { _, _ in [] }
        var configuration = WorkerNode.Configuration(coordinator: coordinator.endpoint, name: "w")
        configuration.abandonTime = .milliseconds(100)
        let worker = try WorkerNode(configuration, logger: .quiet) { CountingModel() }
        let error = #expect(throws: WorkerError.self) { try worker.wait() }
        guard case .abandoned(let time, let endpoint)? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(time >= .milliseconds(100) && endpoint == coordinator.endpoint)
        #expect("\(WorkerError.abandoned(after: time, endpoint: endpoint))".contains("check --connect"))
        try coordinator.stop()
    }

    @Test("a worker whose coordinator is lost keeps sending heartbeats until its time is over, then leaves")
    func lost() throws {
        let stub = try WorkerStub(.silence)
        let worker = try worker(stub, abandonTime: .milliseconds(400))
        let error = #expect(throws: WorkerError.self) { try worker.wait() }
        guard case .abandoned? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(stub.received.hellos.count == 1 && stub.received.heartbeats.count >= 2)
        #expect(!stub.received.hasLeft)
        try stub.stop()
    }

    @Test("a coordinator that does not know the worker gets another Hello of the same incarnation")
    func restart() throws {
        let stub = try WorkerStub(.restart)
        let worker = try worker(stub)
        #expect(waitUntil { stub.received.heartbeats.count >= 3 })
        let hellos = stub.received.hellos
        #expect(hellos.count == 2 && hellos.first?.incarnation == hellos.last?.incarnation)
        worker.drain()
        try worker.wait()
        try stub.stop()
    }

    @Test("a refused worker leaves with the coordinator's reason")
    func refused() throws {
        let stub = try WorkerStub(.refusal("this cluster works with another model"))
        let worker = try worker(stub)
        let error = #expect(throws: WorkerError.self) { try worker.wait() }
        guard case .refused(let reason)? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(reason == "this cluster works with another model")
        try stub.stop()
    }

    @Test("a model that cannot be loaded ends the start with its reason, before anything is sent")
    func noModel() throws {
        struct Missing: Error, CustomStringConvertible { let description = "model.safetensors: missing" }
        let stub = try WorkerStub()
        let error = #expect(throws: WorkerError.self) { _ = try worker(stub) { throw Missing() } }
        guard case .model(let reason)? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(reason == "model.safetensors: missing" && stub.received.hellos.isEmpty)
        try stub.stop()
    }
}
