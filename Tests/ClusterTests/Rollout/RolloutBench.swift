import Cluster
import Scoring
import Testing
import Wire

/// A test bench for the rollout worker's machine: it passes events and time, and checks the invariants after every
/// event.
struct RolloutBench {
    private(set) var state: RolloutState
    private(set) var now: Instant = .zero
    /// What the last event led to.
    private(set) var actions: [RolloutState.Action] = []
    var generation: UInt64 = 1

    /// One slot: one assignment runs, one waits, as the coordinator counts.
    static let credit = Credit(rows: 2, tokens: 256)

    init(seed: UInt64 = 1, slots: Int = 1, abandonTime: Duration = .seconds(600)) {
        var configuration = RolloutState.Configuration(name: "r", slots: slots)
        configuration.peer.abandonTime = abandonTime
        configuration.silenceTime = .seconds(100)
        configuration.deathsMax = 4
        state = RolloutState(configuration, seed: seed)
    }

    mutating func handle(_ event: RolloutState.Event, sourceLocation: SourceLocation = #_sourceLocation) {
        actions = state.handle(event, at: now)
        let broken = state.brokenInvariants
        #expect(broken.isEmpty, sourceLocation: sourceLocation)
    }

    mutating func receive(_ message: Message, sourceLocation: SourceLocation = #_sourceLocation) {
        handle(.received(Envelope(generation: generation, message)), sourceLocation: sourceLocation)
    }

    mutating func wait(_ time: Duration, sourceLocation: SourceLocation = #_sourceLocation) {
        now = now + time
        handle(.tick, sourceLocation: sourceLocation)
    }

    /// The coordinator welcomes the present incarnation.
    mutating func welcome(sourceLocation: SourceLocation = #_sourceLocation) {
        let welcome = Welcome(
            incarnation: state.incarnation, heartbeatInterval: .seconds(1), leaseTime: .seconds(30))
        receive(.welcome(welcome), sourceLocation: sourceLocation)
    }

    mutating func lend(_ number: Int, n: Int = 4, sourceLocation: SourceLocation = #_sourceLocation) {
        receive(.assignment(Self.assignment(number, n: n)), sourceLocation: sourceLocation)
    }

    /// The program reports rollouts of an assignment.
    mutating func report(
        _ number: Int, _ rewards: [Double] = [], failed: Int = 0, references: [String] = [],
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let label = Self.name(number).description
        handle(
            .reported(RolloutReport(assignment: label, rewards: rewards, failed: failed, references: references)),
            sourceLocation: sourceLocation)
    }

    mutating func record(
        _ number: Int, _ verdict: RewardsRecorded.Verdict = .recorded, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        receive(
            .rewardsRecorded(RewardsRecorded(name: Self.name(number), verdict: verdict)), sourceLocation: sourceLocation
        )
    }

    /// Started and welcomed.
    static func ready(slots: Int = 1) -> RolloutBench {
        var bench = RolloutBench(slots: slots)
        bench.handle(.started)
        bench.welcome()
        return bench
    }

    static func name(_ number: Int) -> AssignmentName {
        AssignmentName(plan: PlanName(policyID: "p", step: 3), index: number, attempt: UInt64(number))
    }

    static func assignment(_ number: Int, n: Int = 4) -> Assignment {
        Assignment(
            name: name(number), policyVersion: 3, promptID: "prompt-\(number)", text: "text \(number)", n: n,
            leaseTime: .seconds(30))
    }

    // MARK: Actions

    var sent: [Message] { actions.compactMap { if case .send(let envelope) = $0 { envelope.message } else { nil } } }
    var runs: [Assignment] { actions.compactMap { if case .run(let assignment) = $0 { assignment } else { nil } } }
    var launches: Int { actions.count { if case .launch = $0 { true } else { false } } }
    var kills: Int { actions.count { if case .kill = $0 { true } else { false } } }
    var faults: [RolloutFault] { actions.compactMap { if case .fault(let fault) = $0 { fault } else { nil } } }
    var settled: [RewardsRecorded] { actions.compactMap { if case .settled(let record) = $0 { record } else { nil } } }
    var exits: [RolloutState.Exit] { actions.compactMap { if case .exit(let exit) = $0 { exit } else { nil } } }
    var hellos: [Hello] { sent.compactMap { if case .hello(let hello) = $0 { hello } else { nil } } }
    var heartbeats: [Heartbeat] { sent.compactMap { if case .heartbeat(let beat) = $0 { beat } else { nil } } }
    var rewards: [Rewards] { sent.compactMap { if case .rewards(let rewards) = $0 { rewards } else { nil } } }
    /// Numbers of assignments given back, and why.
    var returns: [Int: AssignmentReturn] {
        var returns: [Int: AssignmentReturn] = [:]
        for case .assignmentReturned(let name, let reason) in sent { returns[name.index] = reason }
        return returns
    }
}
