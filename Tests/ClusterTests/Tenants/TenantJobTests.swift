import Cluster
import Scoring
import Testing
import Wire

@Suite("Tenants: jobs and workers")
struct TenantJobTests {
    private let job = Samples.job(1)
    private let clientA = Peer([0xA1], owner: "client-a", tenant: "a")
    private let clientB = Peer([0xB1], owner: "client-b", tenant: "b")
    private let own = Peer([0xC1], owner: "client")
    private let workerA = Peer([0x0A], owner: "worker-a", tenant: "a")
    private let workerB = Peer([0x0B], owner: "worker-b", tenant: "b")
    private let shared = Peer([0x0C], owner: "worker")

    private func join(_ bench: inout CoordinatorBench, _ peers: Peer...) {
        for peer in peers {
            let hello = Hello(
                role: .worker(Samples.model, CoordinatorBench.credit), name: peer.owner ?? "w",
                incarnation: UInt64(peer.bytes[0]))
            bench.receive(.hello(hello), from: peer)
        }
    }

    private func lent(_ bench: CoordinatorBench, to peer: Peer) -> [PieceName] {
        bench.sent(to: peer).compactMap { if case .shard(let piece, _, _) = $0 { piece } else { nil } }
    }

    @Test("a piece is lent to workers of its tenant and of none, and never to another tenant's")
    func lending() throws {
        var bench = CoordinatorBench()
        join(&bench, workerB)
        try bench.open(job, client: clientA)
        bench.submit(Samples.shard(0, of: job), client: clientA)
        #expect(lent(bench, to: workerB).isEmpty)
        join(&bench, workerA)
        #expect(lent(bench, to: workerA).count == 1)
        bench.submit(Samples.shard(1, of: job), client: clientA)
        join(&bench, shared)
        #expect(lent(bench, to: workerB).isEmpty)
        // What is no tenant's is for workers of no tenant.
        let other = Samples.job(2)
        try bench.open(other, client: own)
        bench.submit(Samples.shard(0, of: other), client: own)
        #expect(lent(bench, to: workerA).isEmpty && lent(bench, to: workerB).isEmpty)
    }

    @Test("where there are tenants a worker holds eight pieces at most, whatever it grants")
    func pieces() throws {
        for (tenants, held) in [(Set<String>(), 20), (["a", "b"], 8)] {
            var machines = CoordinatorMachines()
            _ = machines.handle(.started, at: .zero)
            _ = machines.handle(.tenantsAdmitted(tenants), at: .zero)
            let credit = Credit(rows: 4096, tokens: 1 << 20, pieces: 64)
            let hello = Hello(role: .worker(Samples.model, credit), name: "w", incarnation: 1)
            _ = machines.answers(to: .hello(hello), from: shared)
            let client = Peer([0xA1], owner: "client", tenant: tenants.first)
            _ = machines.answers(to: .hello(Hello(role: .client, name: "c", incarnation: 2)), from: client)
            let open = SubmitJob(
                job: job, policy: Policy(id: "p"), context: try Samples.context(1), fingerprint: Samples.model.digest)
            _ = machines.answers(to: .submitJob(open), from: client)
            for shard in UInt32(0)..<20 {
                let submitted = Message.submitShard(Samples.shard(shard, of: job))
                _ = machines.handle(.received(Envelope(generation: 1, submitted), from: client), at: .zero)
            }
            #expect(machines.coordinator.status.shardsLeased == held)
        }
    }

    @Test("a worker that names another tenant's piece or context changes nothing and learns nothing")
    func foreignWorker() throws {
        var bench = CoordinatorBench()
        join(&bench, shared, workerB)
        try bench.open(job, client: clientA)
        bench.submit(Samples.shard(0, of: job), client: clientA)
        let piece = try #require(lent(bench, to: shared).first)
        let count = piece.rows.count
        let answers = AnswerBlock((0..<count).map { _ in Prediction(p: 0.5, kappa: 2, pLo: 0.2, pHi: 0.8) })
        bench.receive(
            .shardResult(
                ShardResult(piece: piece, answers: answers, faults: [], credit: CoordinatorBench.credit, progress: 1)),
            from: workerB)
        #expect(bench.sent(to: clientA).isEmpty && bench.actions.entries.isEmpty)
        bench.receive(.contextWanted(try Samples.context(1).digest), from: workerB)
        #expect(!bench.sent(to: workerB).contains { if case .context = $0 { true } else { false } })
    }

    @Test("another tenant's client with the same key name and the job's id is refused, before and after a restart")
    func foreignClient() throws {
        var bench = CoordinatorBench()
        join(&bench, shared)
        try bench.open(job, client: clientA)
        #expect(bench.journal.contains(.jobOpened(job, tenant: "a")))
        let sameName = Peer([0xB2], owner: "client-a", tenant: "b")
        var restarted = CoordinatorBench(replaying: bench.journal)
        join(&restarted, shared)
        for var bench in [bench, restarted] {
            for stranger in [sameName, clientB, Peer([0xD1], owner: "client-a")] {
                try bench.open(job, client: stranger)
                guard case .jobRefused(job, .context, _)? = bench.sent(to: stranger).last else {
                    throw Unexpected(bench.actions)
                }
                bench.receive(.closeJob(job), from: stranger)
                guard case .jobRefused(job, .context, _)? = bench.sent(to: stranger).first else {
                    throw Unexpected(bench.actions)
                }
                bench.receive(.confirm(job, below: 5), from: stranger)
                bench.submit(Samples.shard(7, of: job), client: stranger)
                #expect(!bench.actions.contains { if case .journal = $0 { true } else { false } })
            }
        }
    }

    @Test("a peer with the routing id of another tenant's client is another peer")
    func sameRoutingID() throws {
        var bench = CoordinatorBench()
        join(&bench, shared)
        try bench.open(job, client: clientA)
        let thief = Peer(clientA.bytes, owner: "client-b", tenant: "b")
        bench.submit(Samples.shard(0, of: job), client: thief)
        guard case .whoAreYou? = bench.sent(to: thief).first else { throw Unexpected(bench.actions) }
        bench.receive(.confirm(job, below: 9), from: thief)
        #expect(bench.actions.entries.isEmpty)
    }

    @Test("heartbeats of a tenant count its own pieces, and the workers that compute for it")
    func levels() throws {
        var machines = CoordinatorMachines.ofTwoTenants()
        for peer in [workerA, workerB, shared] {
            let role = Hello.Role.worker(Samples.model, CoordinatorBench.credit)
            _ = machines.answers(
                to:
                    .hello(Hello(role: role, name: "w", incarnation: UInt64(peer.bytes[0]), readsRanges: true)),
                from: peer)
        }
        for (peer, count) in [(clientA, 2), (clientB, 2), (own, 1)] {
            _ = machines.answers(to: .hello(Hello(role: .client, name: "c", incarnation: 9)), from: peer)
            guard
                case .clusterStatus(let status)? = machines.answers(
                    to: .heartbeat(Heartbeat(incarnation: 9)), from: peer
                ).first
            else { throw Unexpected(peer) }
            #expect(status.workers == count && status.rangeWorkers == count, "\(peer)")
        }
    }

    /// A job of tenant `a` that is verified, answered by three workers, of which the first lies; who is in quarantine then.
    private func quarantined(_ tenants: [String?]) throws -> [String] {
        var bench = CoordinatorBench()
        let credit = Credit(rows: 4, tokens: 400)
        let workers = tenants.enumerated().map { place, tenant in
            Peer([UInt8(place + 1)], owner: "key-\(place)", tenant: tenant)
        }
        try bench.open(job, verify: 1, client: clientA)
        // One after the other, so that the liar answers too.
        for (place, worker) in workers.enumerated() {
            let hello = Hello(role: .worker(Samples.model, credit), name: "w", incarnation: UInt64(place + 1))
            bench.receive(.hello(hello), from: worker)
            if place == 0 {
                // The model is known now, so the client opens its job.
                try bench.open(job, verify: 1, client: clientA)
                bench.submit(Samples.shard(0, of: job), client: clientA)
            }
            let piece = try #require(lent(bench, to: worker).last)
            let answers = Samples.answers(firstRow: place == 0 ? 100 : 0, rows: piece.rows.count)
            bench.receive(
                .shardResult(ShardResult(piece: piece, answers: answers, faults: [], credit: credit, progress: 9)),
                from: worker)
        }
        #expect(bench.answers(to: clientA).map(\.answers) == [Samples.answers(rows: 4)])
        return bench.journal.compactMap { entry in
            guard case .workerQuarantined(let identity, let tenant) = entry else { return nil }
            #expect(tenant == tenants[0])
            return identity
        }
    }

    @Test("a tenant's workers cannot put one in quarantine that computes for all; two that do can")
    func quarantine() throws {
        #expect(try quarantined([nil, "a", "a"]).isEmpty)
        #expect(try quarantined([nil, nil, "a"]).isEmpty)
        #expect(try quarantined([nil, nil, nil]) == ["key-0"])
        #expect(try quarantined(["a", "a", "a"]) == ["key-0"])
        #expect(try quarantined(["a", nil, nil]) == ["key-0"])
    }

    @Test("a tenant has its share of jobs, and only its own old job makes room")
    func jobBound() throws {
        var configuration = CoordinatorState.Configuration()
        configuration.jobsMax = 6
        var machines = CoordinatorMachines.ofTwoTenants(configuration)
        func jobs() -> [String] {
            guard case .details(let details) = machines.handle(.details, at: .zero).answer else { return [] }
            return details.jobs.map(\.id)
        }
        func open(_ number: Int, from peer: Peer) throws -> Bool {
            let submit = SubmitJob(
                job: Samples.job(number), policy: Policy(id: "p"), context: try Samples.context(1),
                fingerprint: Samples.model.digest)
            return machines.answers(to: .submitJob(submit), from: peer)
                .contains { if case .jobAccepted = $0 { true } else { false } }
        }
        let role = Hello.Role.worker(Samples.model, CoordinatorBench.credit)
        _ = machines.answers(to: .hello(Hello(role: role, name: "w", incarnation: 1)), from: shared)
        for peer in [clientA, clientB, own] {
            _ = machines.answers(to: .hello(Hello(role: .client, name: "c", incarnation: 9)), from: peer)
        }
        #expect(try open(1, from: clientB))
        _ = machines.answers(to: .bye, from: clientB)
        #expect(try open(2, from: clientA))
        #expect(try open(3, from: clientA))
        #expect(try !open(4, from: clientA), "two of six are the share of three tenants")
        #expect(jobs().contains(Samples.job(1).description), "another tenant's job without a client stays")
        _ = machines.answers(to: .bye, from: clientA)
        _ = machines.answers(to: .hello(Hello(role: .client, name: "c", incarnation: 10)), from: clientA)
        #expect(try open(5, from: clientA), "its own job without a client makes room")
        #expect(!jobs().contains(Samples.job(2).description))
    }

    @Test("an operator of a tenant drains and cancels its own, and others' do not exist for it")
    func operating() throws {
        var machines = CoordinatorMachines()
        _ = machines.handle(.started, at: .zero)
        func receive(_ message: Message, from peer: Peer) {
            _ = machines.handle(.received(Envelope(generation: 1, message), from: peer), at: .zero)
        }
        let role = Hello.Role.worker(Samples.model, CoordinatorBench.credit)
        receive(.hello(Hello(role: role, name: "wa", incarnation: 1)), from: workerA)
        receive(.hello(Hello(role: role, name: "wb", incarnation: 2)), from: workerB)
        receive(.hello(Hello(role: role, name: "ws", incarnation: 3)), from: shared)
        receive(.hello(Hello(role: .client, name: "c", incarnation: 9)), from: clientA)
        receive(
            .submitJob(
                SubmitJob(
                    job: job, policy: Policy(id: "p"), context: try Samples.context(1),
                    fingerprint: Samples.model.digest)), from: clientA)
        for (name, scope) in [("wa", Scope.tenant("b")), ("ws", .tenant("b")), ("wb", .tenant("a"))] {
            guard case .unknown(let message) = machines.handle(.drain(worker: name), in: scope, at: .zero).answer else {
                throw Unexpected(name)
            }
            #expect(message.hasSuffix(scope == .tenant("a") ? "there are wa" : "there are wb"), "\(message)")
        }
        guard
            case .unknown(let message) = machines.handle(.cancel(job: job.description), in: .tenant("b"), at: .zero)
                .answer
        else { throw Unexpected(job) }
        #expect(message.contains("none"))
        guard case .details(let details) = machines.handle(.details, in: .tenant("b"), at: .zero).answer,
            case .overview(let overview) = machines.handle(.overview, in: .tenant("b"), at: .zero).answer,
            case .details(let all) = machines.handle(.details, at: .zero).answer
        else { throw Unexpected(job) }
        #expect(details.workers.map(\.name) == ["wb"] && details.sharedWorkers == 1 && details.jobs.isEmpty)
        #expect(overview.workers.map(\.name) == ["wb"] && overview.states.idle == 2 && overview.jobs.isEmpty)
        #expect(all.workers.map(\.tenant) == ["a", "b", nil] && all.sharedWorkers == nil)
        #expect(all.jobs.map(\.tenant) == ["a"])
        guard case .draining(1, _) = machines.handle(.drain(worker: "wb"), in: .tenant("b"), at: .zero).answer,
            case .cancelled = machines.handle(.cancel(job: job.description), in: .tenant("a"), at: .zero).answer
        else { throw Unexpected(job) }
    }
}

extension CoordinatorMachines {
    /// Machines that have started, and know the tenants `a` and `b`.
    fileprivate static func ofTwoTenants(
        _ configuration: CoordinatorState.Configuration = CoordinatorState.Configuration()
    ) -> CoordinatorMachines {
        var machines = CoordinatorMachines(configuration)
        _ = machines.handle(.started, at: .zero)
        _ = machines.handle(.tenantsAdmitted(["a", "b"]), at: .zero)
        return machines
    }

    /// What a peer gets for a message.
    fileprivate mutating func answers(to message: Message, from peer: Peer) -> [Message] {
        handle(.received(Envelope(generation: 1, message), from: peer), at: .zero).compactMap { action in
            if case .send(let envelope, to: peer) = action { envelope.message } else { nil }
        }
    }
}
