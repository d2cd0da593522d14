/// The default solver: buys along each prompt's least concave majorant, and knows how far from the optimum it can be.
///
/// Replacing every U_i(·) by its least concave majorant gives the linear relaxation of the problem. Its solution takes
/// the majorants' segments in falling order of slope until the total is spent; at most one prompt, the critical one,
/// ends inside a segment, everywhere else majorant and curve touch. So the relaxation's value
///
///     Σ U_i(B_i) + λ·R        λ the critical slope, R the rollouts left when its segment no longer fits
///
/// bounds every plan from above, and the whole segments alone come within the critical segment's gain of it. The
/// remainder R is then settled the best of three ways: all of it to the one prompt that gains most; first to whatever
/// later segments still fit; or the critical segment is bought whole and the one prompt that loses least pays for it.
/// Cost: two curves a prompt; memory a few numbers a prompt.
public struct EnvelopeAllocator: BudgetAllocator {
    /// Makes the solver; it has no settings.
    public init() {}

    /// Budgets within the critical segment's gain of the optimum, and the relaxation's value as upper bound.
    public func allocate(_ problem: AllocationProblem) throws(PlanningError) -> Allocation {
        let purchase = SegmentPurchase(problem, rule: .majorant)
        let bound = problem.utility(of: purchase.budgets)
        guard let critical = purchase.next.first, purchase.remainder > 0 else {
            return Allocation(budgets: purchase.budgets, upperBound: bound)
        }
        var best = RemainderSpending(problem, purchase)
        best.spendOnBest()
        var onward = RemainderSpending(problem, purchase)
        onward.buyWhatFits()
        onward.spendOnBest()
        if onward.gain > best.gain { best = onward }
        var whole = RemainderSpending(problem, purchase)
        if whole.buyWhole(critical), whole.gain > best.gain { best = whole }
        return Allocation(
            budgets: best.budgets, upperBound: bound + critical.slope * Double(purchase.remainder))
    }
}

/// Ways to settle what is left when the critical segment no longer fits.
private struct RemainderSpending {
    private(set) var budgets: [Int]
    /// Expected utility won so far.
    private(set) var gain = 0.0

    private let problem: AllocationProblem
    private let next: ArraySlice<UtilitySegment>
    private var remainder: Int
    private var block: UtilityBlock

    init(_ problem: AllocationProblem, _ purchase: SegmentPurchase) {
        self.problem = problem
        budgets = purchase.budgets
        next = purchase.next
        remainder = purchase.remainder
        block = UtilityBlock(objective: problem.objective, budgetMax: problem.maximum)
    }

    /// Goes on down the list, past segments that are too wide; a prompt once passed over is out.
    mutating func buyWhatFits() {
        var passedOver: Set<Int32> = []
        for segment in next {
            guard remainder > 0 else { return }
            guard Int(segment.width) <= remainder, !passedOver.contains(segment.rank) else {
                passedOver.insert(segment.rank)
                continue
            }
            budgets[Int(segment.rank)] += Int(segment.width)
            remainder -= Int(segment.width)
            gain += segment.slope * Double(segment.width)
        }
    }

    /// Buys the critical segment although the remainder is too small, and takes what is missing from the prompt that
    /// loses least by it; `false` if no other prompt has so much above the minimum.
    mutating func buyWhole(_ critical: UtilitySegment) -> Bool {
        let missing = Int(critical.width) - remainder
        var payer: (rank: Int, loss: Double)?
        for start in stride(from: 0, to: budgets.count, by: UtilityBlock.width) {
            let end = min(start + UtilityBlock.width, budgets.count)
            let largest = budgets[start..<end].max() ?? 0
            guard largest - missing >= problem.minimum else { continue }
            block.fill(problem.beliefs[start..<end], upTo: largest)
            for rank in start..<end where budgets[rank] - missing >= problem.minimum && rank != Int(critical.rank) {
                let lane = rank - start
                let loss = block.values[budgets[rank]][lane] - block.values[budgets[rank] - missing][lane]
                if payer.map({ loss < $0.loss }) ?? true { payer = (rank, loss) }
            }
        }
        guard let payer else { return false }
        budgets[payer.rank] -= missing
        budgets[Int(critical.rank)] += Int(critical.width)
        gain += critical.slope * Double(critical.width) - payer.loss
        remainder = 0
        return true
    }

    /// Gives all that is left to the prompt that gains most by it, and again while a prompt's room was too small.
    ///
    /// No prompt gains more per rollout than its next segment's slope, so the list need only be followed until that
    /// times the remainder is no better than what was found. The critical prompt always has room for everything.
    mutating func spendOnBest() {
        while remainder > 0 {
            var best: (rank: Int, width: Int, gain: Double)?
            var seen: Set<Int32> = []
            for segment in next {
                if let best, segment.slope * Double(remainder) <= best.gain { break }
                let rank = Int(segment.rank)
                let width = min(remainder, problem.maximum - budgets[rank])
                guard width > 0, seen.insert(segment.rank).inserted else { continue }
                block.fill(problem.beliefs[rank...rank], upTo: budgets[rank] + width)
                let gain = block.values[budgets[rank] + width][0] - block.values[budgets[rank]][0]
                if best.map({ gain > $0.gain }) ?? true { best = (rank, width, gain) }
            }
            guard let best else { preconditionFailure("no prompt has room for the last \(remainder) rollouts") }
            budgets[best.rank] += best.width
            remainder -= best.width
            gain += best.gain
        }
    }
}
