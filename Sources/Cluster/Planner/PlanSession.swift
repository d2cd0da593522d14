import Planning
import Scoring
import Wire

/// One plan, from its opening until it is dropped: its budgets, and its groups with their rewards.
///
/// It changes only by entries of the journal. One of the methods below applies each entry, in operation and in a replay
/// alike, so a plan is the same plan after a restart.
struct PlanSession {
    let opening: PlanOpening
    /// Bytes of its request in memory, about.
    let bytes: Int
    /// The request to the allocator, with the limits of the opening.
    let budgetRequest: BudgetRequest
    /// Budgets in the order in which they were handed out.
    private(set) var handedOut: [PlannedBudget] = []
    /// By candidate: its budget, once it was handed out.
    private(set) var budgets: [Int?]
    /// By candidate: its belief, once it has arrived.
    private(set) var beliefs: [Belief?]
    /// The plan's end, once all budgets were handed out.
    private(set) var end: PlanEnd?
    /// By candidate.
    var groups: [PlanGroup]
    /// Groups that lack rollouts.
    private(set) var groupsOutstanding = 0
    /// Groups that want rollouts and are not done.
    private(set) var groupsUnfinished = 0
    /// Groups that are done, in that order.
    private(set) var done: [GroupDone] = []
    /// Rollouts left for look-ahead.
    private(set) var reserve: RolloutReserve
    /// Budgets while predictions arrive; not used after the end.
    var stream: StreamingPlan
    /// Candidates with a belief.
    private(set) var predicted = 0
    private let indices: [String: Int]
    private let rewardRange: RewardRange
    private let lookAhead: LookAhead?
    /// Candidates whose floors were raised because they are due.
    private let visits: Set<Int>
    /// By candidate: the source of its belief.
    private(set) var sources: [Int: BudgetSource] = [:]
    /// Candidates whose budget only exploration has caused, with their rollouts.
    private(set) var explored: [Int: Int] = [:]
    /// By candidate: what its belief is based on, where side information was used.
    private var evidence: [Int: Evidence] = [:]
    /// By candidate: steps between the newest outcome of its belief and the weights, where there is one.
    private var staleness: [Int: Int] = [:]

    var request: RequestPlan { opening.request }
    var name: PlanName { opening.request.plan }
    /// Rollouts in the budgets handed out.
    private(set) var spent = 0

    /// What followed from an entry, to be sent to the plan's listeners.
    struct Effects {
        var budgets: [PlannedBudget] = []
        var end: PlanEnd?
        var done: [GroupDone] = []
        /// Rollouts that look-ahead requests, by candidate.
        var draws: [Int: Int] = [:]
    }

    /// Throws what planning refuses; the error names the field or prompt.
    init(_ opening: PlanOpening) throws(PlanningError) {
        let request = opening.request
        self.opening = opening
        bytes = request.textBytes
        var budgetRequest = BudgetRequest(
            total: request.total, minimum: opening.minimum, maximum: opening.maximum,
            objective: request.objective)
        budgetRequest.multipleOf = request.multipleOf
        budgetRequest.groupSizes = request.groupSizes.isEmpty ? nil : request.groupSizes
        if request.explore > 0 {
            budgetRequest.exploration = try Exploration(
                share: opening.exploration.share ?? request.explore,
                seed: Exploration.seed(policyID: request.plan.policyID, step: request.plan.step))
        }
        let sizes = try budgetRequest.sizes()
        var indices: [String: Int] = [:]
        for (index, candidate) in request.candidates.enumerated() {
            guard indices.updateValue(index, forKey: candidate.promptID) == nil else {
                throw .duplicatePrompt(promptID: candidate.promptID)
            }
            try sizes.checkLimits(floor: candidate.minimum, cap: candidate.maximum, promptID: candidate.promptID)
        }
        self.indices = indices
        self.budgetRequest = budgetRequest
        try Self.checkTokens(opening, sizes)
        stream = try StreamingPlan(
            request: budgetRequest, prompts: request.candidates.count, price: opening.price)
        visits = Set(opening.exploration.visits)
        budgets = Array(repeating: nil, count: request.candidates.count)
        beliefs = Array(repeating: nil, count: request.candidates.count)
        groups = Array(repeating: PlanGroup(), count: request.candidates.count)
        reserve = RolloutReserve(request.reserve)
        rewardRange = try RewardRange(request.rewards)
        lookAhead =
            request.lookAhead > 0
            ? try LookAhead(
                rolloutsMin: min(4, request.lookAheadMost), rolloutsMax: request.lookAheadMost,
                threshold: request.lookAhead, drawsMax: Self.drawsMax) : nil
    }

    /// Rollouts that look-ahead requests at once, to save round trips.
    private static let drawsMax = 4

    /// A prompt's index among the candidates.
    func index(of promptID: String) -> Int? { indices[promptID] }

    /// Whether its budgets are complete and no rollout worker has work of it left.
    var isOver: Bool { end != nil && (request.delivery == .trainer || groupsOutstanding == 0) }

    /// Candidates without a belief.
    var missing: [Int] { beliefs.indices.filter { beliefs[$0] == nil } }

    /// Whether something of it is still to come: its end, or rollouts. Groups of a plan delivered to its trainer count
    /// only where `countsGroups` says so, because not every trainer reports them.
    func isInFlight(countsGroups: Bool) -> Bool {
        guard end != nil else { return true }
        return (countsGroups || request.delivery == .workers) && groupsUnfinished > 0
    }

    /// Version of the weights that make the rollouts.
    var version: Int { request.policyVersion ?? name.step }

    // MARK: Entries

    /// Adds predictions; hands out the budgets that follow, and ends the plan when all predictions are there: by
    /// `settlement` where that was computed before. Cost: with the last predictions, that of a settlement.
    mutating func receive(
        _ predictions: [CandidatePrediction], settled settlement: PlanSettlement.Result? = nil
    ) throws(PlanningError) -> Effects {
        var effects = Effects()
        guard end == nil else { return effects }
        try add(predictions, &effects)
        if isPredicted { try finish(settlement, &effects) }
        return effects
    }

    /// Adds predictions, and hands out the budgets that follow at once.
    mutating func add(_ predictions: [CandidatePrediction], _ effects: inout Effects) throws(PlanningError) {
        var candidates: [BudgetCandidate] = []
        var received: [(Int, Belief)] = []
        let hasTokenLimit = tokenLimit != nil
        for prediction in predictions where beliefs[prediction.index] == nil {
            let candidate = request.candidates[prediction.index]
            let belief = try Belief(
                mean: prediction.mean, kappa: prediction.kappa, promptID: candidate.promptID)
            received.append((prediction.index, belief))
            evidence[prediction.index] = prediction.evidence
            staleness[prediction.index] = prediction.staleness
            candidates.append(
                BudgetCandidate(
                    promptID: candidate.promptID, belief: belief, source: prediction.source,
                    floor: candidate.minimum, cap: candidate.maximum))
        }
        // Within a limit of tokens, all budgets are handed out at the end.
        let assignments = hasTokenLimit ? [] : try stream.receive(candidates)
        for (candidate, (index, belief)) in zip(candidates, received) {
            beliefs[index] = belief
            sources[index] = candidate.source
        }
        predicted += received.count
        // In shadow mode, even budgets are handed out at the end.
        if request.mode == .active { for one in assignments { handOut(one, &effects) } }
    }

    /// Whether all predictions are there.
    var isPredicted: Bool { predicted == request.candidates.count }

    /// Ends the plan without the predictions that are missing: an even share for every prompt that has no budget yet.
    mutating func cut() throws(PlanningError) -> Effects {
        guard end == nil else { return Effects() }
        var effects = Effects()
        let rest = budgets.indices.filter { budgets[$0] == nil }
        let isWhole = rest.count == budgets.count
        if tokenLimit != nil {
            for (index, n) in try evenWithinTokens().enumerated() {
                handOut(index, n, source: .fallback, reason: .deadline, &effects)
            }
        } else if !rest.isEmpty {
            var even = budgetRequest
            even.exploration = nil
            even.total = budgetRequest.total - spent
            for (index, share) in zip(rest, try Self.shares(&even, of: rest.map { request.candidates[$0].promptID })) {
                handOut(index, share.n, source: .fallback, reason: share.reason, &effects)
            }
        }
        // Prompts without a belief add nothing.
        var utility = 0.0
        for (index, belief) in beliefs.enumerated() {
            guard !isWhole, let belief, let n = budgets[index] else { continue }
            utility += budgetRequest.objective.expectedValue(of: n, under: belief)
        }
        let numbers = budgets.map { $0 ?? 0 }
        conclude(
            PlanEnd(
                planID: String(Digest(of: "plan-cut/1 \(name) \(numbers)").hex.prefix(16)),
                status: isWhole ? .fallback : .degraded, prompts: numbers.count, total: spent,
                surplus: request.total - spent, reserve: request.reserve, utility: utility, uniformUtility: utility,
                upperBound: utility, price: nil, zeroGroups: 0, digest: PlanEnd.digest(of: numbers).bytes,
                contextRows: opening.contextRows, staleness: opening.staleness,
                uniformReason: isWhole ? UniformReason.deadline.rawValue : "", warnings: opening.warnings),
            &effects)
        return effects
    }

    /// Even budgets. Where no allowed sizes add up to the rest of the total, the next smaller total is used.
    private static func shares(
        _ even: inout BudgetRequest, of promptIDs: [String]
    ) throws(PlanningError) -> [BudgetPlan.Budget] {
        while true {
            do {
                return try even.fallback(promptIDs: promptIDs, because: .deadline)
            } catch .totalUnreachable(_, .some(let below), _) {
                even.total = below
            }
        }
    }

    /// Adds a report on a group; `nil` when it was added before. Precondition: `check` accepted the rewards.
    mutating func record(_ report: GroupReport) -> Effects? {
        guard groups[report.index].events[report.eventID] == nil else { return nil }
        groups[report.index].events[report.eventID] = 0
        groups[report.index].lastEvent = report.eventID
        change(report.index) { $0.append(report) }
        var effects = Effects()
        settle(report.index, after: report.eventID, &effects)
        return effects
    }

    // MARK: Budgets

    private mutating func handOut(_ assignment: StreamingPlan.Assignment, _ effects: inout Effects) {
        guard let index = indices[assignment.promptID] else {
            preconditionFailure("plan \(name) hands out \(assignment.promptID), which is no candidate of it")
        }
        // Above its raised floor, a visit is the solver's choice.
        let isVisit =
            visits.contains(index) && assignment.reason != .noGain && assignment.n == request.candidates[index].minimum
        let reason = isVisit ? .revisit : assignment.reason
        let source: BudgetSource =
            switch reason {
            case .exploreHopeless, .exploreSolved, .revisit: .explore
            case .noGain: .uniform
            default: sources[index] ?? .model
            }
        handOut(index, assignment.n, source: source, reason: reason, &effects)
    }

    mutating func handOut(
        _ index: Int, _ n: Int, source: BudgetSource, reason: BudgetReason, _ effects: inout Effects
    ) {
        spent += n - (budgets[index] ?? 0)
        explored[index] = source == .explore ? n : nil
        budgets[index] = n
        change(index) { $0.planned = n }
        let kappa = beliefs[index]?.kappa
        let budget = PlannedBudget(
            index: index, promptID: request.candidates[index].promptID, n: n, p: beliefs[index]?.mean,
            kappa: kappa.flatMap { $0.isFinite ? $0 : nil }, source: source.rawValue, reason: reason.rawValue,
            evidence: evidence[index], staleness: staleness[index], expectedTokens: length(of: index))
        handedOut.append(budget)
        effects.budgets.append(budget)
    }

    private mutating func finish(
        _ known: PlanSettlement.Result?, _ effects: inout Effects
    ) throws(PlanningError) {
        let settlement = if let known { try known.get() } else { try settle() }
        for (index, n) in settlement.even.enumerated() {
            handOut(index, n, source: .uniform, reason: .shadow, &effects)
        }
        switch settlement.budgets {
        case .streamed(let assignments): for assignment in assignments { handOut(assignment, &effects) }
        case .withinTokens(let budgets):
            for (index, budget) in budgets.enumerated() {
                handOut(index, budget.n, source: budget.source, reason: budget.reason, &effects)
            }
        case .none: break
        }
        conclude(settlement.plan, &effects)
    }

    /// Ends the plan by what its budgets are worth.
    mutating func conclude(_ plan: BudgetPlan, _ effects: inout Effects) {
        let numbers = budgets.map { $0 ?? 0 }
        let reason = request.mode == .shadow ? .shadow : plan.uniformReason
        var end = PlanEnd(
            planID: plan.id, status: .ok, prompts: numbers.count, total: spent, surplus: request.total - spent,
            reserve: request.reserve, utility: plan.utility, uniformUtility: plan.uniformUtility,
            upperBound: plan.upperBound, price: plan.price, zeroGroups: plan.zeroGroups,
            digest: PlanEnd.digest(of: numbers).bytes, contextRows: opening.contextRows, staleness: opening.staleness,
            uniformReason: reason?.rawValue ?? "", warnings: opening.warnings)
        if let advice = plan.advice {
            end.adviceTotal = Int(min(advice.total.rounded(), Double(PlanLimits.tokens.upperBound)))
            end.adviceUtility = plan.utility + advice.utility
        }
        conclude(end, &effects)
    }

    /// Even budgets by candidate, within own limits.
    func shadow() throws(PlanningError) -> [Int] {
        var candidates: [BudgetCandidate] = []
        for (candidate, belief) in zip(request.candidates, beliefs) {
            guard let belief else { preconditionFailure("plan \(name) ends without a belief of every candidate") }
            candidates.append(
                BudgetCandidate(
                    promptID: candidate.promptID, belief: belief, floor: candidate.minimum, cap: candidate.maximum))
        }
        return try budgetRequest.uniformPlan(candidates, because: .shadow).budgets.map(\.n)
    }

    mutating func conclude(_ end: PlanEnd, _ effects: inout Effects) {
        var end = end
        end.contextAhead = opening.contextAhead
        end.attempt = request.attempt
        end.totalTokens = request.totalTokens
        if let tokens = expectedTokens { (end.expectedTokens, end.expectedWaste) = (tokens.all, tokens.waste) }
        end.explored = exploredRollouts
        if request.explore > 0 { end.exploreSaved = explorationBudget.saved }
        self.end = end
        effects.end = end
        // Groups with early rewards were not decided, because a budget may grow until the end.
        for index in groups.indices where !groups[index].rewards.isEmpty || groups[index].failed > 0 {
            settle(index, after: nil, &effects)
        }
    }

    // MARK: Groups

    /// The group of a candidate, if it is done.
    func done(of index: Int) -> GroupDone? { groups[index].doneNumber.map { done[$0] } }

    /// Changes what a group has or wants.
    private mutating func change(_ index: Int, _ change: (inout PlanGroup) -> Void) {
        groupsOutstanding -= groups[index].outstanding > 0 ? 1 : 0
        groupsUnfinished -= !groups[index].isDone && groups[index].wanted > 0 ? 1 : 0
        change(&groups[index])
        groupsOutstanding += groups[index].outstanding > 0 ? 1 : 0
        groupsUnfinished += !groups[index].isDone && groups[index].wanted > 0 ? 1 : 0
    }

    /// Whether a group may have these rewards. Throws `rewardOutOfRange`.
    func check(_ rewards: [Double], promptID: String) throws(PlanningError) {
        _ = try ShrinkageBaseline(rewards: rewards, p: 0.5, range: rewardRange, promptID: promptID)
    }

    /// Decides on a group that has all of its rollouts: it is done, or draws more from the reserve.
    private mutating func settle(_ index: Int, after eventID: String?, _ effects: inout Effects) {
        let group = groups[index]
        guard end != nil, !group.isDone, group.wanted > 0, group.outstanding == 0 else { return }
        let promptID = request.candidates[index].promptID
        var baseline = group.rewards.isEmpty ? 0 : group.rewards.reduce(0, +) / Double(group.rewards.count)
        var reason = group.rewards.isEmpty ? "no_rewards" : "planned"
        do {
            if let p = beliefs[index]?.mean, let lookAhead {
                switch try lookAhead.decide(
                    rewards: group.rewards, p: p, range: rewardRange, promptID: promptID, reserve: &reserve)
                {
                case .draw(let more):
                    change(index) { $0.drawn += more }
                    // At the plan's end, the latest report gets a new answer when it is repeated.
                    if let event = eventID ?? group.lastEvent { groups[index].events[event] = more }
                    effects.draws[index] = more
                    return
                case .done(let found, _, let why):
                    baseline = found.value
                    reason = why.rawValue
                }
            } else if let p = beliefs[index]?.mean {
                baseline = try ShrinkageBaseline(
                    rewards: group.rewards, p: p, range: rewardRange, promptID: promptID
                ).value
            }
        } catch {
            preconditionFailure("group \(promptID) of \(name) has rewards that were not checked: \(error)")
        }
        let number = done.count
        change(index) { $0.doneNumber = number }
        let done = GroupDone(
            number: number, index: index, promptID: promptID, rewards: group.rewards,
            advantages: group.rewards.map { $0 - baseline }, baseline: baseline, failed: group.failed, reason: reason,
            references: group.references)
        self.done.append(done)
        effects.done.append(done)
    }
}
