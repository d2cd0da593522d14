import Foundation
import Scoring

/// A plan that hands out budgets while predictions still arrive. At the end the budgets add up to the total exactly.
///
/// The best plan gives every prompt the budget that maximises E[U(B)] − λB, where the price λ depends on all prompts.
/// While prompts arrive, λ is estimated from those that have arrived (`PriceEstimate`), at first from the previous
/// step's plan if there was one. It is estimated again every few prompts from what is left to spend, so the spending
/// follows the total. The last few prompts are held back. When all have arrived, the solver plans those, and budgets
/// that were handed out may be topped up, but are never reduced.
///
/// **A budget is handed out only if the remaining prompts can add up to exactly what it leaves.** *Why:* a budget that
/// was handed out cannot be withdrawn. *In practice:* `SumReach` is checked before every budget, so the rest can always
/// get its minimum, and never has to exceed its maximum. *Otherwise:* a step could overspend, or end without a plan.
///
/// Prompts should arrive in random order, as in a shuffled step: then the streamed plan is worth 97–99.9 % of a plan
/// made all at once. If they are sorted by difficulty, the worst case, it may be worth less than equal budgets.
///
/// The same candidates in the same order get the same budgets, for any division into shards.
public struct StreamingPlan: Sendable {
    /// A prompt's budget, for which rollouts may start.
    public struct Assignment: Hashable, Sendable {
        /// The prompt.
        public let promptID: String
        /// All of its rollouts; more than before if it is topped up.
        public let n: Int
        /// Why the prompt has this budget.
        public let reason: BudgetReason
    }

    /// A prompt that has arrived.
    private struct Arrival {
        let candidate: BudgetCandidate
        let places: ClosedRange<Int>
        /// Its demand; `nil` once it has its budget.
        var demand: PriceEstimate.Demand?
        /// Its budget, once handed out.
        var n: Int?
        var reason = BudgetReason.price
    }

    /// The request.
    public let request: BudgetRequest
    /// Number of prompts that will arrive in total.
    public let prompts: Int
    /// Rollouts handed out.
    public private(set) var spent = 0
    /// Prompts with a budget.
    public private(set) var handedOut = 0
    /// λ, the estimated value of one more rollout; `nil` before the first estimate.
    public private(set) var price: Double?
    /// If top-ups gain no more than this share of the utility, they are omitted; some could be too late for workers.
    public var topUpGainMin = 0.005

    /// Number of prompts that have arrived.
    public var received: Int { rows.count }

    /// Most prompts of a streamed plan.
    public static let promptsMax = 1 << 24
    /// Without a price from the previous step, this many prompts must arrive before the first budget.
    public static let pilot = 32
    /// With one, its weight falls to 0 until this many prompts have arrived.
    static let blended = 32
    /// The price is estimated again after this many prompts.
    static let estimateInterval = 16

    private let sizes: GroupSizes
    /// Rollouts to hand out: the request's total, or what the caps allow.
    private let total: Int
    private let reach: SumReach
    /// Number of prompts held back for the settlement.
    private let heldBack: Int
    private let earlier: Double?
    private var estimate: PriceEstimate
    private var current: PriceEstimate.Price?
    private var rows: [Arrival] = []
    private var ids: Set<String> = []
    /// Rollouts of critical segments that are still owed to the share of prompts that buys them.
    private var owed = 0.0
    /// Number of prompts with budgets that are predicted hopeless or solved, and their rollouts.
    private var unlikely = (prompts: 0, rollouts: 0)

    /// A plan for a number of prompts.
    ///
    /// - Parameters:
    ///   - prompts: Number of prompts that will arrive.
    ///   - price: λ of the previous step's plan; `nil` estimates it from the first prompts.
    /// - Throws: `noPrompts`, `totalTooSmall`, `totalTooLarge`, `totalNotMultiple`, `totalUnreachable`, or the
    ///   errors of the sizes.
    public init(request: BudgetRequest, prompts: Int, price: Double? = nil) throws(PlanningError) {
        guard prompts > 0 else { throw .noPrompts }
        guard prompts <= Self.promptsMax else { throw .totalTooLarge(total: request.total, prompts: prompts) }
        sizes = try request.sizes()
        try request.checkMultiple()
        let bounds = AllocationProblem.bounds(sizes, nil, count: prompts)
        guard request.total >= bounds.lowerBound else {
            throw .totalTooSmall(total: request.total, prompts: prompts, least: bounds.lowerBound)
        }
        total = min(request.total, bounds.upperBound)
        reach = SumReach(sizes, prompts: prompts)
        if !reach.contains(total, prompts: prompts) {
            // Throws with the nearest totals if the total is unreachable.
            _ = try UniformBudgets(sizes, places: nil, count: prompts, total: total)
        }
        self.request = request
        self.prompts = prompts
        earlier = price.flatMap { $0 > 0 && $0.isFinite ? $0 : nil }
        self.price = earlier
        estimate = PriceEstimate(request, sizes: sizes)
        heldBack = max(16, prompts / 20)
    }

    /// Receives candidates and hands out budgets at once, except for the pilot and for prompts that are held back.
    ///
    /// Throws `tooManyCandidates`, `duplicatePrompt` or `limitsInvalid`; then no candidate of the shard is received.
    /// Cost: a curve for each candidate, and an estimate of the price for every sixteenth.
    public mutating func receive(_ shard: [BudgetCandidate]) throws(PlanningError) -> [Assignment] {
        guard rows.count + shard.count <= prompts else {
            throw .tooManyCandidates(expected: prompts, found: rows.count + shard.count)
        }
        var places: [ClosedRange<Int>] = []
        var new: Set<String> = []
        for candidate in shard {
            guard !ids.contains(candidate.promptID), new.insert(candidate.promptID).inserted else {
                throw .duplicatePrompt(promptID: candidate.promptID)
            }
            places.append(
                try sizes.places(floor: candidate.floor, cap: candidate.cap, promptID: candidate.promptID))
        }
        ids.formUnion(new)
        var assignments: [Assignment] = []
        for (candidate, places) in zip(shard, places) {
            let demand = estimate.add(candidate.belief, isPredicted: candidate.source == .model, places: places)
            rows.append(Arrival(candidate: candidate, places: places, demand: demand))
            guard earlier != nil || rows.count >= min(Self.pilot, prompts) else { continue }
            if current == nil || rows.count % Self.estimateInterval == 0 { estimatePrice() }
            while handedOut < rows.count, prompts - handedOut > heldBack {
                assignments.append(handOut(handedOut))
            }
        }
        return assignments
    }

    /// Plans the prompts that were held back, and tops up others.
    ///
    /// It may be called before all prompts have arrived: then the missing ones get nothing. The plan's budgets are in
    /// the order of arrival, and their sum is the total; if prompts are missing or have caps of their own, rollouts
    /// that no budget can use are its surplus. The upper bound is that of a plan that knows all predictions from the
    /// start.
    /// - Returns: The plan, and the assignments that were not handed out before.
    /// - Throws: `noPrompts`, `exactTooLarge`.
    public mutating func finish() throws(PlanningError) -> (plan: BudgetPlan, assignments: [Assignment]) {
        let candidates = rows.map(\.candidate)
        let settlement = try StreamSettlement(
            request: request, sizes: sizes, total: total, candidates: candidates, places: rows.map(\.places),
            handedOut: rows.map(\.n), reasons: rows.map(\.reason), topUpGainMin: topUpGainMin)
        var assignments: [Assignment] = []
        for (index, budget) in settlement.plan.budgets.enumerated() where rows[index].n != budget.n {
            assignments.append(Assignment(promptID: budget.promptID, n: budget.n, reason: budget.reason))
            spent += budget.n - (rows[index].n ?? 0)
            rows[index].n = budget.n
        }
        handedOut = rows.count
        price = settlement.plan.price
        return (settlement.plan, assignments)
    }

    private mutating func estimatePrice() {
        var now = estimate.price(mean: Double(total - spent - explorationReserve) / Double(prompts - handedOut))
        if let earlier, estimate.seen < Self.blended, now.above > 0 {
            // The fewer prompts have arrived, the higher the weight of the earlier price.
            let weight = Double(estimate.seen) / Double(Self.blended)
            let blended = Self.blend(earlier, now.above, weight: weight)
            now = PriceEstimate.Price(
                above: blended, below: blended, share: 0, deviation: now.deviation, isGain: true)
        }
        price = max(0, now.above)
        current = now
    }

    /// Hands out the budget of the prompt that arrived at position `index`.
    private mutating func handOut(_ index: Int) -> Assignment {
        let (wanted, reason) = wanted(index)
        let n = affordable(wanted, in: rows[index].places)
        rows[index].n = n
        rows[index].demand = nil
        rows[index].reason = n == wanted ? reason : .price
        spent += n
        handedOut += 1
        if request.exploration?.verdict(rows[index].candidate.belief) != nil {
            unlikely = (unlikely.prompts + 1, unlikely.rollouts + n)
        }
        return Assignment(promptID: rows[index].candidate.promptID, n: n, reason: rows[index].reason)
    }

    /// The budget by price or by exploration, or an equal share where there is no gain.
    private mutating func wanted(_ index: Int) -> (n: Int, reason: BudgetReason) {
        let row = rows[index]
        guard let current, let demand = row.demand else {
            preconditionFailure("prompt \(index) gets a budget twice, or before there is a price")
        }
        guard current.isGain else {
            // The settlement will raise some to the next size. Late in a step with unequal budgets there may be less.
            let even = sizes.values[max(0, sizes.place(atMost: total / prompts))]
            let isUnlikely = request.exploration?.verdict(row.candidate.belief) != nil
            return (isUnlikely ? even : min(even, spare), .noGain)
        }
        var n = share(
            demand.budget(above: current.above), demand.budget(above: current.below), current.share)
        if let exploration = request.exploration, let verdict = exploration.verdict(row.candidate.belief) {
            let target = exploration.share * Double(total) * Double(handedOut + 1) / Double(prompts)
            let size = Exploration.size(sizes, total: total, prompts: prompts)
            if n < size, Double(unlikely.rollouts + n) < target {
                return (size, verdict == .hopeless ? .exploreHopeless : .exploreSolved)
            }
        } else {
            n = min(n, spare)
        }
        // Budgets of prompts in random order deviate from an even pace by less than this. If each prompt has a higher
        // demand than all before it, the price adapts too late, and this bound keeps rollouts for the last ones.
        let pace = Double(total) * Double(handedOut + 1) / Double(prompts)
        let ahead = current.deviation * Double(prompts).squareRoot()
        let most = max(demand.floor, Int(pace + ahead) - spent)
        return (min(n, sizes.values[max(0, sizes.place(atMost: most))]), .price)
    }

    /// The largest size that leaves the other prompts their minimum and the explored ones their share; all explored
    /// ones may still be to come.
    private var spare: Int {
        let most = total - spent - (prompts - handedOut - 1) * sizes.minimum - explorationReserve
        return sizes.values[max(0, sizes.place(atMost: most))]
    }

    /// Rollouts that explored prompts may still need, for prompts without a budget yet or as top-ups.
    private var explorationReserve: Int {
        guard let exploration = request.exploration else { return 0 }
        let target = exploration.target(
            total: total, prompts: prompts, unlikely: unlikely.prompts + prompts - handedOut)
        return max(0, target - unlikely.rollouts)
    }

    /// One of two budgets, so that a share of `share` of the prompts gets the larger one.
    private mutating func share(_ lower: Int, _ upper: Int, _ share: Double) -> Int {
        guard upper > lower else { return lower }
        owed += share * Double(upper - lower)
        guard 2 * owed >= Double(upper - lower) else { return lower }
        owed -= Double(upper - lower)
        return upper
    }

    /// The size nearest to `wanted` that leaves a sum that the other prompts can reach. The prompt's own limits hold as
    /// far as that permits.
    private func affordable(_ wanted: Int, in places: ClosedRange<Int>) -> Int {
        let others = prompts - handedOut - 1
        let start = sizes.place(atLeast: wanted).clamped(to: places)
        let isReached = { (place: Int) in reach.contains(total - spent - sizes.values[place], prompts: others) }
        let within =
            stride(from: start, through: places.lowerBound, by: -1).first(where: isReached)
            ?? (start...places.upperBound).first(where: isReached)
        if let within { return sizes.values[within] }
        // Less than its own floor; or, if own caps have left more than the others can use, as much as possible. The
        // plan states what is left over.
        if let below = stride(from: places.lowerBound, through: 0, by: -1).first(where: isReached) {
            return sizes.values[below]
        }
        let left = total - spent
        guard left - sizes.values[places.upperBound] <= others * sizes.maximum else {
            return sizes.values[places.upperBound]
        }
        let last = stride(from: start, through: 0, by: -1).first {
            left - sizes.values[$0] >= others * sizes.minimum
        }
        return sizes.values[last ?? 0]
    }

    /// A weighted mean of two prices, in logarithms.
    private static func blend(_ earlier: Double, _ now: Double, weight: Double) -> Double {
        earlier * pow(now / earlier, weight)
    }
}
