import Cluster
import Testing
import Wire

@Suite("Client: verified jobs, and workers in quarantine")
struct ClientVerificationTests {
    private func source(_ key: String, verifiedBy: String? = nil) -> [AnswerSource] {
        [
            AnswerSource(
                rows: 4, worker: WorkerLabel(name: "w", key: key),
                verifiedBy: verifiedBy.map { [WorkerLabel(name: "v", key: $0)] } ?? [])
        ]
    }

    @Test("the share is sent with each SubmitJob; a coordinator that verifies nothing is refused")
    func share() throws {
        var bench = try ClientBench(verify: 0.25)
        bench.welcome()
        bench.handle(.ready(ClientBench.job, firstShard: 0))
        #expect(bench.jobs.map(\.verify) == [0.25])
        var old = try ClientBench(verify: 0.25)
        old.welcome(verifies: false)
        guard case .refused(.protocolVersion, let message)? = old.failures.first else {
            return #expect(Bool(false), "it goes on")
        }
        #expect(message.contains("--verify"))
        var plain = try ClientBench()
        plain.welcome(verifies: false)
        #expect(plain.failures.isEmpty && plain.opened.count == 1)
    }

    @Test("an answer of a worker in quarantine that is not durable ends the session; others go on")
    func withdrawn() throws {
        for (sources, isDurable, fails) in [
            (source("bad"), false, true), (source("bad"), true, false),
            (source("bad", verifiedBy: "good"), false, false),
            (source("good", verifiedBy: "bad"), false, false), (source("good"), false, false), ([], false, false),
        ] {
            var bench = try ClientBench.streaming()
            bench.produce(0)
            bench.answer(0, sources: sources)
            if isDurable { bench.handle(.durable(below: 1)) }
            bench.accept(quarantined: ["bad"])
            #expect(bench.failures == (fails ? [.withdrawn(worker: "bad")] : []), "\(sources) \(isDurable)")
            #expect(bench.actions.contains { if case .quarantined(["bad"]) = $0 { true } else { false } })
        }
    }

    @Test("an answer that two workers in quarantine agree on ends the session, whichever came there first")
    func accomplices() throws {
        for quarantined in [["bad", "worse"], ["worse"]] {
            var bench = try ClientBench.streaming()
            bench.produce(0)
            bench.answer(0, sources: source("bad", verifiedBy: "worse"))
            bench.accept(quarantined: quarantined)
            #expect(bench.failures.isEmpty == (quarantined.count == 1))
        }
    }
}
