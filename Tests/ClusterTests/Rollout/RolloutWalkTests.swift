import Cluster
import Scoring
import Testing
import Wire

/// A rollout worker under a lossy network, a program that dies and a coordinator that forgets, all from one seed.
@Suite("Rollout worker: random events")
struct RolloutWalkTests {
    @Test("every assignment is reported whole, returned, or dropped with its incarnation; nothing else is sent twice")
    func walk() {
        var reported = 0
        for seed in UInt64(1)...400 {
            var walk = RolloutWalk(seed: seed)
            for _ in 0..<300 { walk.step() }
            walk.settle()
            #expect(walk.faults.isEmpty, "seed \(seed): \(walk.faults)")
            reported += walk.reportedCount
        }
        print("walk: rewards of \(reported) assignments reported")
        #expect(reported > 400 * 5, "too few assignments were reported")
    }
}

/// A rollout worker under random events: what was lent, what the program has, what the coordinator received.
private struct RolloutWalk {
    private var random: SeededGenerator
    private var state: RolloutState
    private var now = Instant.zero
    private var generation: UInt64 = 1
    private var isWelcome = false
    private var isConnected = true
    private var hasProgram = false
    private var lent: [AssignmentName: Assignment] = [:]
    private var reported: [AssignmentName: Rewards] = [:]
    private var returned: Set<AssignmentName> = []
    /// What was assigned to the program and not reported.
    private var program: [(assignment: Assignment, missing: Int)] = []
    private var next = 0
    /// Messages of the coordinator that the worker has not received yet.
    private var inbox: [Message] = []
    private(set) var faults: [String] = []
    var reportedCount: Int { reported.count }

    init(seed: UInt64) {
        random = SeededGenerator(seed: seed)
        var configuration = RolloutState.Configuration(name: "r", slots: 3)
        configuration.deathsMax = .max
        configuration.silenceTime = .seconds(3600)
        configuration.peer.abandonTime = .seconds(1_000_000)
        state = RolloutState(configuration, seed: seed)
        handle(.started)
    }

    mutating func step() {
        switch random.next() % 16 {
        case 0...3: lend()
        case 4...8: report()
        case 9: die()
        case 10: isConnected.toggle()
        case 11:
            generation += 1
            isWelcome = false
        case 12: if isWelcome { receive(.dismissed(incarnation: state.incarnation)) }
        default: pass(.milliseconds(Int64(random.next() % 3000)))
        }
    }

    /// No more faults, until nothing is held.
    mutating func settle() {
        isConnected = true
        for _ in 0..<40 { pass(.seconds(1)) }
        for _ in 0..<400 where !program.isEmpty { report() }
        for _ in 0..<100 { pass(.seconds(1)) }
        if !program.isEmpty { faults.append("\(program.count) assignments never end") }
        handle(.drainRequested)
        if !hasLeft { faults.append("it does not leave") }
    }

    private var hasLeft = false

    private mutating func lend() {
        let isCopy = next > 0 && random.next() % 4 == 0
        let number = isCopy ? Int(random.next() % UInt64(next)) : next
        if !isCopy { next += 1 }
        let assignment = lent[RolloutBench.name(number)] ?? RolloutBench.assignment(number, n: 1 + number % 5)
        lent[assignment.name] = assignment
        receive(.assignment(assignment))
    }

    private mutating func report() {
        guard hasProgram, !program.isEmpty else { return }
        let place = Int(random.next() % UInt64(program.count))
        let count = 1 + Int(random.next() % UInt64(program[place].missing))
        let failed = Int(random.next() % UInt64(count + 1))
        program[place].missing -= count
        let label = program[place].assignment.name.description
        if program[place].missing == 0 { program.remove(at: place) }
        let rewards = Array(repeating: 1.0, count: count - failed)
        handle(.reported(RolloutReport(assignment: label, rewards: rewards, failed: failed)))
    }

    private mutating func die() {
        guard hasProgram else { return }
        hasProgram = false
        program.removeAll()
        handle(.programDied("signal 9"))
    }

    private mutating func pass(_ time: Duration) {
        now = now + time
        if state.nextDeadline <= now { handle(.tick) }
    }

    private mutating func receive(_ message: Message) {
        guard isConnected else { return }
        handle(.received(Envelope(generation: generation, message)))
    }

    private mutating func handle(_ event: RolloutState.Event) {
        let actions = state.handle(event, at: now)
        faults += state.brokenInvariants
        for action in actions { carryOut(action) }
        while !inbox.isEmpty { receive(inbox.removeFirst()) }
    }

    private mutating func carryOut(_ action: RolloutState.Action) {
        switch action {
        case .launch:
            if hasProgram { faults.append("two programs") }
            hasProgram = true
        case .run(let assignment):
            if !hasProgram { faults.append("\(assignment.name) was run without a program") }
            if reported[assignment.name] != nil { faults.append("\(assignment.name) runs after it was reported") }
            program.append((assignment, assignment.n))
        case .send(let envelope): if isConnected { coordinate(envelope.message) }
        case .exit: hasLeft = true
        case .fault(let fault): faults.append("\(fault)")
        case .kill: faults.append("a program was ended that is only slow")
        case .settled: break
        }
    }

    /// A simple coordinator: it sometimes forgets its peers, and records what it receives.
    private mutating func coordinate(_ message: Message) {
        switch message {
        case .hello(let hello):
            isWelcome = true
            let (beat, lease) = (Duration.seconds(1), Duration.seconds(30))
            inbox.append(
                .welcome(Welcome(incarnation: hello.incarnation, heartbeatInterval: beat, leaseTime: lease)))
        case .heartbeat: if !isWelcome { inbox.append(.whoAreYou) }
        case .assignmentReturned(let name, _):
            if reported[name] != nil { faults.append("\(name) is returned after it was reported") }
            returned.insert(name)
        case .rewards(let rewards):
            guard isWelcome else { return inbox.append(.whoAreYou) }
            if let former = reported[rewards.name], former != rewards {
                faults.append("\(rewards.name) is reported with other rewards")
            }
            if returned.contains(rewards.name) { faults.append("\(rewards.name) is reported after it was returned") }
            if rewards.rewards.count + rewards.failed != lent[rewards.name]?.n {
                faults.append("\(rewards.name) is reported in part")
            }
            reported[rewards.name] = rewards
            if random.next() % 3 > 0 {
                inbox.append(.rewardsRecorded(RewardsRecorded(name: rewards.name, verdict: .recorded)))
            }
        default: break
        }
    }
}
