import Foundation

/// A plan that is handed out while predictions still arrive, and in the end adds up to the total to the rollout.
///
/// The best plan gives every prompt the budget that maximises E[U(B)] − λB, where λ is the price that all prompts
/// together make. While they arrive, λ is taken from those that have (`PriceEstimate`), at first from the previous
/// step's plan if there was one, and anew every few prompts from what is left to spend; so the spending follows the
/// total. The last few are held back. Once all are there, those are settled by the envelope solver, and budgets that
/// were handed out may be topped up, but are never reduced.
///
/// **A budget is handed out only if the prompts still to come can add up to exactly what it leaves.** *Why:* what has been
/// handed out cannot be taken back. *In practice:* `SumReach` is asked before every hand-out, so the rest can always be
/// given its minimum, and no more is left than it can take. *Otherwise:* a step could overspend, or end without a plan.
///
/// Prompts should come in random order, as those of a shuffled step do: then the streamed plan is worth 97–99.9 % of the
/// one made all at once. Sorted by difficulty, the worst there is, it may be worth less than even budgets.
///
/// The same candidates in the same order get the same budgets, however they are cut into shards.
public struct StreamingPlan: Sendable {
    /// A prompt's budget that may be worked on.
    public struct Assignment: Hashable, Sendable {
        /// The prompt.
        public let promptID: String
        /// Its rollouts, all together; more than before if it is topped up.
        public let n: Int
        /// Why this many.
        public let reason: BudgetReason
    }

    /// What was handed out, or will be.
    private struct Row {
        let candidate: BudgetCandidate
        let places: ClosedRange<Int>
        /// What it would buy; not kept once it has its budget.
        var demand: PriceEstimate.Demand?
        var n: Int?
        var reason = BudgetReason.price
    }

    /// What is asked for.
    public let request: BudgetRequest
    /// Prompts that are to come in all.
    public let prompts: Int
    /// Rollouts handed out.
    public private(set) var spent = 0
    /// Prompts with a budget.
    public private(set) var handedOut = 0
    /// λ, what the next rollout is thought to be worth; `nil` before the first estimate.
    public private(set) var price: Double?
    /// A plan whose top-ups gain no more than this share of its utility does without; some may be too late for workers.
    public var topUpGainMin = 0.005

    /// Prompts that have arrived.
    public var received: Int { rows.count }

    /// Most prompts of a streamed plan.
    public static let promptsMax = 1 << 24
    /// Without a price from the previous step, this many prompts are awaited before the first is handed out.
    public static let pilot = 32
    /// With one, it counts less and less until so many have been seen.
    static let blended = 32
    /// The price is estimated anew after this many prompts.
    static let estimateInterval = 16

    private let sizes: GroupSizes
    /// What is to be handed out: the request's total, or what the caps allow.
    private let total: Int
    private let reach: SumReach
    /// Prompts held back for the settlement.
    private let heldBack: Int
    private let earlier: Double?
    private var estimate: PriceEstimate
    private var current: PriceEstimate.Price?
    private var rows: [Row] = []
    private var ids: Set<String> = []
    /// Rollouts of critical segments owed to the share that buys them.
    private var owed = 0.0
    /// Prompts handed out that are predicted hopeless or solved, and their rollouts.
    private var unlikely = (prompts: 0, rollouts: 0)

    /// A plan for so many prompts.
    ///
    /// - Parameters:
    ///   - prompts: How many will come.
    ///   - price: λ of the previous step's plan; `nil` takes it from the first prompts.
    /// - Throws: `noPrompts`, `totalTooSmall`, `totalTooLarge`, `totalNotMultiple`, `totalUnreachable`, or what sizes
    ///   throw.
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
            // Throws with the nearest totals where there is no way.
            _ = try UniformBudgets(sizes, places: nil, count: prompts, total: total)
        }
        self.request = request
        self.prompts = prompts
        earlier = price.flatMap { $0 > 0 && $0.isFinite ? $0 : nil }
        self.price = earlier
        estimate = PriceEstimate(request, sizes: sizes)
        heldBack = max(16, prompts / 20)
    }

    /// Takes candidates and hands out what can be: at once, but for the pilot and for those held back.
    ///
    /// Throws `tooManyCandidates`, `duplicatePrompt` or `limitsInvalid`; then nothing of the shard was taken.
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
            let demand = estimate.add(candidate.belief, places: places)
            rows.append(Row(candidate: candidate, places: places, demand: demand))
            guard earlier != nil || rows.count >= min(Self.pilot, prompts) else { continue }
            if current == nil || rows.count % Self.estimateInterval == 0 { estimatePrice() }
            while handedOut < rows.count, prompts - handedOut > heldBack {
                assignments.append(handOut(handedOut))
            }
        }
        return assignments
    }

    /// Settles what was held back, and tops up.
    ///
    /// May be called before all prompts have come: then those that are missing get nothing. The plan's budgets are in
    /// the order of arrival, and sum to the total; where prompts are missing or have caps of their own, what no budgets
    /// can use is its surplus. The upper bound is that of a plan that had known all predictions from the start.
    /// - Returns: The plan, and what of it has not been handed out yet.
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
            // The fewer prompts have been seen, the more the earlier price counts.
            let weight = Double(estimate.seen) / Double(Self.blended)
            let blended = Self.blend(earlier, now.above, weight: weight)
            now = PriceEstimate.Price(
                above: blended, below: blended, share: 0, deviation: now.deviation, isGain: true)
        }
        price = max(0, now.above)
        current = now
    }

    /// Gives the prompt that arrived as number `index` its budget.
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

    /// What the price says, or exploration, or an even share where nothing is to be gained.
    private mutating func wanted(_ index: Int) -> (n: Int, reason: BudgetReason) {
        let row = rows[index]
        guard let current, let demand = row.demand else {
            preconditionFailure("prompt \(index) is handed out twice, or before there is a price")
        }
        guard current.isGain else {
            // The end will raise some to the next size. Late in a step that was not even before, there may be less.
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
        // Budgets of prompts in random order stray from an even pace by less than this; where each prompt is more wanted
        // than all before it, the price comes too late and this keeps something for the last ones.
        let pace = Double(total) * Double(handedOut + 1) / Double(prompts)
        let ahead = current.deviation * Double(prompts).squareRoot()
        let most = max(demand.floor, Int(pace + ahead) - spent)
        return (min(n, sizes.values[max(0, sizes.place(atMost: most))]), .price)
    }

    /// The largest size that leaves the others their least and the unlikely ones their share: they may all be still to
    /// come.
    private var spare: Int {
        let most = total - spent - (prompts - handedOut - 1) * sizes.minimum - explorationReserve
        return sizes.values[max(0, sizes.place(atMost: most))]
    }

    /// Rollouts that unlikely prompts may still have to get, among those to come or by being topped up.
    private var explorationReserve: Int {
        guard let exploration = request.exploration else { return 0 }
        let target = exploration.target(
            total: total, prompts: prompts, unlikely: unlikely.prompts + prompts - handedOut)
        return max(0, target - unlikely.rollouts)
    }

    /// One of two budgets, so that over the prompts the larger one comes as often as `share` says.
    private mutating func share(_ lower: Int, _ upper: Int, _ share: Double) -> Int {
        guard upper > lower else { return lower }
        owed += share * Double(upper - lower)
        guard 2 * owed >= Double(upper - lower) else { return lower }
        owed -= Double(upper - lower)
        return upper
    }

    /// The size nearest to what is wanted that leaves what the others can add up to; the prompt's own limits hold as
    /// far as that lets them.
    private func affordable(_ wanted: Int, in places: ClosedRange<Int>) -> Int {
        let others = prompts - handedOut - 1
        let start = min(max(sizes.place(atLeast: wanted), places.lowerBound), places.upperBound)
        let isReached = { (place: Int) in reach.contains(total - spent - sizes.values[place], prompts: others) }
        let within =
            stride(from: start, through: places.lowerBound, by: -1).first(where: isReached)
            ?? (start...places.upperBound).first(where: isReached)
        if let within { return sizes.values[within] }
        // Less than its own floor; or, where own caps have left more than the others can take, as much as may be. The
        // end will tell what is left over.
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

    /// Between two prices, evenly in their logarithms.
    private static func blend(_ earlier: Double, _ now: Double, weight: Double) -> Double {
        earlier * pow(now / earlier, weight)
    }
}
