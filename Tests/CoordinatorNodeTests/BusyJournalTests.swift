import Cluster
import CoordinatorNode
import Scoring
import TestSupport
import Testing
import Wire
import ZeroMQ

/// Requests of this process while the journal is behind: held back, as those of sockets are. With a bound of less than
/// nothing it is always behind.
@Suite("CoordinatorNode: a journal that is behind", .serialized)
struct BusyJournalTests {
    private let folder: ScratchFolder

    init() throws { folder = try ScratchFolder() }

    private func start(bytesWaitingMax: Int) throws -> CoordinatorNode {
        var configuration = CoordinatorNode.Configuration(
            endpoints: [try Endpoint("ipc://\(folder.file("socket"))")], journalPath: folder.file("journal"))
        configuration.journalBytesWaitingMax = bytesWaitingMax
        return try CoordinatorNode(configuration, logger: .quiet)
    }

    private static func report(_ number: UInt64) -> Wire.Message {
        .reportOutcomes(
            ReportOutcomes(
                request: number, policyID: "p", rewards: 0...1,
                outcomes: [
                    GroupOutcome(
                        eventID: "event \(number)", promptID: "prompt \(number)", text: "text", rewards: [1])
                ]))
    }

    private static func recorded(_ node: CoordinatorNode) async throws -> Int {
        try #require(await node.report()).outcomesRecorded
    }

    private static func isRecorded(_ answers: AsyncStream<Wire.Message>) async -> Bool {
        for await message in answers { if case .outcomesRecorded = message { return true } }
        return false
    }

    @Test("requests over HTTP wait while more waits for the disk than is allowed; those that only read do not")
    func held() async throws {
        let node = try start(bytesWaitingMax: -1)
        let held = node.ask(Self.report(1))
        // Each of these is answered after what was asked before it, if that is not held.
        for _ in 0..<20 { #expect(try await Self.recorded(node) == 0) }
        guard case .overview? = await node.operate(.overview) else { throw Silence() }
        guard case .details? = await node.operate(.details) else { throw Silence() }
        node.stop()
        try node.wait()
        #expect(await !Self.isRecorded(held), "it is refused when the coordinator stops")
    }

    @Test("beyond the bound of requests that wait, another one is refused; a caller that leaves makes place")
    func bounded() async throws {
        let node = try start(bytesWaitingMax: -1)
        // The coordinator is running, and behind.
        #expect(try await Self.recorded(node) == 0)
        var held = (0..<UInt64(4096)).map { node.ask(Self.report($0)) }
        for await _ in node.ask(Self.report(9999)) { Issue.record("a refused request is answered") }
        #expect(await node.report() == nil, "a report waits in the same queue")
        held.removeLast()
        #expect(try await Self.recorded(node) == 0)
        node.stop()
        try node.wait()
        for stream in held { #expect(await !Self.isRecorded(stream)) }
    }

    @Test("callers that leave while the journal is behind leave nothing, and those that stay keep their order")
    func leaving() async throws {
        let node = try start(bytesWaitingMax: 0)
        var staying: [AsyncStream<Wire.Message>] = []
        for number in 0..<UInt64(2000) {
            let answers = node.ask(Self.report(number))
            if number % 100 == 0 { staying.append(answers) }
        }
        for stream in staying { #expect(await Self.isRecorded(stream)) }
        #expect(await node.mark())
        #expect(try await Self.recorded(node) >= staying.count)
        node.stop()
        try node.wait()
    }

    @Test("what was held is handled in order when the disk has caught up, and all of it is answered")
    func released() async throws {
        // Behind during each commit.
        let node = try start(bytesWaitingMax: 0)
        let answers = (0..<UInt64(500)).map { node.ask(Self.report($0)) }
        for stream in answers { #expect(await Self.isRecorded(stream)) }
        #expect(try await Self.recorded(node) == 500)
        #expect(await node.mark())
        node.stop()
        try node.wait()
    }

    private struct Silence: Error {}
}
