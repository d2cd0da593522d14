import Cluster
import Scoring
import Testing
import Wire

@Suite("Coordinator: who may join")
struct MembershipTests {
    @Test("the first worker's model is adopted, made durable and sent to all peers")
    func firstModelIsAdopted() throws {
        var bench = CoordinatorBench()
        #expect(bench.journal == [.generationStarted(1)])
        bench.join(1)
        #expect(bench.actions.entries == [.fingerprintAdopted(Samples.model)])
        #expect(bench.state.fingerprint == Samples.model)
        guard case .welcome(let welcome)? = bench.sent(to: 1).first else { throw Unexpected(bench.actions) }
        #expect(welcome.incarnation == 1 && welcome.fingerprint == Samples.model)
        #expect(welcome.leaseTime == .seconds(30) && welcome.heartbeatInterval == .seconds(1))
        bench.join(2)
        #expect(bench.actions.entries.isEmpty, "the same model is adopted once")
    }

    @Test("a client that waits for a model gets it as soon as the first worker joins, and only once")
    func waitingClientIsTold() throws {
        var bench = CoordinatorBench()
        let hello = Hello(role: .client, name: "c", incarnation: 900)
        bench.receive(.hello(hello), from: CoordinatorBench.client)
        let welcomes = { (bench: CoordinatorBench) in
            bench.sent(to: CoordinatorBench.client).compactMap {
                if case .welcome(let welcome) = $0 { welcome } else { nil }
            }
        }
        #expect(welcomes(bench).map(\.fingerprint) == [nil])
        bench.join(1)
        #expect(welcomes(bench).map(\.fingerprint) == [Samples.model] && welcomes(bench).first?.incarnation == 900)
        bench.join(2)
        #expect(welcomes(bench).isEmpty)
    }

    @Test("a worker's session belongs to its key: who knows its incarnation does not get its place")
    func sessionIsBoundToItsKey() throws {
        var bench = CoordinatorBench()
        bench.join(1, key: "worker-1")
        let hello = Hello(role: .worker(Samples.model, CoordinatorBench.credit), name: "w1", incarnation: 1)
        let other = Peer([0xAA], owner: "worker-2")
        bench.receive(.hello(hello), from: other)
        guard case .refused(.permission, _)? = bench.sent(to: other).first else { throw Unexpected(bench.actions) }
        let again = Peer([0xBB], owner: "worker-1")
        bench.receive(.hello(hello), from: again)
        guard case .welcome? = bench.sent(to: again).first else { throw Unexpected(bench.actions) }
        #expect(bench.state.status.workers == 1)
    }

    @Test("a worker with another model is refused, and the message names both digests")
    func otherModelIsRefused() throws {
        var bench = CoordinatorBench()
        bench.join(1)
        bench.join(2, model: Samples.model(7))
        guard case .refused(.fingerprint, let message)? = bench.sent(to: 2).first else {
            throw Unexpected(bench.actions)
        }
        #expect(message.contains(Samples.model.digest.hex) && message.contains(Samples.model(7).digest.hex))
        #expect(bench.state.status.workers == 1)
        #expect(bench.state.fingerprint == Samples.model)
    }

    @Test("a model from the journal is replaced when there is no worker and no job")
    func rememberedModelGivesWay() {
        var bench = CoordinatorBench(replaying: [.generationStarted(3), .fingerprintAdopted(Samples.model)])
        bench.join(1, model: Samples.model(7))
        #expect(bench.state.fingerprint == Samples.model(7))
        #expect(bench.state.status.workers == 1)
    }

    @Test("a model set by the operator is not replaced by the first worker's")
    func configuredModelStays() throws {
        var configuration = CoordinatorState.Configuration()
        configuration.fingerprint = Samples.model
        var bench = CoordinatorBench(configuration)
        bench.join(1, model: Samples.model(7))
        guard case .refused(.fingerprint, _)? = bench.sent(to: 1).first else { throw Unexpected(bench.actions) }
        bench.join(2)
        #expect(bench.state.status.workers == 1)
    }

    @Test("another protocol version is refused, and the message names both versions")
    func protocolVersionIsRefused() throws {
        var bench = CoordinatorBench()
        let hello = Hello(
            role: .worker(Samples.model, CoordinatorBench.credit), protocolVersion: 99, name: "w1", incarnation: 1)
        bench.receive(.hello(hello), from: CoordinatorBench.peer(1))
        guard case .refused(.protocolVersion, let message)? = bench.sent(to: 1).first else {
            throw Unexpected(bench.actions)
        }
        #expect(message.contains("99") && message.contains("\(Limits.protocolVersion)"))
        #expect(bench.state.status.workers == 0 && bench.state.fingerprint == nil)
    }

    @Test("workers beyond the limit are refused; a known one may return")
    func workersMax() throws {
        var configuration = CoordinatorState.Configuration()
        configuration.workersMax = 1
        var bench = CoordinatorBench(configuration)
        bench.join(1)
        bench.join(2)
        guard case .refused(.capacity, _)? = bench.sent(to: 2).first else { throw Unexpected(bench.actions) }
        bench.join(1)
        guard case .welcome? = bench.sent(to: 1).first else { throw Unexpected(bench.actions) }
    }

    @Test("an unknown peer gets WhoAreYou, whatever it sends")
    func unknownPeer() {
        var bench = CoordinatorBench()
        let piece = PieceName(job: Samples.job(1), shard: 0, rows: 0..<4, attempt: 1)
        for message in [.heartbeat(Heartbeat(incarnation: 5)), .bye, .drain, Samples.result(piece)] as [Message] {
            bench.receive(message, from: CoordinatorBench.peer(9))
            #expect(bench.sent(to: 9) == [.whoAreYou])
        }
    }

    @Test("the same incarnation over a new connection keeps its leases")
    func newConnectionKeepsLeases() throws {
        var bench = try CoordinatorBench.ready()
        bench.submit(Samples.shard(0, of: Samples.job(1)))
        let piece = try bench.onlyLent(to: 1)
        let hello = Hello(role: .worker(Samples.model, CoordinatorBench.credit), name: "w1", incarnation: 1)
        bench.receive(.hello(hello), from: CoordinatorBench.peer(77))
        #expect(bench.state.status.shardsLeased == 1, "no lease was ended")
        bench.receive(Samples.result(piece), from: CoordinatorBench.peer(1))
        #expect(bench.sent(to: 1) == [.whoAreYou], "the old connection has no session")
        bench.receive(Samples.result(piece), from: CoordinatorBench.peer(77))
        #expect(bench.answers().count == 1)
        bench.handle(.unroutable(CoordinatorBench.peer(1)))
        #expect(bench.state.status.workers == 1, "the end of the old connection is not the worker's")
    }

    @Test("when a connection ends its worker is dead, and another one gets its work at once")
    func unroutableWorker() throws {
        var bench = try CoordinatorBench.ready()
        bench.submit(Samples.shard(0, of: Samples.job(1)))
        bench.join(2)
        bench.handle(.unroutable(CoordinatorBench.peer(1)))
        let piece = try bench.onlyLent(to: 2)
        #expect(piece.attempt == 2)
        guard case .workerLost(name: "w1", incarnation: 1, _, pieces: 1)? = bench.logEvents.first else {
            throw Unexpected(bench.actions)
        }
    }

    @Test("a dead incarnation never becomes live again")
    func theDeadStayDead() throws {
        var bench = try CoordinatorBench.ready()
        bench.handle(.unroutable(CoordinatorBench.peer(1)))
        bench.beat(1)
        #expect(bench.sent(to: 1) == [.dismissed(incarnation: 1)])
        bench.join(1)
        #expect(bench.sent(to: 1) == [.dismissed(incarnation: 1)])
        #expect(bench.state.status.workers == 0)
        let hello = Hello(role: .worker(Samples.model, CoordinatorBench.credit), name: "w1", incarnation: 1001)
        bench.receive(.hello(hello), from: CoordinatorBench.peer(1))
        guard case .welcome(let welcome)? = bench.sent(to: 1).first else { throw Unexpected(bench.actions) }
        #expect(welcome.incarnation == 1001)
    }

    @Test("another incarnation over the same connection ends the former one")
    func anotherLifeOverTheSameConnection() throws {
        var bench = try CoordinatorBench.ready()
        bench.submit(Samples.shard(0, of: Samples.job(1)))
        let hello = Hello(role: .worker(Samples.model, CoordinatorBench.credit), name: "w1", incarnation: 1001)
        bench.receive(.hello(hello), from: CoordinatorBench.peer(1))
        let piece = try bench.onlyLent(to: 1)
        #expect(piece.attempt == 2 && bench.state.status.workers == 1)
        bench.wait(.seconds(4))
        bench.receive(
            .heartbeat(Heartbeat(incarnation: 1001, credit: CoordinatorBench.credit, held: [piece])),
            from: CoordinatorBench.peer(1))
        bench.wait(.seconds(2))
        #expect(bench.state.status.workers == 1, "the new incarnation stays live")
    }

    @Test("a draining worker gets nothing more, and its bye returns what it has; no death is counted")
    func drainAndBye() throws {
        var bench = try CoordinatorBench.ready()
        let job = Samples.job(1)
        bench.submit(Samples.shard(0, of: job), Samples.shard(1, of: job), Samples.shard(2, of: job))
        let pieces = bench.lent(to: 1)
        #expect(pieces.map(\.shard) == [0, 1])
        bench.receive(.drain, from: CoordinatorBench.peer(1))
        bench.receive(.shardReturned(pieces[1], .draining), from: CoordinatorBench.peer(1))
        #expect(bench.lent(to: 1).isEmpty)
        #expect(bench.state.status.shardsPending == 2)
        bench.receive(.bye, from: CoordinatorBench.peer(1))
        #expect(bench.state.status.shardsPending == 3 && bench.state.status.workers == 0)
        #expect(bench.logEvents == [.workerLeft(name: "w1", incarnation: 1)])
        bench.join(2)
        #expect(bench.lent(to: 2).map(\.shard) == [0, 1], "in the old order, two at a time: nothing is suspect")
        bench.join(1)
        #expect(bench.sent(to: 1) == [.dismissed(incarnation: 1)], "who left is not the one who comes")
    }
}

/// What a test met instead of what it waited for.
struct Unexpected: Error, CustomStringConvertible {
    let description: String

    init(_ found: some Any) { description = "unexpected: \(found)" }
}
