import Cluster
import Scoring
import Testing
import Wire

/// A test bench for the client's machine: it passes events and time, and checks the invariants after every event.
struct ClientBench {
    private(set) var state: ClientState
    private(set) var now: Instant = .zero
    /// What the last event led to.
    private(set) var actions: [ClientState.Action] = []
    private var incarnation: UInt64 = 0

    static let job = Samples.job(1)

    init(abandonTime: Duration = .seconds(120), verify: Double = 0) throws {
        var configuration = ClientState.Configuration(
            name: "c", policy: Policy(id: "policy"), context: try Samples.context(1))
        configuration.peer.abandonTime = abandonTime
        configuration.verify = verify
        state = ClientState(configuration, seed: 1)
        handle(.started)
        guard case .hello(let hello)? = sent.first else { throw Unexpected(actions) }
        incarnation = hello.incarnation
    }

    mutating func handle(_ event: ClientState.Event, sourceLocation: SourceLocation = #_sourceLocation) {
        actions = state.handle(event, at: now)
        #expect(state.brokenInvariants.isEmpty, sourceLocation: sourceLocation)
    }

    mutating func receive(_ message: Message, sourceLocation: SourceLocation = #_sourceLocation) {
        handle(.received(Envelope(generation: 1, message)), sourceLocation: sourceLocation)
    }

    mutating func wait(_ time: Duration, sourceLocation: SourceLocation = #_sourceLocation) {
        now = now + time
        handle(.tick, sourceLocation: sourceLocation)
    }

    mutating func welcome(
        _ model: ModelFingerprint? = Samples.model, verifies: Bool = true,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let welcome = Welcome(
            incarnation: incarnation, heartbeatInterval: .seconds(1), leaseTime: .seconds(30), fingerprint: model,
            verifies: verifies)
        receive(.welcome(welcome), sourceLocation: sourceLocation)
    }

    mutating func accept(
        rows: Int = 131_072, tokens: Int = 16_000_000, held: [UInt32] = [], quarantined: [String] = [],
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        receive(
            .jobAccepted(
                JobAccepted(
                    job: Self.job, windowRows: rows, windowTokens: tokens, held: held, quarantined: quarantined)),
            sourceLocation: sourceLocation)
    }

    mutating func produce(
        _ shard: UInt32, rows: Int = 4, tokens: Int? = nil, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        handle(
            .shardReady(Samples.shard(shard, of: Self.job, rows: rows, tokens: tokens)), sourceLocation: sourceLocation)
    }

    mutating func answer(
        _ shard: UInt32, rows: Int = 4, sources: [AnswerSource] = [],
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        receive(
            .shardAnswer(
                ShardAnswer(
                    job: Self.job, shard: shard, answers: Samples.answers(rows: rows), faults: [], sources: sources)),
            sourceLocation: sourceLocation)
    }

    /// Welcome, with its output open and its job accepted.
    static func streaming(rows: Int = 131_072, tokens: Int = 16_000_000) throws -> ClientBench {
        var bench = try ClientBench()
        bench.welcome()
        bench.handle(.ready(job, firstShard: 0))
        bench.accept(rows: rows, tokens: tokens)
        return bench
    }

    /// All of one shard durable, and the job being closed.
    static func closing() throws -> ClientBench {
        var bench = try ClientBench.streaming()
        bench.produce(0)
        bench.handle(.inputEnded(shards: 1))
        bench.answer(0)
        bench.handle(.durable(below: 1))
        return bench
    }

    // MARK: Actions

    var sent: [Message] { actions.compactMap { if case .send(let envelope) = $0 { envelope.message } else { nil } } }
    var submitted: [UInt32] { sent.compactMap { if case .submitShard(let shard) = $0 { shard.shard } else { nil } } }
    var jobs: [SubmitJob] { sent.compactMap { if case .submitJob(let job) = $0 { job } else { nil } } }
    var hellos: [Hello] { sent.compactMap { if case .hello(let hello) = $0 { hello } else { nil } } }
    var delivered: [UInt32] { actions.compactMap { if case .deliver(let answer) = $0 { answer.shard } else { nil } } }
    var opened: [ModelFingerprint] { actions.compactMap { if case .openOutput(let model) = $0 { model } else { nil } } }
    var failures: [ClientState.Failure] { actions.compactMap { if case .fail(let why) = $0 { why } else { nil } } }
    var askedFor: Int { actions.count { if case .produce = $0 { true } else { false } } }
    var asksForMore: Bool { askedFor > 0 }
    var isFinished: Bool { actions.contains { if case .finish = $0 { true } else { false } } }
}
