import Cluster
import Scoring
import Testing
import Wire

@Suite("What an operator asks a coordinator")
struct OperatorTests {
    private let client = Peer([1])
    private let worker = Peer([2])
    private let job = JobID(high: 1, low: 2)

    /// A coordinator with one worker that has one of two pieces of a job.
    private func machines() throws -> CoordinatorMachines {
        var machines = CoordinatorMachines()
        _ = machines.handle(.started, at: .zero)
        func receive(_ message: Message, from peer: Peer) {
            _ = machines.handle(.received(Envelope(generation: 1, message), from: peer), at: .zero)
        }
        receive(
            .hello(
                Hello(
                    role: .worker(Samples.model, Credit(rows: 2, tokens: 10_000)), name: "host/1",
                    incarnation: 7)),
            from: worker)
        receive(.hello(Hello(role: .client, name: "c", incarnation: 8)), from: client)
        receive(
            .submitJob(
                SubmitJob(
                    job: job, policy: Policy(id: "p"), context: try Samples.context(1),
                    fingerprint: Samples.model.digest)),
            from: client)
        for shard in 0..<2 as Range<UInt32> {
            receive(
                .submitShard(
                    SubmitShard(job: job, shard: shard, tokens: 4, affinity: 1, texts: Samples.texts(shard, rows: 2))),
                from: client)
        }
        return machines
    }

    private func sent(_ actions: [CoordinatorMachines.Action]) -> [(message: Message, peer: Peer)] {
        actions.compactMap { if case .send(let envelope, let peer) = $0 { (envelope.message, peer) } else { nil } }
    }

    @Test("the details name workers with their leases, and jobs with what waits")
    func details() throws {
        var machines = try machines()
        guard case .details(let details) = machines.handle(.details, at: .init(.seconds(2))).answer else {
            Issue.record("no details")
            return
        }
        #expect(details.workers.map(\.name) == ["host/1"] && details.workers[0].silentSeconds == 2)
        #expect(details.workers[0].leases == 1 && details.workers[0].rows == 2 && !details.workers[0].isDraining)
        #expect(details.jobs.map(\.id) == [job.description])
        #expect((details.jobs[0].owner, details.jobs[0].pending, details.jobs[0].leased) == ("client", 1, 1))
        #expect(details.plans.isEmpty)
    }

    @Test("a worker that should drain gets the message, and no more work")
    func drain() throws {
        var machines = try machines()
        let (answer, actions) = machines.handle(.drain(worker: "host/1"), at: .zero)
        #expect(answer == .draining(workers: 1, leases: 1))
        #expect(sent(actions).map(\.message) == [.drain] && sent(actions).map(\.peer) == [worker])
        let more = machines.handle(
            .received(
                Envelope(
                    generation: 1, .heartbeat(Heartbeat(incarnation: 7, credit: Credit(rows: 100, tokens: 10_000)))),
                from: worker), at: .zero)
        #expect(!sent(more).contains { if case .shard = $0.message { true } else { false } })
        #expect(machines.brokenInvariants.isEmpty)
        let (unknown, nothing) = machines.handle(.drain(worker: "other"), at: .zero)
        #expect(unknown == .unknown(message: "no worker is named other; there are host/1"))
        #expect(sent(nothing).isEmpty)
    }

    @Test("a cancelled job is gone, its client is refused, and a late result is ignored")
    func cancel() throws {
        var machines = try machines()
        let (answer, actions) = machines.handle(.cancel(job: job.description), at: .zero)
        #expect(answer == .cancelled(pieces: 2))
        let refusals = sent(actions).filter {
            if case .jobRefused(job, .capacity, _) = $0.message { true } else { false }
        }
        #expect(refusals.map(\.peer) == [client])
        #expect(actions.contains { if case .journal(.jobClosed(job)) = $0 { true } else { false } })
        guard case .details(let details) = machines.handle(.details, at: .zero).answer else {
            Issue.record("no details")
            return
        }
        #expect(details.jobs.isEmpty && details.workers[0].leases == 0)
        #expect(machines.brokenInvariants.isEmpty)
        for text in ["", "x", job.description] {
            let (unknown, nothing) = machines.handle(.cancel(job: text), at: .zero)
            guard case .unknown = unknown, sent(nothing).isEmpty else {
                Issue.record("\(text): \(unknown)")
                continue
            }
        }
    }
}
