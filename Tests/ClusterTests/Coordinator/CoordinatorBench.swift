import Cluster
import Scoring
import Testing
import Wire

/// A test bench for the coordinator's machine: it passes messages and time, keeps the actions, and checks two things
/// after every event: the invariants, and that nothing is sent before what it depends on is journaled.
struct CoordinatorBench {
    private(set) var state: CoordinatorState
    private(set) var now: Instant = .zero
    /// What it made durable so far.
    private(set) var journal: [JournalEntry]
    /// What the last event led to.
    private(set) var actions: [CoordinatorState.Action] = []
    private var facts = JournalledFacts()
    private let configuration: CoordinatorState.Configuration

    static let credit = Credit(rows: 16, tokens: 400)

    init(
        _ configuration: CoordinatorState.Configuration = CoordinatorState.Configuration(),
        replaying entries: [JournalEntry] = []
    ) {
        state = CoordinatorState(configuration, replaying: entries)
        journal = entries
        self.configuration = configuration
        for entry in entries { facts.append(entry) }
        handle(.started)
    }

    // MARK: Events

    mutating func handle(_ event: CoordinatorState.Event, sourceLocation: SourceLocation = #_sourceLocation) {
        actions = state.handle(event, at: now)
        #expect(state.brokenInvariants.isEmpty, sourceLocation: sourceLocation)
        for action in actions {
            switch action {
            case .journal(let entry, _):
                journal.append(entry)
                facts.append(entry)
            case .send(let envelope, _):
                let isSupported = facts.support(envelope, configuredModel: configuration.fingerprint?.digest)
                #expect(isSupported, "\(envelope) is sent before it is durable", sourceLocation: sourceLocation)
            case .log: break
            }
        }
    }

    mutating func receive(_ message: Message, from peer: Peer, sourceLocation: SourceLocation = #_sourceLocation) {
        handle(
            .received(Envelope(generation: state.generation, message), from: peer), sourceLocation: sourceLocation)
    }

    /// Lets time pass, without and then with a tick.
    mutating func wait(_ time: Duration, sourceLocation: SourceLocation = #_sourceLocation) {
        now = now + time
        handle(.tick, sourceLocation: sourceLocation)
    }

    /// Lets time pass while the client sends a heartbeat.
    mutating func pass(_ time: Duration, sourceLocation: SourceLocation = #_sourceLocation) {
        receive(.heartbeat(Heartbeat(incarnation: 900)), from: Self.client, sourceLocation: sourceLocation)
        wait(time, sourceLocation: sourceLocation)
    }

    // MARK: Peers

    static func peer(_ number: Int) -> Peer { Peer([UInt8(number)]) }
    static let client = Peer([0xC1])

    /// A worker sends Hello; its number is its peer, its incarnation and its name.
    mutating func join(
        _ number: Int, credit: Credit = Self.credit, model: ModelFingerprint = Samples.model, name: String? = nil,
        key: String? = nil, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let hello = Hello(role: .worker(model, credit), name: name ?? "w\(number)", incarnation: UInt64(number))
        receive(
            .hello(hello), from: Peer(Self.peer(number).bytes, owner: key), sourceLocation: sourceLocation)
    }

    /// A worker's heartbeat, naming what it holds.
    mutating func beat(
        _ number: Int, progress: UInt64 = 0, naming pieces: [PieceName] = [], credit: Credit = Self.credit,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let heartbeat = Heartbeat(
            incarnation: UInt64(number), credit: credit, progress: progress, held: pieces)
        receive(.heartbeat(heartbeat), from: Self.peer(number), sourceLocation: sourceLocation)
    }

    /// A client sends Hello and opens a job.
    mutating func open(
        _ job: JobID = Samples.job(1), context: Int = 1, confirmedBelow: UInt32 = 0, verify: Double = 0,
        client: Peer = Self.client,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        receive(.hello(Hello(role: .client, name: "c", incarnation: 900)), from: client, sourceLocation: sourceLocation)
        var submit = SubmitJob(
            job: job, policy: Policy(id: "policy"), context: try Samples.context(context),
            fingerprint: Samples.model.digest)
        submit.confirmedBelow = confirmedBelow
        submit.verify = verify
        receive(.submitJob(submit), from: client, sourceLocation: sourceLocation)
    }

    mutating func submit(
        _ shards: SubmitShard..., client: Peer = Self.client, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        var all: [CoordinatorState.Action] = []
        for shard in shards {
            receive(.submitShard(shard), from: client, sourceLocation: sourceLocation)
            all += actions
        }
        actions = all
    }

    /// With workers and a client with its job: the start of most tests.
    static func ready(workers: Int = 1, credit: Credit = Self.credit) throws -> CoordinatorBench {
        var bench = CoordinatorBench()
        for number in 1...workers { bench.join(number, credit: credit) }
        try bench.open()
        return bench
    }

    // MARK: Actions

    /// What the last event sent to a peer.
    func sent(to peer: Peer) -> [Message] { actions.messages(to: peer) }
    func sent(to worker: Int) -> [Message] { sent(to: Self.peer(worker)) }

    /// Pieces that the last event lent to a worker.
    func lent(to worker: Int) -> [PieceName] {
        sent(to: worker).compactMap { if case .shard(let piece, _, _) = $0 { piece } else { nil } }
    }

    /// Answers that the last event sent to a client.
    func answers(to client: Peer = Self.client) -> [ShardAnswer] {
        sent(to: client).compactMap { if case .shardAnswer(let answer) = $0 { answer } else { nil } }
    }

    var logEvents: [CoordinatorState.LogEvent] {
        actions.compactMap { if case .log(let event) = $0 { event } else { nil } }
    }

    /// The only piece lent by the last event, to any worker.
    func onlyLent(to worker: Int, sourceLocation: SourceLocation = #_sourceLocation) throws -> PieceName {
        let pieces = lent(to: worker)
        try #require(pieces.count == 1, "lent \(pieces)", sourceLocation: sourceLocation)
        return pieces[0]
    }
}

extension [CoordinatorState.Action] {
    var entries: [JournalEntry] { compactMap { if case .journal(let entry, _) = $0 { entry } else { nil } } }

    func messages(to peer: Peer) -> [Message] {
        compactMap { if case .send(let envelope, to: peer) = $0 { envelope.message } else { nil } }
    }
}
