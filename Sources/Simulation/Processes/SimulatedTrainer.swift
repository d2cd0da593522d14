import Cluster
import Scoring
import Wire

/// A trainer's process and its checkpoint, which outlives it: it requests a step's plan until it has it, waits until
/// all groups are done, checks what it got, and starts the next step.
struct SimulatedTrainer {
    /// What it has of the step in progress.
    private struct Step {
        var budgets: [Int: PlannedBudget] = [:]
        var end: PlanEnd?
        var groups: [Int: GroupDone] = [:]
    }

    private(set) var isAlive = false
    private(set) var life = 0
    private(set) var isFinished = false
    private(set) var broken: [String] = []
    /// Groups of all steps, by plan: what was trained on.
    private(set) var trained: [PlanName: [GroupDone]] = [:]
    private(set) var fallbacks = 0
    private(set) var drawn = 0
    private let index: Int
    private var requests: [RequestPlan]
    private var number = 0
    /// How often it went back to an earlier checkpoint.
    private var returns: UInt64 = 0
    /// Whether it drops plans by a message of their own, before its first request after a return.
    private var dropsPlans = false
    private var step = Step()
    private var nextMessageAt: Instant = .zero
    private var isWelcome = false

    /// Repeats its message after this long without all that it waits for.
    private static let repeatTime: Duration = .seconds(4)

    init(index: Int, faultPlan: FaultPlan, seed: UInt64) {
        var random = SeededGenerator(seed: seed &+ UInt64(index) &* 104_729)
        self.index = index
        requests = (0..<faultPlan.steps).map { step in
            let prompts = Int.random(in: 1...faultPlan.promptsMax, using: &random)
            let mean = Int.random(in: 4...10, using: &random)
            // Tenants give their policies the same ids.
            let policyID = "trained \(faultPlan.hasTenants ? 0 : index)"
            var request = RequestPlan(
                plan: PlanName(policyID: policyID, step: step), total: prompts * mean,
                candidates: (0..<prompts).map { _ in PlanCandidate(promptID: "", text: "") })
            // Steps share prompts, as the epochs of a training do.
            let first = Int.random(in: 0...20, using: &random)
            for row in 0..<prompts {
                let text = "question \(index) \(first + row)"
                request.candidates[row] = PlanCandidate(promptID: "q\(first + row)", text: text)
            }
            request.delivery = .workers
            request.minimum = 2
            request.maximum = 16
            request.deadline = random.unit() < 0.3 ? .milliseconds(1 + random.next() % 2000) : .seconds(20)
            request.mode = random.unit() < 0.1 ? .shadow : .active
            if random.unit() < 0.5 {
                request.lookAhead = 1.0 / 256
                request.reserve = Int.random(in: 0...20, using: &random)
            }
            request.explore = random.unit() < 0.3 ? 0.1 : 0
            return request
        }
        isFinished = requests.isEmpty
    }

    /// The plan that it works on.
    var request: RequestPlan { requests[number] }

    mutating func start(at now: Instant) {
        life += 1
        isAlive = true
        isWelcome = false
        step = Step()
        nextMessageAt = now
    }

    mutating func kill() { isAlive = false }

    /// Its next life goes on so many steps before, with other data. Every other time it drops the plans first.
    mutating func kill(goingBack steps: Int) {
        kill()
        returns += 1
        dropsPlans = returns % 2 == 0
        number = max(0, number - steps)
        for later in number..<requests.count {
            trained[requests[later].plan] = nil
            requests[later].attempt = returns
            requests[later].candidates.reverse()
            requests[later].candidates[0] = PlanCandidate(
                promptID: "q return \(returns)", text: "question \(index) of return \(returns)")
        }
    }

    /// The messages that are due: Hello until a Welcome, then the plan's request, then a question for missing groups.
    mutating func tick(at now: Instant) -> [Message] {
        guard isAlive, !isFinished, now >= nextMessageAt else { return [] }
        nextMessageAt = now + Self.repeatTime
        guard isWelcome else { return [hello] }
        if dropsPlans {
            return [
                .dropPlans(
                    DropPlans(
                        request: returns, policyID: request.plan.policyID, fromStep: request.plan.step, attempt: returns
                    ))
            ]
        }
        return step.end == nil
            ? [.requestPlan(request)] : [.followPlan(request.plan, groupsAfter: 0)]
    }

    private var hello: Message {
        .hello(Hello(role: .trainer, name: "t\(index)", incarnation: UInt64(0x7A00 + index * 1000 + life)))
    }

    mutating func receive(_ message: Message, at now: Instant) -> [Message] {
        guard isAlive, !isFinished else { return [] }
        switch message {
        case .whoAreYou:
            isWelcome = false
            return [hello]
        case .welcome:
            guard !isWelcome else { return [] }
            isWelcome = true
            nextMessageAt = now
            return tick(at: now)
        case .plansDropped(let dropped) where dropped.request == returns:
            guard dropsPlans else { return [] }
            dropsPlans = false
            nextMessageAt = now
            return tick(at: now)
        case .budgets(request.plan, let budgets):
            for budget in budgets {
                if let known = step.budgets[budget.index], known.n > budget.n, step.end == nil {
                    // A repeated answer has all budgets from the beginning, so a smaller number is only an earlier one.
                    continue
                }
                step.budgets[budget.index] = budget
            }
        case .planEnd(request.plan, let end):
            if let known = step.end, known != end { broken.append("\(request.plan) ended as \(known), then as \(end)") }
            step.end = end
        case .groupDone(request.plan, let group):
            if let known = step.groups[group.index], known != group {
                broken.append("\(request.plan)#\(group.index) was done as \(known), then as \(group)")
            }
            step.groups[group.index] = group
        case .requestRefused(let refused) where refused.subject == .plan(request.plan):
            broken.append("\(request.plan) was refused: \(refused.message)")
        case .requestRefused(let refused) where refused.subject == .request(returns):
            broken.append("to drop plans was refused: \(refused.message)")
        default: return []
        }
        return advance(at: now)
    }

    /// Goes on to the next step when this one is whole.
    private mutating func advance(at now: Instant) -> [Message] {
        guard let end = step.end, isWhole(end) else { return [] }
        check(end)
        trained[request.plan] = Array(step.groups.values)
        if end.status != .ok { fallbacks += 1 }
        step = Step()
        number += 1
        if number == requests.count {
            isFinished = true
            isAlive = false
            return []
        }
        nextMessageAt = now
        return tick(at: now)
    }

    private func isWhole(_ end: PlanEnd) -> Bool {
        guard step.budgets.count == end.prompts else { return false }
        let numbers = (0..<end.prompts).map { step.budgets[$0]?.n ?? 0 }
        // A missing or outdated budget shows in the digest.
        guard PlanEnd.digest(of: numbers).bytes == end.digest else { return false }
        return numbers.indices.allSatisfy { numbers[$0] == 0 || step.groups[$0] != nil }
    }

    private mutating func check(_ end: PlanEnd) {
        let total = step.budgets.values.reduce(0) { $0 + $1.n }
        if total + end.surplus != request.total {
            broken.append("\(request.plan): budgets sum to \(total), not \(request.total) less \(end.surplus)")
        }
        for (index, group) in step.groups {
            let wanted = step.budgets[index]?.n ?? 0
            let count = group.rewards.count + group.failed
            // Look-ahead asks for at most 16 rewards; failed ones are in addition.
            if count < wanted || group.rewards.count > 16 {
                broken.append("\(request.plan)#\(index): \(count) rollouts of \(wanted)")
            }
            drawn += count - wanted
        }
        if drawn < 0 { broken.append("\(request.plan): fewer rollouts than budgets") }
    }

    var progress: String { "trainer \(index): step \(number) of \(requests.count), \(step.groups.count) groups" }
}
