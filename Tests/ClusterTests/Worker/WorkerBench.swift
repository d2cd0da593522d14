import Cluster
import Scoring
import Testing
import Wire

/// A test bench for the worker's machine: it passes events and time, and checks the invariants after every event.
struct WorkerBench {
    private(set) var state: WorkerState
    private(set) var now: Instant = .zero
    /// What the last event led to.
    private(set) var actions: [WorkerState.Action] = []
    var generation: UInt64 = 1

    static let credit = Credit(rows: 16, tokens: 400)

    init(seed: UInt64 = 1, abandonTime: Duration = .seconds(600)) {
        var configuration = WorkerState.Configuration(name: "w", fingerprint: Samples.model, credit: Self.credit)
        configuration.peer.abandonTime = abandonTime
        state = WorkerState(configuration, seed: seed)
    }

    mutating func handle(_ event: WorkerState.Event, sourceLocation: SourceLocation = #_sourceLocation) {
        actions = state.handle(event, at: now)
        #expect(state.brokenInvariants.isEmpty, sourceLocation: sourceLocation)
    }

    mutating func receive(_ message: Message, sourceLocation: SourceLocation = #_sourceLocation) {
        handle(.received(Envelope(generation: generation, message)), sourceLocation: sourceLocation)
    }

    mutating func wait(_ time: Duration, sourceLocation: SourceLocation = #_sourceLocation) {
        now = now + time
        handle(.tick, sourceLocation: sourceLocation)
    }

    /// The coordinator welcomes the worker's present incarnation.
    mutating func welcome(sourceLocation: SourceLocation = #_sourceLocation) {
        let welcome = Welcome(
            incarnation: state.incarnation, heartbeatInterval: .seconds(1), leaseTime: .seconds(30),
            fingerprint: Samples.model)
        receive(.welcome(welcome), sourceLocation: sourceLocation)
    }

    mutating func lend(_ piece: PieceName, context: Int = 1, sourceLocation: SourceLocation = #_sourceLocation) throws {
        let texts = Samples.texts(piece.shard, rows: piece.rows.count)
        receive(
            .shard(piece, context: try Samples.context(context).digest, .texts(texts)), sourceLocation: sourceLocation)
    }

    mutating func compute(_ piece: PieceName, sourceLocation: SourceLocation = #_sourceLocation) {
        handle(.computed(piece, Samples.answers(to: piece), [], StageTimes()), sourceLocation: sourceLocation)
    }

    /// Started and welcomed, with the first context prepared.
    static func ready() throws -> WorkerBench {
        var bench = WorkerBench()
        bench.handle(.started)
        bench.welcome()
        let context = try Samples.context(1)
        bench.receive(.context(context))
        bench.handle(.contextPrepared(context.digest, failure: nil))
        return bench
    }

    static func piece(_ shard: UInt32, attempt: UInt32 = 1) -> PieceName {
        PieceName(job: Samples.job(1), shard: shard, rows: 0..<4, attempt: attempt)
    }

    // MARK: Actions

    var sent: [Message] { actions.compactMap { if case .send(let envelope) = $0 { envelope.message } else { nil } } }
    var scored: [PieceName] { actions.compactMap { if case .score(let piece, _, _) = $0 { piece } else { nil } } }
    var prepared: [Digest] { actions.compactMap { if case .prepare(let block) = $0 { block.digest } else { nil } } }
    var forgotten: [Digest] { actions.compactMap { if case .forget(let digest) = $0 { digest } else { nil } } }
    var exits: [WorkerState.Exit] { actions.compactMap { if case .exit(let exit) = $0 { exit } else { nil } } }
    var hellos: [Hello] { sent.compactMap { if case .hello(let hello) = $0 { hello } else { nil } } }
    var heartbeats: [Heartbeat] { sent.compactMap { if case .heartbeat(let beat) = $0 { beat } else { nil } } }
    var results: [ShardResult] { sent.compactMap { if case .shardResult(let result) = $0 { result } else { nil } } }
}
