import Cluster
import Scoring
import Wire

/// Draws messages of trainers and rollout workers: most are sensible, so that plans end; some have an absurd value in
/// any field.
struct AbsurdMessages {
    private var random: SeededGenerator
    /// Assignments that were lent, the latest last.
    private var lent: [Assignment] = []
    /// Incarnations of earlier Hellos.
    private var incarnations: [Peer: UInt64] = [:]
    /// Event ids of earlier reports; some are reported again.
    private var events: [String] = ["e"]

    init(seed: UInt64) {
        random = SeededGenerator(seed: seed)
    }

    mutating func remember(_ assignment: Assignment) {
        lent.append(assignment)
        if lent.count > 60 { lent.removeFirst() }
    }

    /// Most of them: some rollout workers of an earlier generation still have what they were lent.
    mutating func forgetAssignments() { lent.removeAll { _ in random.unit() < 0.5 } }

    mutating func below(_ bound: Int) -> Int { Int.random(in: 0..<max(1, bound), using: &random) }

    private mutating func pick<Choice>(_ choices: [Choice]) -> Choice { choices[below(choices.count)] }

    /// Now and then.
    private mutating func isAbsurd() -> Bool { random.unit() < 0.012 }

    mutating func peer() -> Peer { Peer([0, UInt8(below(7))]) }

    // MARK: Messages

    mutating func message(from peer: Peer) -> Message {
        if incarnations[peer] == nil || below(10) == 0 { return .hello(hello(peer)) }
        guard isRollout(peer) != isAbsurd() else {
            return switch below(8) {
            case 0..<3: .requestPlan(request())
            case 3: .followPlan(plan(), groupsAfter: number(3))
            case 4..<6: .reportOutcomes(report())
            case 6: .requestScores(scores())
            default: isAbsurd() ? pick([.drain, .bye, .whoAreYou]) : .heartbeat(heartbeat(peer))
            }
        }
        return switch below(12) {
        case 0..<8: .rewards(rewards())
        case 8: .assignmentReturned(name(), pick([.draining, .programDied, .overCredit]))
        case 9: isAbsurd() ? pick([.drain, .bye, .whoAreYou]) : .heartbeat(heartbeat(peer))
        default: .heartbeat(heartbeat(peer))
        }
    }

    /// Peers from 3 on are rollout workers by habit.
    private func isRollout(_ peer: Peer) -> Bool { (peer.bytes.last ?? 0) >= 3 }

    private mutating func hello(_ peer: Peer) -> Hello {
        if incarnations[peer] == nil || below(4) == 0 { incarnations[peer] = UInt64(below(400)) }
        let role: Hello.Role = isRollout(peer) != isAbsurd() ? .rollout(credit()) : .trainer
        return Hello(role: role, protocolVersion: isAbsurd() ? 2 : 1, name: "n", incarnation: incarnation(of: peer))
    }

    /// Mostly the peer's own; incarnations are so few that some are equal, and that dead ones appear again.
    private mutating func incarnation(of peer: Peer) -> UInt64 {
        guard let incarnation = incarnations[peer], !isAbsurd() else { return UInt64(below(400)) }
        return incarnation
    }

    private mutating func credit() -> Credit { Credit(rows: number(6), tokens: number(100)) }

    private mutating func heartbeat(_ peer: Peer) -> Heartbeat {
        Heartbeat(
            incarnation: incarnation(of: peer), credit: credit(), progress: UInt64(below(40)),
            assignments: (0..<below(5)).map { _ in name() })
    }

    private mutating func request() -> RequestPlan {
        let count = isAbsurd() ? pick([0, 1, 401]) : below(10) == 0 ? 40 + below(60) : 1 + below(8)
        let least = pick([0, 1, 2, 4])
        var request = RequestPlan(
            plan: plan(), total: isAbsurd() ? number(100) : count * pick([4, 8, 8, 9]),
            candidates: (0..<count).map { index in
                var candidate = PlanCandidate(promptID: isAbsurd() ? prompt() : "p\(index)")
                candidate.text = below(3) == 0 ? "" : text(candidate.promptID)
                if below(8) == 0 { candidate.minimum = number(8) }
                if below(8) == 0 { candidate.maximum = 8 + number(16) }
                return candidate
            })
        request.policyVersion = below(4) == 0 ? version() : nil
        request.reserve = below(2) == 0 ? number(20) : 0
        request.minimum = isAbsurd() ? number(40) : least
        request.maximum = isAbsurd() ? number(2000) : pick([8, 16, 32])
        request.multipleOf = isAbsurd() ? number(5) : 1
        request.groupSizes = below(5) == 0 ? pick([[4, 8], [4, 9, 15], [7], [2, 3, 1024], [8, 8]]) : []
        request.objective = pick([.mixedGroupProbability, .informationGain, .advantageMass])
        if below(2) == 0 { request.objective = .expectedContrast }
        request.explore = below(3) == 0 ? real() : 0
        request.deadline = .milliseconds(pick([1, 50, 2000, 3_600_000]))
        request.fallback = pick([.uniform, .uniform, .refuse])
        request.mode = pick([.active, .active, .shadow])
        request.delivery = pick([.workers, .workers, .trainer])
        request.context = choice()
        request.recordDecay = below(3) == 0 ? real() : 0.99
        request.rewards = range()
        request.raisesFloors = below(3) == 0
        request.groupSurvival = below(3) == 0 ? real() : 0
        request.lookAhead = below(2) == 0 ? pick([1.0 / 256, real()]) : 0
        request.lookAheadMost = pick([16, 16, number(20)])
        request.outcomes = below(3) == 0 ? outcomes() : []
        return request
    }

    private mutating func report() -> ReportOutcomes {
        ReportOutcomes(request: UInt64(below(5)), policyID: policy(), rewards: range(), outcomes: outcomes())
    }

    private mutating func outcomes() -> [GroupOutcome] {
        (0..<below(6)).map { _ in
            let prompt = prompt()
            var outcome = GroupOutcome(eventID: event(), promptID: prompt, text: below(3) == 0 ? "" : text(prompt))
            outcome.policyVersion = below(3) == 0 ? version() : nil
            outcome.step = below(3) > 0 ? plan().step : nil
            outcome.rewards = (0..<pick([0, 1, 4, 4, 8])).map { _ in reward() }
            if outcome.rewards.isEmpty || isAbsurd() { (outcome.mean, outcome.n) = (reward(), number(8)) }
            outcome.failed = below(4) == 0 ? number(4) : 0
            return outcome
        }
    }

    private mutating func scores() -> RequestScores {
        RequestScores(
            request: UInt64(below(5)), policy: Policy(id: policy(), version: below(2) == 0 ? version() : nil),
            choice: choice(), deadline: .milliseconds(pick([1, 2000, 3_600_000])),
            texts: TextBlock((0...below(20)).map { "text of p\($0)" }))
    }

    /// What a rollout worker reports: mostly on what was lent, and mostly all of it.
    private mutating func rewards() -> Rewards {
        guard let assignment = lent.isEmpty ? nil : pick(lent), !isAbsurd() else {
            return Rewards(name: name(), rewards: (0..<below(6)).map { _ in reward() }, failed: number(3))
        }
        let failed = below(5) == 0 ? below(assignment.n + 1) : 0
        let count = isAbsurd() ? below(40) : min(assignment.n, 2000) - min(failed, 2000)
        let rewards = (0..<max(0, count)).map { _ in reward() }
        let references = below(3) == 0 ? rewards.map { _ in "r" } : isAbsurd() ? ["r"] : []
        return Rewards(name: assignment.name, rewards: rewards, failed: failed, references: references)
    }

    // MARK: Parts

    private mutating func name() -> AssignmentName {
        var name =
            lent.isEmpty || isAbsurd() ? AssignmentName(plan: plan(), index: below(9), attempt: 0) : pick(lent).name
        if isAbsurd() { name.index = number(500) }
        if isAbsurd() { name.plan = plan() }
        if isAbsurd() { name.attempt = pick([0, .max, name.attempt &+ 1, name.attempt &+ 2, 1 << 32 | 1, 9 << 32]) }
        return name
    }

    private mutating func plan() -> PlanName {
        PlanName(policyID: policy(), step: isAbsurd() ? pick([.max, 1 << 53]) : below(7))
    }

    private mutating func policy() -> String { isAbsurd() ? pick(["", "q", "r", "s", "t"]) : "p" }

    private mutating func prompt() -> String { isAbsurd() ? "" : "p\(below(12))" }

    /// The same text for a prompt, but sometimes another one, or another prompt's.
    private mutating func text(_ promptID: String) -> String {
        isAbsurd() ? pick(["", "\u{0}", "text of p1", "new"]) : "text of \(promptID)"
    }

    private mutating func event() -> String {
        guard below(4) > 0 else { return isAbsurd() ? "" : pick(events) }
        let event = "e\(random.next())"
        events.append(event)
        if events.count > 50 { events.removeFirst() }
        return event
    }

    private mutating func choice() -> ContextChoice {
        var choice = ContextChoice()
        choice.rows = isAbsurd() ? number(9000) : pick([0, 1, 4, 8, 256])
        choice.selection = pick(ContextChoice.Selection.allCases)
        choice.includesOwn = below(2) == 0
        choice.seed = pick([0, .max, random.next()])
        return choice
    }

    // MARK: Values

    private mutating func number(_ most: Int) -> Int {
        isAbsurd() ? pick([0, 1, 1024, 1025, 65_536, Int(Int32.max), Int(UInt32.max)]) : below(most + 1)
    }

    private mutating func version() -> Int {
        isAbsurd() ? pick([.min, .max, -1, 1 << 53, (1 << 53) - 1]) : below(8)
    }

    private mutating func real() -> Double {
        isAbsurd()
            ? pick([-1, 2, -.greatestFiniteMagnitude, .greatestFiniteMagnitude, .leastNonzeroMagnitude, -0.0])
            : pick([0, 1, random.unit()])
    }

    private mutating func reward() -> Double {
        isAbsurd()
            ? pick([-1, 2, .greatestFiniteMagnitude, -.greatestFiniteMagnitude, 0x1p-1074]) : pick([0, 1, 1, 0.5])
    }

    private mutating func range() -> ClosedRange<Double> {
        isAbsurd()
            ? pick([
                -1...1, 0 ... .leastNonzeroMagnitude, 0 ... .greatestFiniteMagnitude, -1e300...1e300, 0...1e-200,
                1e15...1e15 + 0.125, -1e12...1e12,
            ]) : 0...1
    }

    /// Beliefs at the limits of an answer's range, and rows without one.
    mutating func answers(_ rows: Int) -> AnswerBlock {
        AnswerBlock(
            (0..<rows).map { _ in
                guard !isAbsurd() else { return nil }
                let p: Float =
                    below(4) == 0 ? pick([0, 1, .leastNonzeroMagnitude, 1 - .ulpOfOne / 2]) : Float(random.unit())
                let kappa: Float =
                    below(4) == 0
                    ? pick([.infinity, .leastNonzeroMagnitude, 1e-20, 1e-3, 1e9, .greatestFiniteMagnitude])
                    : Float(0.5 + 20 * random.unit())
                return Prediction(p: p, kappa: kappa, pLo: 0, pHi: 1)
            })
    }
}
