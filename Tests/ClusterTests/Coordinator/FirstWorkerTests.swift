import Cluster
import Testing
import Wire

@Suite("Coordinator: a plan that waits for the first worker")
struct FirstWorkerTests {
    @Test("the worker is welcome before it is lent the prompts: else it would drop them, as of another generation")
    func order() {
        let (trainer, worker) = (Peer([1]), Peer([2]))
        var machines = CoordinatorMachines()
        func receive(_ message: Message, from peer: Peer) -> [Message] {
            let envelope = Envelope(generation: machines.coordinator.generation, message)
            return machines.handle(.received(envelope, from: peer), at: .zero).compactMap { action in
                if case .send(let sent, worker) = action { sent.message } else { nil }
            }
        }
        _ = machines.handle(.started, at: .zero)
        #expect(receive(.hello(Hello(role: .trainer, name: "t", incarnation: 1)), from: trainer).isEmpty)
        let candidates = (0..<4).map { PlanCandidate(promptID: "p\($0)", text: "a prompt \($0)") }
        var request = RequestPlan(plan: PlanName(policyID: "p", step: 0), total: 16, candidates: candidates)
        request.deadline = .seconds(60)
        #expect(receive(.requestPlan(request), from: trainer).isEmpty)
        let hello = Hello(role: .worker(Samples.model, Credit(rows: 64, tokens: 10_000)), name: "w", incarnation: 2)
        let kinds = receive(.hello(hello), from: worker).compactMap { message in
            switch message {
            case .welcome: "welcome"
            case .context: "context"
            case .shard: "shard"
            default: nil
            }
        }
        #expect(kinds == ["welcome", "context", "shard"])
        #expect(machines.brokenInvariants.isEmpty)
    }
}
