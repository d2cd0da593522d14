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

    @Test("of many workers the details list those that have been silent the longest, and count the others")
    func omittedWorkers() throws {
        var machines = try machines()
        let count = ClusterDetails.workersMax + 20
        for number in 1...count {
            let hello = Hello(
                role: .worker(Samples.model, Credit(rows: 8, tokens: 100)), name: "many/\(number)",
                incarnation: UInt64(1000 + number))
            _ = machines.handle(
                .received(
                    Envelope(generation: 0, .hello(hello)), from: Peer([3, UInt8(number & 255), UInt8(number >> 8)])),
                at: .init(.milliseconds(number)))
        }
        guard case .details(let details) = machines.handle(.details, at: .init(.seconds(1))).answer else {
            Issue.record("no details")
            return
        }
        #expect(details.workers.count == ClusterDetails.workersMax && details.workersOmitted == 21)
        // `host/1` of the sample joined first.
        #expect(details.workers.prefix(2).map(\.name) == ["host/1", "many/1"])
        #expect(details.jobsOmitted == 0)
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
        #expect(actions.contains { if case .journal(.jobClosed(job), _) = $0 { true } else { false } })
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

    @Test("a job's progress is what its client has confirmed and what is answered, of what the client says it has")
    func progress() throws {
        var machines = try machines()
        func receive(_ message: Message, from peer: Peer) {
            _ = machines.handle(.received(Envelope(generation: 1, message), from: peer), at: .zero)
        }
        var submit = SubmitJob(
            job: job, policy: Policy(id: "p"), context: try Samples.context(1), fingerprint: Samples.model.digest)
        (submit.rowsTotal, submit.rowsConfirmed) = (100, 40)
        receive(.submitJob(submit), from: client)
        #expect(try overview(&machines).jobs.map { [$0.rowsAnswered, $0.rowsTotal] } == [[40, 100]])
        let piece = PieceName(job: job, shard: 0, rows: 0..<2, attempt: 1)
        receive(
            .shardResult(
                ShardResult(
                    piece: piece, answers: AnswerBlock([nil, nil]), faults: [], credit: Credit(rows: 2, tokens: 100),
                    progress: 1)), from: worker)
        #expect(try overview(&machines).jobs[0].rowsAnswered == 42)
        receive(.confirm(job, below: 1), from: client)
        #expect(try overview(&machines).jobs[0].rowsAnswered == 42)
        // No sum of what a client says may end the process.
        (submit.rowsTotal, submit.rowsConfirmed) = (.max, .max)
        receive(.submitJob(submit), from: client)
        receive(.confirm(job, below: 2), from: client)
        #expect(try overview(&machines).jobs[0].rowsAnswered ?? 0 > 1 << 50)
    }

    @Test("the overview counts every worker and shows at most fifty, those first that are silent or drain")
    func manyWorkers() throws {
        var machines = CoordinatorMachines()
        _ = machines.handle(.started, at: .zero)
        for number in 1...200 as ClosedRange<UInt64> {
            let hello = Hello(
                role: .worker(Samples.model, Credit(rows: 2, tokens: 10)), name: "w\(number)", incarnation: number)
            _ = machines.handle(
                .received(Envelope(generation: 1, .hello(hello)), from: Peer([1, UInt8(number)])),
                at: .init(.seconds(number == 150 ? 0 : 4)))
        }
        _ = machines.handle(.drain(worker: "w190"), at: .init(.seconds(4)))
        let overview = try overview(&machines, at: .init(.seconds(4)))
        #expect(overview.states.idle == 199 && overview.states.draining == 1 && overview.states.silent == 1)
        #expect(overview.workers.count == ClusterOverview.workersMax)
        #expect(overview.workers.prefix(4).map(\.name) == ["w150", "w190", "w1", "w2"])
    }

    @Test("what goes wrong is a notice; one that repeats is counted, and only the newest are kept")
    func notices() throws {
        var machines = try machines()
        #expect(try overview(&machines).notices.isEmpty)
        let late = Instant(.seconds(10))
        _ = machines.handle(.tick, at: late)
        let lost = try #require(try overview(&machines, at: late).notices.first)
        #expect(lost.text.hasPrefix("worker host/1 was lost: silent for") && !lost.isError && lost.last == late)
        var record = RecentNotices()
        for number in 0..<100 {
            for _ in 0..<3 { record.add("event \(number)", isError: true, at: Instant(.seconds(number))) }
        }
        #expect(record.notices.count == RecentNotices.countMax && record.notices.last?.count == 3)
        #expect(record.notices.last?.text == "event 99")
    }

    private func overview(
        _ machines: inout CoordinatorMachines, at now: Instant = .zero
    ) throws -> ClusterOverview {
        guard case .overview(let overview) = machines.handle(.overview, at: now).answer else {
            throw Unexpected()
        }
        return overview
    }

    private struct Unexpected: Error {}
}
