import Cluster
import CoordinatorNode
import Scoring
import TestSupport
import Testing
import Traces
import Wire
import ZeroMQ

/// Spans of requests whose ends no message shows: without a worker, plans and scores stay open until something ends them.
@Suite("CoordinatorNode: spans of what ends without a message", .serialized)
struct CoordinatorTracesTests {
    private let tracer = Tracer()
    private let folder: ScratchFolder
    private let node: CoordinatorNode

    init() throws {
        folder = try ScratchFolder()
        var configuration = CoordinatorNode.Configuration(endpoints: [try Endpoint("ipc://\(folder.file("socket"))")])
        configuration.tracer = tracer
        node = try CoordinatorNode(configuration, logger: .quiet)
    }

    private func plan(_ step: Int, total: Int = 8, deadline: Duration = .seconds(600)) -> Wire.Message {
        var request = RequestPlan(
            plan: PlanName(policyID: "p", step: step), total: total,
            candidates: [PlanCandidate(promptID: "a", text: "one"), PlanCandidate(promptID: "b", text: "two")])
        request.deadline = deadline
        return .requestPlan(request)
    }

    private func drop(from step: Int) -> Wire.Message {
        .dropPlans(DropPlans(request: 1, policyID: "p", fromStep: step, attempt: 0, keepsOutcomes: true))
    }

    /// Asks, and leaves once the coordinator has what was asked.
    private func askAndLeave(_ message: Wire.Message) async {
        let stream = node.ask(message)
        #expect(await node.mark())
        withExtendedLifetime(stream) {}
    }

    /// The first answer.
    private func answer(to message: Wire.Message) async -> Wire.Message? {
        for await answer in node.ask(message) { return answer }
        return nil
    }

    /// The ends of spans of a name so far, without those that the stop ends.
    private func ended(_ name: String) async -> [SpanRecord] {
        #expect(await node.mark())
        return tracer.queue.take().filter { $0.name == name }
    }

    private func stop() throws {
        node.stop()
        try node.wait()
    }

    @Test("a plan that is dropped while nobody waits for it ends its span")
    func dropped() async throws {
        await askAndLeave(plan(1))
        #expect(await ended("plan").isEmpty)
        guard case .plansDropped(let dropped)? = await answer(to: drop(from: 1)) else { throw Silence() }
        #expect(dropped.plans == 1)
        let spans = await ended("plan")
        #expect(spans.map(\.failure) == ["the plan was dropped"] && spans[0]["statezero.step"] == .integer(1))
        try stop()
        #expect(tracer.queue.take().allSatisfy { $0.name != "plan" })
    }

    @Test("a plan that is dropped while its trainer waits ends with the reason of the refusal")
    func refused() async throws {
        let stream = node.ask(plan(1))
        _ = await answer(to: drop(from: 1))
        for await message in stream { if case .requestRefused = message { break } }
        #expect(await ended("plan").map(\.failure) == ["refused: conflict"])
        try stop()
    }

    @Test("another request for the step of an open plan is refused, and does not end the plan's span")
    func conflict() async throws {
        let first = node.ask(plan(1))
        guard case .requestRefused? = await answer(to: plan(1, total: 16)) else { throw Silence() }
        #expect(await ended("plan").isEmpty)
        // The same request again waits for the same plan.
        await askAndLeave(plan(1))
        #expect(await ended("plan").isEmpty)
        withExtendedLifetime(first) {}
        try stop()
        #expect(tracer.queue.take().filter { $0.name == "plan" }.map(\.failure) == ["the coordinator stopped"])
    }

    @Test("a plan whose trainer has left ends its span at the deadline, with its status")
    func cut() async throws {
        await askAndLeave(plan(1, deadline: .milliseconds(1)))
        // A second plan's end is after the first one's.
        for await message in node.ask(plan(2, deadline: .milliseconds(20))) {
            if case .planEnd = message { break }
        }
        let spans = await ended("plan")
        #expect(spans.map { $0["statezero.plan_status"] } == [.text("fallback"), .text("fallback")])
        #expect(spans.allSatisfy { $0.failure == nil })
        try stop()
    }

    @Test("a request for scores ends its span when its trainer has left")
    func scores() async throws {
        let request = RequestScores(
            request: 1, policy: Policy(id: "p"), deadline: .seconds(600), texts: TextBlock(["one"]))
        await askAndLeave(.requestScores(request))
        #expect(await ended("scores").map(\.failure) == ["its trainer has left"])
        try stop()
    }

    private struct Silence: Error {}
}
