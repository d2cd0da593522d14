import Cluster
import Testing
import Wire

@Suite("Coordinator: silence is judged by what had arrived")
struct UnreadMessagesTests {
    @Test("after a long turn nobody is silent by messages that have arrived and are not read yet")
    func unread() {
        var machines = CoordinatorMachines()
        _ = machines.handle(.started, at: .zero)
        let hellos = [
            (Hello(role: .worker(Samples.model, Credit(rows: 8, tokens: 100)), name: "w", incarnation: 1), Peer([1])),
            (Hello(role: .rollout(Credit(rows: 4, tokens: 64)), name: "r", incarnation: 2), Peer([2])),
        ]
        for (hello, peer) in hellos {
            let envelope = Envelope(generation: machines.coordinator.generation, .hello(hello))
            _ = machines.handle(.received(envelope, from: peer), at: .zero)
        }
        let late = Instant(.seconds(30))
        for (readUntil, alive) in [(4, 1), (6, 0)] {
            _ = machines.handle(.tickBehind(readUntil: Instant(.seconds(readUntil))), at: late)
            var report = CoordinatorReport()
            machines.fill(&report)
            #expect(report.workers == alive && report.rolloutWorkers == alive)
            #expect(machines.brokenInvariants.isEmpty)
        }
    }
}
